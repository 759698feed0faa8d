package parser

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/diag"
)

// SideName is the name of the file beside the text at path that holds its larger constants.
func SideName(path string) string {
	return strings.TrimSuffix(path, filepath.Ext(path)) + ".safetensors"
}

// Load reads the text at path and, where it is there, the side file. The list holds what is wrong
// with their content, the error what is wrong with reading them.
func Load(path string) (*ir.Module, *diag.List, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, nil, err
	}
	name := SideName(path)
	side, err := os.ReadFile(name)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, nil, err
	}
	load := func(o *options) { o.sideName = name }
	if err == nil {
		s, bad := ReadSafetensors(side)
		load = func(o *options) { o.sideName, o.side, o.sideErr = name, s, bad }
	}
	m, diags := Parse(path, text, load)
	return m, diags, nil
}

// Marshal gives the text of m and the content of its side file, which is a valid file even when no
// constant needs it.
func Marshal(m *ir.Module) (text, side []byte, err error) {
	var tensors []*SideTensor
	for _, c := range m.Consts {
		if c.Data.Len() > ir.InlineLimit {
			tensors = append(tensors, &SideTensor{Name: c.Name, DType: c.Data.DType, Shape: c.Data.Shape, Data: c.Data.Bytes()})
		}
	}
	if side, err = WriteSafetensors(tensors); err != nil {
		return nil, nil, err
	}
	return []byte(ir.Print(m)), side, nil
}

// Save writes the text of m to path and its side file beside it. Each appears whole or not at all,
// the text last; a text that is there thus finds its side file.
func Save(path string, m *ir.Module) error {
	if ext := filepath.Ext(path); ext == ".safetensors" || ext == "" {
		return fmt.Errorf("%s: the text's name needs an extension such as .amir", path)
	}
	text, side, err := Marshal(m)
	if err != nil {
		return err
	}
	if err := writeAside(SideName(path), side); err != nil {
		return err
	}
	return writeAside(path, text)
}

// writeAside writes a file under another name and renames it.
func writeAside(path string, data []byte) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			os.Remove(f.Name())
		}
	}()
	if _, err = f.Write(data); err != nil {
		f.Close()
		return err
	}
	if err = f.Chmod(0o644); err != nil {
		f.Close()
		return err
	}
	if err = f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
