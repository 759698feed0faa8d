package amctc_test

import (
	"bytes"
	"context"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/amctc/amctc"
	"github.com/amctc/amctc/codegen/exec"
	"github.com/amctc/amctc/ir/interp"
	"github.com/amctc/amctc/ir/tensor"
	"github.com/amctc/amctc/parser/dataset"
	pb "github.com/amctc/amctc/parser/onnx/onnxpb"
)

// The sizes of the recurrent layers.
const lstmIn, lstmState = 6, 5

// recurrentModel is an ONNX model of an LSTM or a GRU over so many steps, whose initial state is an input and whose last one
// an output, with a dense layer on the state.
func recurrentModel(t *testing.T, op string, steps int64) string {
	t.Helper()
	r := rand.New(rand.NewPCG(3, 4))
	info := func(name string, dims ...int64) *pb.ValueInfoProto {
		s := &pb.TensorShapeProto{}
		for _, d := range dims {
			s.Dim = append(s.Dim, &pb.TensorShapeProto_Dimension{Value: &pb.TensorShapeProto_Dimension_DimValue{DimValue: d}})
		}
		return &pb.ValueInfoProto{Name: name, Type: &pb.TypeProto{Value: &pb.TypeProto_TensorType{TensorType: &pb.TypeProto_Tensor{ElemType: int32(pb.TensorProto_FLOAT), Shape: s}}}}
	}
	weights := func(name string, dims ...int) *pb.TensorProto {
		x := tensor.New(tensor.F32, dims...)
		for i := range x.F32 {
			x.F32[i] = float32(r.NormFloat64() / 2)
		}
		p := &pb.TensorProto{Name: name, DataType: int32(pb.TensorProto_FLOAT), RawData: x.Bytes()}
		for _, d := range dims {
			p.Dims = append(p.Dims, int64(d))
		}
		return p
	}
	ints := func(name string, v ...int64) *pb.TensorProto {
		return &pb.TensorProto{Name: name, DataType: int32(pb.TensorProto_INT64), Dims: []int64{int64(len(v))}, RawData: tensor.FromI64(v, len(v)).Bytes()}
	}
	gates := map[string]int{"LSTM": 4, "GRU": 3}[op]
	layer := &pb.NodeProto{OpType: op, Name: op, Input: []string{"x", "W", "R", "B", "", "h0"}, Output: []string{"", "h_out"},
		Attribute: []*pb.AttributeProto{{Name: "hidden_size", Type: pb.AttributeProto_INT, I: lstmState}}}
	g := &pb.GraphProto{
		Initializer: []*pb.TensorProto{weights("W", 1, gates*lstmState, lstmIn), weights("R", 1, gates*lstmState, lstmState), weights("B", 1, 2*gates*lstmState),
			weights("V", lstmState, 3), ints("flat", 1, lstmState)},
		Input:  []*pb.ValueInfoProto{info("x", steps, 1, lstmIn), info("h0", 1, 1, lstmState)},
		Output: []*pb.ValueInfoProto{info("y", 1, 3), info("h_out", 1, 1, lstmState)},
	}
	if op == "LSTM" {
		layer.Input, layer.Output = append(layer.Input, "c0"), append(layer.Output, "c_out")
		g.Input, g.Output = append(g.Input, info("c0", 1, 1, lstmState)), append(g.Output, info("c_out", 1, 1, lstmState))
	}
	g.Node = []*pb.NodeProto{layer, {OpType: "Reshape", Name: "reshape", Input: []string{"h_out", "flat"}, Output: []string{"row"}},
		{OpType: "MatMul", Name: "dense", Input: []string{"row", "V"}, Output: []string{"y"}}}
	data, err := proto.Marshal(&pb.ModelProto{IrVersion: 7, OpsetImport: []*pb.OperatorSetIdProto{{Version: 14}}, Graph: g})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), strings.ToLower(op)+".onnx")
	if err := os.WriteFile(path, data, 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

// sequencesFile writes n sequences of so many steps.
func sequencesFile(t *testing.T, n, steps int) (path string, data []float32) {
	t.Helper()
	r := rand.New(rand.NewPCG(5, 6))
	data = make([]float32, n*steps*lstmIn)
	for i := range data {
		data[i] = float32(r.NormFloat64())
	}
	var b bytes.Buffer
	if err := dataset.WriteNPY(&b, []int{n, steps, lstmIn}, data); err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(t.TempDir(), "x.npy")
	if err := os.WriteFile(path, b.Bytes(), 0o666); err != nil {
		t.Fatal(err)
	}
	return path, data
}

// TestRecurrentState holds that a recurrent layer of one step that is fed its state gives what the layer over all steps
// gives, in float, and compiles such a network: all engines agree on a sequence, the package's own test of states included.
func TestRecurrentState(t *testing.T) {
	const n, steps = 20, 7
	path, numbers := sequencesFile(t, n, steps)
	for op, state := range map[string][]amctc.StatePair{"LSTM": {{In: "h0", Out: "h_out"}, {In: "c0", Out: "c_out"}}, "GRU": {{In: "h0", Out: "h_out"}}} {
		t.Run(op, func(t *testing.T) {
			one, whole := recurrentModel(t, op, 1), recurrentModel(t, op, steps)
			m, err := amctc.Load(one, amctc.LoadOptions{})
			if err != nil {
				t.Fatal(err)
			}
			all, err := amctc.Load(whole, amctc.LoadOptions{})
			if err != nil {
				t.Fatal(err)
			}
			opt := amctc.DataOptions{State: state, Steps: steps}
			d, err := amctc.OpenData(m.Main(), []string{path}, opt)
			if err != nil {
				t.Fatal(err)
			}
			if d.Samples() != n || d.NumCalls() != n*steps || d.Steps() != steps {
				t.Fatalf("%d samples, %d calls, %d steps", d.Samples(), d.NumCalls(), d.Steps())
			}
			r, err := (exec.Engine{}).Prepare(m.Main())
			if err != nil {
				t.Fatal(err)
			}
			i := 0
			for in, err := range d.Calls() {
				if err != nil {
					t.Fatal(err)
				}
				out, err := r.Run(context.Background(), in, nil)
				if err != nil {
					t.Fatal(err)
				}
				if i++; i%steps != 0 {
					continue
				}
				s := i/steps - 1
				wholeIn := []*tensor.Tensor{tensor.FromF32(numbers[s*steps*lstmIn:(s+1)*steps*lstmIn], steps, 1, lstmIn)}
				for range state {
					wholeIn = append(wholeIn, tensor.New(tensor.F32, 1, 1, lstmState))
				}
				want, err := interp.Run(context.Background(), all.Main(), wholeIn, nil)
				if err != nil {
					t.Fatal(err)
				}
				for k := range want {
					for j, v := range want[k].F32 {
						if math.Abs(float64(v-out[k].F32[j])) > 1e-6 {
							t.Fatalf("sequence %d, output %d, element %d: %v, over all steps %v", s, k, j, out[k].F32[j], v)
						}
					}
				}
			}
			if i != n*steps {
				t.Errorf("%d calls", i)
			}
			c, err := amctc.Compile(context.Background(), amctc.CompileOptions{Model: one, Calib: []string{path}, Data: opt, Out: filepath.Join(t.TempDir(), "streams"), VerifySamples: steps + 2, Validate: true})
			if err != nil {
				t.Fatal(err)
			}
			if !c.Agree.OK() || c.Files["state.go"] == nil || c.Files["state_test.go"] == nil {
				t.Errorf("%s; %v", c.Agree.Line(), c.Agree.First)
			}
		})
	}
}

// TestLimitedSequences holds that a part of the calls ends where it is cut, and that a network follows its own state.
func TestLimitedSequences(t *testing.T) {
	path, _ := sequencesFile(t, 3, 4)
	m, err := amctc.Load(recurrentModel(t, "GRU", 1), amctc.LoadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	d, err := amctc.OpenData(m.Main(), []string{path}, amctc.DataOptions{State: []amctc.StatePair{{In: "h0", Out: "h_out"}}, Steps: 4})
	if err != nil {
		t.Fatal(err)
	}
	count := func(d *amctc.Data) (n int) {
		for _, err := range d.Batches() {
			if err != nil {
				t.Fatal(err)
			}
			n++
		}
		return n
	}
	if a, b := count(d), count(d.Limited(6)); a != 12 || b != 6 {
		t.Errorf("%d calls, %d of 6", a, b)
	}
	own, err := d.First(2)
	if err != nil {
		t.Fatal(err)
	}
	other, err := amctc.Load(recurrentModel(t, "GRU", 1), amctc.LoadOptions{}) // another state: zeros for ever
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range other.Consts {
		clear(v.Data.F32)
	}
	followed, err := d.Follow(interp.Engine{}, other.Main()).First(2)
	if err != nil {
		t.Fatal(err)
	}
	if !own[1][0].Equal(followed[1][0]) || own[1][1].Equal(followed[1][1]) {
		t.Error("both networks have the same state")
	}
}
