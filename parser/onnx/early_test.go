package onnx

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/diag"
	pb "github.com/amctc/amctc/parser/onnx/onnxpb"
)

// earlyCases are operators of an opset before 7 beside what says the same in opset 7.
var earlyCases = []struct {
	name       string
	early, now model
}{
	{"Add from an axis on", image(6).floats("b", 2).node("Add x b -> y", integer("broadcast", 1), integer("axis", 1)).out("y"),
		image(7).floats("b", 2, 1, 1).node("Add x b -> y").out("y")},
	{"Sub from an axis on, counted from the end", image(1).floats("b", 5).node("Sub x b -> y", integer("broadcast", 1), integer("axis", -2), ints("consumed_inputs", 0, 0)).out("y"),
		image(7).floats("b", 5, 1).node("Sub x b -> y").out("y")},
	{"Mul at the end", image(6).floats("b", 5).node("Mul x b -> y", integer("broadcast", 1)).out("y"),
		image(7).floats("b", 5).node("Mul x b -> y").out("y")},
	{"Div of computed operands", image(6).in("b", 1, 2).node("Div x b -> y", integer("broadcast", 1), integer("axis", 0)).out("y"),
		image(7).in("b", 1, 2).i64("s", 1, 2, 1, 1).node("Reshape b s -> c").node("Div x c -> y").out("y")},
	{"Pow of one shape", image(1).node("Pow x x -> y").out("y"), image(7).node("Pow x x -> y").out("y")},
	{"BatchNormalization", image(5).floats("s", 2).floats("b", 2).floats("m", 2).floats("v", 2).node("BatchNormalization x s b m v -> y", integer("is_test", 1), ints("consumed_inputs", 0, 0, 0, 1, 1), float("epsilon", .01)).out("y"),
		image(7).floats("s", 2).floats("b", 2).floats("m", 2).floats("v", 2).node("BatchNormalization x s b m v -> y", float("epsilon", .01)).out("y")},
	{"Cast", image(1).node("Cast x -> a", str("to", "float")).node("Relu a -> y").out("y"), image(7).node("Cast x -> a", integer("to", 1)).node("Relu a -> y").out("y")},
	{"Concat", image(1).node("Concat x x -> y").out("y"), image(7).node("Concat x x -> y", integer("axis", 1)).out("y")},
	{"Dropout", image(6).node("Dropout x -> y", integer("is_test", 1), float("ratio", .5)).out("y"), image(7).node("Dropout x -> y").out("y")},
	{"Gemm", newModel(6).in("x", 1, 2).floats("w", 3, 2).floats("b", 3).node("Gemm x w b -> y", integer("broadcast", 1), integer("transB", 1)).out("y"),
		newModel(7).in("x", 1, 2).floats("w", 3, 2).floats("b", 3).node("Gemm x w b -> y", integer("transB", 1)).out("y")},
	{"PRelu", image(6).floats("s", 2).node("PRelu x s -> y").out("y"), image(7).floats("s", 2, 1, 1).node("PRelu x s -> y").out("y")},
	{"Pad", image(1).node("Pad x -> y", ints("paddings", 0, 0, 1, 1, 0, 0, 1, 1)).out("y"), image(7).node("Pad x -> y", ints("pads", 0, 0, 1, 1, 0, 0, 1, 1)).out("y")},
	{"Reshape", image(1).node("Reshape x -> y", ints("shape", 1, -1), ints("consumed_inputs", 0)).out("y"), image(7).i64("shape", 1, -1).node("Reshape x shape -> y").out("y")},
	{"Selu", image(1).node("Selu x -> y").out("y"), image(7).node("Selu x -> y", float("alpha", 1.6732), float("gamma", 1.0507)).out("y")},
	{"Tile", image(1).f32("n", []float32{3}).f32("a", []float32{2}).node("Tile x n a -> y").out("y"), image(7).i64("r", 1, 1, 3, 1).node("Tile x r -> y").out("y")},
	{"Upsample", image(1).node("Upsample x -> y", float("height_scale", 2), float("width_scale", 3), str("mode", "nearest")).out("y"),
		image(7).node("Upsample x -> y", floats("scales", 1, 1, 2, 3), str("mode", "nearest")).out("y")},
	{"Relu", image(1).node("Relu x -> y", ints("consumed_inputs", 0)).out("y"), image(7).node("Relu x -> y").out("y")},
}

func floats(name string, v ...float32) *pb.AttributeProto {
	return &pb.AttributeProto{Name: name, Type: pb.AttributeProto_FLOATS, Floats: v}
}

// TestEarly holds operators of opsets before 7 against those of opset 7. PyTorch's models of ONNX's own tests are of
// opset 6 and have its results (testdata/conformance).
func TestEarly(t *testing.T) {
	for _, c := range earlyCases {
		t.Run(c.name, func(t *testing.T) {
			a := mustImport(t, "m.onnx", c.early.bytes(t), Options{})
			b := mustImport(t, "m.onnx", c.now.bytes(t), Options{})
			if x, y := bare(a), bare(b); x != y {
				t.Errorf("it is\n%s\nof opset 7 is\n%s", x, y)
			}
		})
	}
}

// bare is a module's text without the names of values.
func bare(m *ir.Module) string {
	var out []string
	for _, n := range m.Main().Nodes {
		line := n.Op.Name + " " + fmt.Sprint(n.Attrs)
		for _, v := range n.Operands {
			line += " " + v.Type.String()
			if v.IsConst() {
				line += " " + strings.TrimSpace(string(v.Const.Data.Bytes()))
			}
		}
		out = append(out, line+" -> "+n.Results[0].Type.String())
	}
	return strings.Join(out, "\n")
}

// TestEarlyErrors holds what files of these opsets may not say.
func TestEarlyErrors(t *testing.T) {
	for _, c := range []struct {
		name string
		m    model
		code diag.Code
		want string
	}{
		{"shapes differ", image(6).floats("b", 4).node("Add x b -> y").out("y"), "I020", "before opset 7 they have one shape, or it has broadcast=1"},
		{"axis too far", image(6).floats("b", 4).node("Add x b -> y", integer("broadcast", 1), integer("axis", 4)).out("y"), "I020", "axis 4 does not place"},
		{"training", image(6).node("Dropout x -> y").out("y"), "I019", "without is_test=1 it computes as in training"},
		{"type without a name", image(1).node("Cast x -> y", str("to", "REAL")).out("y"), "I006", `attribute to is "REAL"`},
		{"shape as input too soon", image(4).i64("s", 1, -1).node("Reshape x s -> y").out("y"), "I008", "its shape is an input only from opset 5 on"},
		{"tiles", image(5).f32("n", []float32{1.5}).f32("a", []float32{2}).node("Tile x n a -> y").out("y"), "I019", "its number of tiles is no whole number"},
		{"tiles of one input", image(5).node("Tile x -> y").out("y"), "I008", "before opset 6 it has three inputs"},
		{"later operator", image(6).node("Sin x -> y").out("y"), "I004", "operator Sin does not exist in opset 6"},
	} {
		_, l := Import("m.onnx", c.m.bytes(t), Options{})
		if d := l.Sorted(); len(d) != 1 || d[0].Code != c.code || !strings.Contains(d[0].Error(), c.want) {
			t.Errorf("%s: %v, want %s with %q", c.name, l, c.code, c.want)
		}
	}
}

// TestEarlyComplete: every operator that the tables have for opsets before 7 is in the list of early ones, and the other way round.
func TestEarlyComplete(t *testing.T) {
	later := []string{"And", "Equal", "Greater", "InstanceNormalization", "Less", "Or", "PRelu", "Xor"} // whose entry counts from a later form on
	for name, e := range table {
		if listed := early[name] != nil; listed != (e.since < oldForm) && !slices.Contains(later, name) {
			t.Errorf("%s, since opset %d: listed among early ones: %v", name, e.since, listed)
		}
	}
	for name := range early {
		if _, ok := table[name]; !ok {
			t.Errorf("early form of %s, which is not in the table", name)
		}
	}
}
