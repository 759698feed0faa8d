package amctc

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/diag"
	"github.com/amctc/amctc/ir/op"
	"github.com/amctc/amctc/parser"
	"github.com/amctc/amctc/parser/onnx"
	"github.com/amctc/amctc/passes"
)

// LoadOptions adjust how a model is read.
type LoadOptions struct {
	// InputShapes fixes or replaces the shapes of inputs, by ONNX name.
	InputShapes map[string][]int
}

// Load reads MODEL.onnx or MODEL.amir. A refusal of the model's content is a *diag.List, which
// may be asked for all reasons; other errors are about files.
func Load(path string, opt LoadOptions) (*ir.Module, error) {
	switch ext := strings.ToLower(filepath.Ext(path)); ext {
	case ".onnx":
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		m, l := onnx.Import(path, data, onnx.Options{InputShapes: opt.InputShapes, Dir: filepath.Dir(path)})
		return m, l.Err()
	case ".amir":
		if len(opt.InputShapes) > 0 {
			return nil, fmt.Errorf("--input-shape goes with .onnx; the shapes in %s stand in its text", path)
		}
		m, l, err := parser.Load(path)
		if err != nil {
			return nil, err
		}
		if err := l.Err(); err != nil {
			return nil, err
		}
		if l := ir.Verify(m); l.HasErrors() {
			return nil, l
		}
		if m.Main() == nil {
			return nil, fmt.Errorf("%s has no function @main, and not exactly one function", path)
		}
		return m, nil
	default:
		return nil, fmt.Errorf("%s: a model is .onnx or .amir, not %q", path, ext)
	}
}

// Stage is the stage of the module's main function.
func Stage(m *ir.Module) ir.Stage { return m.Main().Stage }

// Prepare takes an imported float module to the form that is quantized, on a copy.
func Prepare(c *passes.Context, m *ir.Module) (*ir.Module, error) {
	if Stage(m) != ir.StageFloat {
		return nil, diag.Errorf("Q020", diag.Span{File: m.File}, "", "the module is in stage %s already; a float network is wanted", Stage(m))
	}
	out := m.Clone()
	var g passes.Manager
	_, err := g.Run(c, out, passes.Simplify)
	return out, err
}

// NewContext is a context for passes with the operators of ir/op.
func NewContext(ctx context.Context) *passes.Context { return passes.NewContext(ctx, op.All()) }
