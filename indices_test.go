package amctc_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/amctc/amctc"
	"github.com/amctc/amctc/codegen/exec"
	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/tensor"
	pb "github.com/amctc/amctc/parser/onnx/onnxpb"
)

// indexed is a trained classifier that gives the class, and the three likeliest, as int32, with their scores, in place of all
// scores.
func indexed(t *testing.T) string {
	data, err := os.ReadFile("testdata/models/lenet.onnx")
	if err != nil {
		t.Fatal(err)
	}
	var m pb.ModelProto
	if err := proto.Unmarshal(data, &m); err != nil {
		t.Fatal(err)
	}
	integer := func(name string, v int64) *pb.AttributeProto {
		return &pb.AttributeProto{Name: name, Type: pb.AttributeProto_INT, I: v}
	}
	g := m.Graph
	scores := g.Output[0].Name
	g.Initializer = append(g.Initializer, &pb.TensorProto{Name: "k", DataType: int32(pb.TensorProto_INT64), Dims: []int64{1}, Int64Data: []int64{3}})
	g.Node = append(g.Node,
		&pb.NodeProto{OpType: "ArgMax", Name: "class", Input: []string{scores}, Output: []string{"class"}, Attribute: []*pb.AttributeProto{integer("axis", 1), integer("keepdims", 0)}},
		&pb.NodeProto{OpType: "TopK", Name: "best", Input: []string{scores, "k"}, Output: []string{"values", "places"}, Attribute: []*pb.AttributeProto{integer("axis", 1)}})
	g.Output = nil
	g.Node = append(g.Node, &pb.NodeProto{OpType: "Cast", Name: "narrow", Input: []string{"places"}, Output: []string{"indices"}, Attribute: []*pb.AttributeProto{integer("to", 6)}})
	for _, name := range []string{"class", "values", "indices"} {
		g.Output = append(g.Output, &pb.ValueInfoProto{Name: name})
	}
	if data, err = proto.Marshal(&m); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "indexed.onnx")
	if err := os.WriteFile(path, data, 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestIndices compiles a network that ends in ArgMax and TopK: all engines agree, the package gives int64 by name, the
// QDQ model is read back, and the indices are those of the scores.
func TestIndices(t *testing.T) {
	path, dir := indexed(t), filepath.Join(t.TempDir(), "net")
	calib := filepath.Join("testdata", "data", "mnist", "train-images-idx3-ubyte.gz")
	compiled := func(model string, calib ...string) *amctc.Compiled {
		o, err := amctc.Compile(context.Background(), amctc.CompileOptions{Model: model, Calib: calib, Data: amctc.DataOptions{Limit: 8, Std: []float32{255}}, Out: dir, Module: "a.b/net",
			VerifySamples: 3, Validate: true})
		if err != nil {
			t.Fatal(err)
		}
		if !o.Agree.OK() || o.GoNotRun != "" {
			t.Fatalf("%s, %v, %s", o.Agree.Line(), o.Agree.First, o.GoNotRun)
		}
		return o
	}
	o := compiled(path, calib)
	for _, want := range []string{"Class   []int64   // class, 1 int64", "Values  []float32 // values, 1x3 float32", "Indices []int64   // indices, 1x3 int64", "RunQuantized(out *Outputs"} {
		if !strings.Contains(string(o.Files["model.go"]), want) {
			t.Errorf("model.go has no %q", want)
		}
	}
	f := o.Integer.Main()
	in := make([]*tensor.Tensor, 1)
	in[0] = tensor.New(tensor.F32, 2, 1, 28, 28)
	for i := range in[0].F32 {
		in[0].F32[i] = float32(i*i%255) / 255
	}
	r, err := exec.Engine{}.Prepare(f)
	if err != nil {
		t.Fatal(err)
	}
	var scores []float32
	out, err := r.Run(context.Background(), in, func(v *ir.Value, x *tensor.Tensor) {
		if v.Type.IsFloat() && x.Shape[len(x.Shape)-1] == 10 {
			scores = append(scores, x.F32...)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	for n := range 2 {
		row := scores[10*n : 10*n+10]
		if best := slices.Index(row, slices.Max(row)); out[0].I64[n] != int64(best) || out[2].I64[3*n] != int64(best) {
			t.Errorf("class %d and %d of scores %v", out[0].I64[n], out[2].I64[3*n], row)
		}
		for i := range 3 {
			if at := out[2].I64[3*n+i]; out[1].F32[3*n+i] != row[at] || i > 0 && row[at] > out[1].F32[3*n+i-1] {
				t.Errorf("place %d is %v of %v", i, out[1].F32[3*n:3*n+3], row)
			}
		}
	}
	qdq := filepath.Join(t.TempDir(), "net.qdq.onnx")
	if err := os.WriteFile(qdq, o.Files["amctc/net.qdq.onnx"], 0o666); err != nil {
		t.Fatal(err)
	}
	if again := compiled(qdq); !slices.Equal(again.Files["weights.bin"], o.Files["weights.bin"]) {
		t.Error("the QDQ model gives other weights")
	}
}
