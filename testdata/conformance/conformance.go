// Package conformance runs ONNX's own tests. A node test is a model of one operator, or of the operators that its function is
// made of, with inputs and the outputs that ONNX's reference implementation gives; the others are models of operator set 6 that
// PyTorch wrote, with its outputs, and small ones by hand.
package conformance

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"

	"google.golang.org/protobuf/proto"

	"github.com/amctc/amctc/codegen/exec"
	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/diag"
	"github.com/amctc/amctc/ir/interp"
	"github.com/amctc/amctc/ir/tensor"
	"github.com/amctc/amctc/parser/onnx"
	pb "github.com/amctc/amctc/parser/onnx/onnxpb"
)

// The tolerance of ONNX's own test runner: |a-b| <= Absolute + Relative*|b|. Integers and booleans are equal.
const (
	Relative = 1e-3
	Absolute = 1e-7
)

// Verdicts.
const (
	Passed  = "passed"
	Refused = "refused"
	Wrong   = "WRONG"
)

// A Result is the outcome of one test.
type Result struct {
	Name    string
	Verdict string
	Code    string // of the first diagnostic of a refused one
	Detail  string // the diagnostics, or what is wrong
	Nodes   int    // that were computed; the others were folded
}

// Line is the result as the list of results has it.
func (r *Result) Line() string {
	if r.Code != "" {
		return fmt.Sprintf("%s %s %s", r.Name, r.Verdict, r.Code)
	}
	return fmt.Sprintf("%s %s", r.Name, r.Verdict)
}

// Folders are those of ONNX's tests below the one that fetch brings: Node, and beside it Models.
const Node = "node"

var Models = []string{"pytorch-converted", "pytorch-operator", "simple"}

// Run runs every test in the folder, in the order of their names.
func Run(ctx context.Context, dir string) ([]Result, error) {
	models, err := filepath.Glob(filepath.Join(dir, "test_*", "model.onnx"))
	if err != nil {
		return nil, err
	}
	if len(models) == 0 {
		return nil, fmt.Errorf("%s holds no tests; go run ./testdata/fetch -onnx brings them", dir)
	}
	var out []Result
	for _, path := range models {
		r, err := one(ctx, filepath.Dir(path))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		out = append(out, r)
	}
	return out, nil
}

func one(ctx context.Context, dir string) (Result, error) {
	r := Result{Name: filepath.Base(dir)}
	data, err := os.ReadFile(filepath.Join(dir, "model.onnx"))
	if err != nil {
		return r, err
	}
	model := &pb.ModelProto{}
	if err := proto.Unmarshal(data, model); err != nil {
		return r, err
	}
	given(model.Graph)
	sets, err := filepath.Glob(filepath.Join(dir, "test_data_set_*"))
	if err != nil || len(sets) == 0 {
		return r, fmt.Errorf("%d data sets, %v", len(sets), err)
	}
	for _, set := range sets {
		in, err := tensors(set, "input", model.Graph.Input)
		if err != nil {
			return r, err
		}
		want, err := tensors(set, "output", model.Graph.Output)
		if err != nil {
			return r, err
		}
		r.check(ctx, dir, data, model.Graph, in, want)
		if r.Verdict != Passed {
			break
		}
	}
	return r, nil
}

// given leaves the inputs of g that a caller gives: older files list initializers beside them.
func given(g *pb.GraphProto) {
	g.Input = slices.DeleteFunc(g.Input, func(p *pb.ValueInfoProto) bool {
		return slices.ContainsFunc(g.Initializer, func(t *pb.TensorProto) bool { return t.Name == p.Name })
	})
}

// tensors reads the inputs or outputs of a data set; nil stands for what is no tensor of numbers.
func tensors(set, kind string, ports []*pb.ValueInfoProto) ([]*tensor.Tensor, error) {
	var out []*tensor.Tensor
	for i, p := range ports {
		if p.GetType().GetTensorType() == nil {
			out = append(out, nil)
			continue
		}
		data, err := os.ReadFile(filepath.Join(set, fmt.Sprintf("%s_%d.pb", kind, i)))
		if err != nil {
			return nil, err
		}
		t, err := onnx.Tensor(data)
		if err != nil {
			t = nil // strings
		}
		if t != nil && p.GetType().GetTensorType().ElemType == int32(pb.TensorProto_BFLOAT16) && t.DType == tensor.U16 {
			t, _ = tensor.FromBytes(tensor.BF16, t.Shape, t.Bytes()) // the tests store its bits
		}
		out = append(out, t)
	}
	return out, nil
}

func (r *Result) check(ctx context.Context, dir string, data []byte, g *pb.GraphProto, in, want []*tensor.Tensor) {
	m, l, in := load(dir, data, g, in)
	if l.HasErrors() {
		r.Verdict, r.Code, r.Detail = Refused, string(l.Sorted()[0].Code), l.Error()
		for _, d := range l.Sorted() {
			if d.Severity == diag.Error {
				r.Code = string(d.Code)
				break
			}
		}
		return
	}
	r.Verdict = Wrong
	f := m.Main()
	r.Nodes = len(f.Nodes)
	if v := ir.Verify(m); v.HasErrors() {
		r.Detail = v.Error()
		return
	}
	var outs [2][]*tensor.Tensor
	for i, e := range []ir.Engine{interp.Engine{}, exec.Engine{}} {
		run, err := e.Prepare(f)
		if err == nil {
			outs[i], err = run.Run(ctx, in, nil)
		}
		if err != nil {
			r.Detail = err.Error()
			return
		}
	}
	for i, w := range want {
		a, b := outs[0][i], outs[1][i]
		switch {
		case !a.Equal(b):
			r.Detail = fmt.Sprintf("output %d differs between interp and exec", i)
			return
		case w == nil || !slices.Equal(a.Shape, w.Shape) || a.DType != w.DType:
			r.Detail = fmt.Sprintf("output %d is %v of %v, want %v", i, a.Shape, a.DType, w)
			return
		}
		for k := range a.Len() {
			if !near(a, w, k) {
				r.Detail = fmt.Sprintf("element %d of output %d is %v, want %v", k, i, a.Real(k), w.Real(k))
				return
			}
		}
	}
	r.Verdict = Passed
}

// load imports the model. Inputs of integers or booleans, scalars and empty ones stay inputs unless the import
// needs their values: shapes, axes, indices. Failing that, all inputs but the first get their values, which
// helps where a scale is an input.
func load(dir string, data []byte, g *pb.GraphProto, in []*tensor.Tensor) (*ir.Module, *diag.List, []*tensor.Tensor) {
	opt := onnx.Options{Dir: dir, Numbers: true, InputShapes: make(map[string][]int)}
	bind := make(map[string]*tensor.Tensor)
	for i, p := range g.Input {
		if t := in[i]; t != nil {
			opt.InputShapes[p.Name] = t.Shape
			if !t.DType.IsFloat() || t.Len() == 0 || len(t.Shape) == 0 {
				bind[p.Name] = t
			}
		}
	}
	m, l := onnx.Import("model.onnx", data, opt)
	if !l.HasErrors() {
		return m, l, in
	}
	if m, l, rest := bound(g, in, data, opt, bind); !l.HasErrors() || len(in) < 2 {
		return m, l, rest
	}
	opt.InputShapes = make(map[string][]int)
	for i, p := range g.Input {
		if in[i] != nil && i == 0 {
			opt.InputShapes[p.Name] = in[i].Shape
		} else if in[i] != nil {
			bind[p.Name] = in[i]
		}
	}
	return bound(g, in, data, opt, bind)
}

// bound imports with values for some inputs and gives those that are left.
func bound(g *pb.GraphProto, in []*tensor.Tensor, data []byte, opt onnx.Options, bind map[string]*tensor.Tensor) (*ir.Module, *diag.List, []*tensor.Tensor) {
	opt.Bind = bind
	var rest []*tensor.Tensor
	for i, p := range g.Input {
		if bind[p.Name] == nil {
			rest = append(rest, in[i])
		} else {
			delete(opt.InputShapes, p.Name)
		}
	}
	m, l := onnx.Import("model.onnx", data, opt)
	return m, l, rest
}

func near(a, b *tensor.Tensor, k int) bool {
	if !a.DType.IsFloat() {
		return a.Int(k) == b.Int(k)
	}
	x, y := a.Real(k), b.Real(k)
	if x == y || x != x && y != y {
		return true
	}
	return math.Abs(x-y) <= Absolute+Relative*math.Abs(y)
}
