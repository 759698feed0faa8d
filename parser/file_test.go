package parser_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/irtest"
	"github.com/amctc/amctc/ir/op"
	"github.com/amctc/amctc/parser"
)

// withSide is a random module that keeps constants in a side file, and the name of one of them.
func withSide(t *testing.T) (*ir.Module, string) {
	t.Helper()
	for seed := range uint64(100) {
		m := irtest.Random(seed)
		for _, c := range m.Consts {
			if c.Data.Len() > ir.InlineLimit {
				return m, c.Name
			}
		}
	}
	t.Fatal("no module has a large constant")
	return nil, ""
}

func TestSaveAndLoad(t *testing.T) {
	m, _ := withSide(t)
	dir := t.TempDir()
	path := filepath.Join(dir, "net.v1.amir")
	for range 2 { // the second time over the first
		if err := parser.Save(path, m); err != nil {
			t.Fatal(err)
		}
	}
	back, diags, err := parser.Load(path)
	if err != nil || diags.HasErrors() {
		t.Fatal(err, diags)
	}
	if d := irtest.Diff(m, back); d != "" {
		t.Error(d)
	}
	if back.File != path {
		t.Errorf("the module comes from %q", back.File)
	}
	files, err := os.ReadDir(dir)
	if err != nil || len(files) != 2 || files[0].Name() != "net.v1.amir" || files[1].Name() != "net.v1.safetensors" {
		t.Errorf("files %v, %v", files, err)
	}
}

func TestSaveErrors(t *testing.T) {
	m, name := withSide(t)
	for _, path := range []string{"net.safetensors", "net"} {
		if err := parser.Save(filepath.Join(t.TempDir(), path), m); err == nil || !strings.Contains(err.Error(), "extension") {
			t.Errorf("%s: error %v", path, err)
		}
	}
	if err := parser.Save(filepath.Join(t.TempDir(), "none", "net.amir"), m); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a folder that is not there: %v", err)
	}
	for _, c := range m.Consts {
		if c.Name == name {
			c.Name = "\xff"
		}
	}
	dir := t.TempDir()
	if err := parser.Save(filepath.Join(dir, "net.amir"), m); err == nil || !strings.Contains(err.Error(), "rename the constant") {
		t.Errorf("a name that is not UTF-8: %v", err)
	}
	if files, _ := os.ReadDir(dir); len(files) > 0 {
		t.Errorf("a module that can't be saved leaves %v", files)
	}
}

// TestLoadErrors damages what was saved.
func TestLoadErrors(t *testing.T) {
	m, name := withSide(t)
	text, side, err := parser.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	other := bytes.Clone(side)
	other[len(other)-1] ^= 1
	empty, err := parser.WriteSafetensors(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		what       string
		text, side []byte
		want       string
	}{
		{"no side file", text, nil, "net.safetensors, which is not there"},
		{"a damaged side file", text, side[:len(side)-1], "its data can't be read: safetensors header"},
		{"other data", text, other, "the two files do not belong together"},
		{"another module's side file", text, empty, "has no tensor"},
		{"another key", bytes.Replace(text, []byte(`file(key = "`+name), []byte(`file(key = "`+name+"_"), 1), side, "did you mean " + name},
		{"another type", bytes.Replace(text, []byte("const @"+name+" : tensor<"), []byte("const @"+name+" : tensor<7x"), 1), side, "error[V012]"},
	} {
		dir := t.TempDir()
		path := filepath.Join(dir, "net.amir")
		if err := os.WriteFile(path, c.text, 0o644); err != nil {
			t.Fatal(err)
		}
		if c.side != nil {
			if err := os.WriteFile(filepath.Join(dir, "net.safetensors"), c.side, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		m, diags, err := parser.Load(path)
		if m != nil || err != nil || !strings.Contains(diags.Render(nil), c.want) {
			t.Errorf("%s: %v, %v, want %q", c.what, err, diags, c.want)
		}
	}
	if _, _, err := parser.Load(filepath.Join(t.TempDir(), "none.amir")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a text that is not there: %v", err)
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "net.amir")
	if err := os.WriteFile(path, text, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "net.safetensors"), 0o755); err != nil {
		t.Fatal(err)
	}
	if _, _, err := parser.Load(path); err == nil {
		t.Error("a folder is a side file")
	}
}

func TestOps(t *testing.T) {
	text := []byte("amir 1\n\nfunc @main(%x: tensor<1xf32>) -> (tensor<1xf32>) {\n  %y = nn.relu %x : tensor<1xf32>\n  return %y\n}\n")
	if m, diags := parser.Parse("m", text, parser.Ops(ir.NewOpSet(op.Relu))); m == nil {
		t.Error(diags)
	}
	if m, diags := parser.Parse("m", text, parser.Ops(ir.NewOpSet(op.Clip))); m != nil || !strings.Contains(diags.Error(), "P014") {
		t.Errorf("an operator that is not in the set: %v", diags)
	}
}

// TestGrammar keeps the grammar's description beside the texts that break it.
func TestGrammar(t *testing.T) {
	irtest.Golden(t, "../testdata/parse/grammar.ebnf", []byte(parser.Grammar()), update())
}
