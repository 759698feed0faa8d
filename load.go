package amctc

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/diag"
	"github.com/amctc/amctc/ir/op"
	"github.com/amctc/amctc/ir/tensor"
	"github.com/amctc/amctc/parser"
	"github.com/amctc/amctc/parser/onnx"
	"github.com/amctc/amctc/passes"
)

// LoadOptions adjust how a model is read.
type LoadOptions struct {
	// InputShapes fixes or replaces the shapes of inputs, by ONNX name.
	InputShapes map[string][]int
	// Bind gives inputs of an ONNX model their value, by name; they are constants of the network then.
	Bind map[string]*tensor.Tensor
	// Values does the same with numbers as text; one number, or as many as the input's shape has.
	Values map[string][]string
	// Warn gets what the importer warns of, in the order of the model; nil for nobody.
	Warn func(*diag.Diagnostic)
	// Pixels, when set, makes the images that the network reads bytes: see TakePixels.
	Pixels *PixelInput
}

// Load reads MODEL.onnx or MODEL.amir. A refusal of the model's content is a *diag.List, which
// may be asked for all reasons; other errors are about files.
func Load(path string, opt LoadOptions) (*ir.Module, error) {
	m, err := load(path, opt)
	if err != nil || opt.Pixels == nil {
		return m, err
	}
	return m, TakePixels(m, *opt.Pixels)
}

func load(path string, opt LoadOptions) (*ir.Module, error) {
	switch ext := strings.ToLower(filepath.Ext(path)); ext {
	case ".onnx":
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		m, l := onnx.Import(path, data, onnx.Options{InputShapes: opt.InputShapes, Bind: opt.Bind, Values: opt.Values, Dir: filepath.Dir(path)})
		if opt.Warn != nil && !l.HasErrors() { // otherwise they stand in the error
			for _, d := range l.Sorted() {
				opt.Warn(d)
			}
		}
		if err := l.Err(); err != nil || Stage(m) != ir.StageInt {
			return m, err
		}
		// One of AMCT's pair: its integers are those of every target with this arithmetic.
		return lower(NewContext(context.Background()), m, DefaultTarget, passes.Pair[len(passes.Pair)-1:])
	case ".amir":
		if len(opt.InputShapes) > 0 {
			return nil, fmt.Errorf("--input-shape goes with .onnx; the shapes in %s stand in its text", path)
		}
		if len(opt.Values) > 0 {
			return nil, fmt.Errorf("--bind goes with .onnx; the inputs in %s are those of its text", path)
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

// Prepare takes an imported module to the form that is quantized, on a copy, every node with a name. The factors of a
// fake-quantized one, such as a QDQ model, go to c.Factors: it needs no calibration.
func Prepare(c *passes.Context, m *ir.Module) (*ir.Module, error) {
	list := passes.Simplify
	switch s := Stage(m); s {
	case ir.StageFloat:
	case ir.StageFake:
		list = append(slices.Clone(passes.Split), list...)
	default:
		return nil, diag.Errorf("Q020", diag.Span{File: m.File}, "", "the module is in stage %s already; a float network is wanted", s)
	}
	for _, v := range m.Main().Results {
		if v.IsConst() && v.Const.Data.Len() == 0 {
			return nil, diag.Errorf("V015", v.Span, "@"+v.Name, "an output without elements cannot be compiled; take it out of the network's outputs")
		}
	}
	out := m.Clone()
	var g passes.Manager
	_, err := g.Run(c, out, list)
	if err == nil {
		passes.UniqueNames(out.Main())
	}
	return out, err
}

// HasFactors says whether a module holds its own factors, so that quantizing it needs neither
// calibration data nor a record.
func HasFactors(m *ir.Module) bool { return Stage(m) == ir.StageFake }

// CheckOwn refuses settings that ask for steps which would change a network with factors of its own:
// those belong to the weights as they are.
func CheckOwn(s *passes.Settings, path string) error {
	if steps := s.Steps(); len(steps) > 0 {
		return fmt.Errorf("%s has factors of its own, which hold for its weights as they are; %s would change them: leave that out, or start from the float network",
			path, strings.Join(steps, ", "))
	}
	return nil
}

// Integer is m as an integer module: m itself, or the network that the factors in it make.
func Integer(c *passes.Context, m *ir.Module, soc string) (*ir.Module, error) {
	if !HasFactors(m) {
		return m, nil
	}
	float, err := Prepare(c, m)
	if err != nil {
		return nil, err
	}
	return Quantize(c, float, soc)
}

// NewContext is a context for passes with the operators of ir/op.
func NewContext(ctx context.Context) *passes.Context { return passes.NewContext(ctx, op.All()) }
