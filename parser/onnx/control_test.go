package onnx

import (
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	pb "github.com/amctc/amctc/parser/onnx/onnxpb"
)

// body is a graph for an attribute, built like a model.
func body(name string, m model) *pb.AttributeProto {
	return &pb.AttributeProto{Name: name, Type: pb.AttributeProto_GRAPH, G: m.Graph}
}

// part is the inside of a node: a graph without inputs.
func part() model { return newModel(13) }

func (m model) takes(names ...string) model {
	for _, n := range names {
		m.Graph.Input = append(m.Graph.Input, &pb.ValueInfoProto{Name: n})
	}
	return m
}

func (m model) boolean(name string, v bool) model {
	t := &pb.TensorProto{Name: name, DataType: int32(pb.TensorProto_BOOL), Int32Data: []int32{0}}
	if v {
		t.Int32Data[0] = 1
	}
	return m.init(t)
}

// function adds a model-local function of domain "own": "name in in -> out", its attributes, and its nodes.
func (m model) function(text string, opset int64, attrs []string, nodes model, defaults ...*pb.AttributeProto) model {
	left, right, _ := strings.Cut(text, " -> ")
	f := strings.Fields(left)
	m.Functions = append(m.Functions, &pb.FunctionProto{Name: f[0], Domain: "own", Input: f[1:], Output: strings.Fields(right),
		OpsetImport: []*pb.OperatorSetIdProto{{Version: opset}}, Attribute: attrs, AttributeProto: defaults, Node: nodes.Graph.Node})
	return m
}

// own is node for an operator of the domain of functions.
func (m model) own(text string, attrs ...*pb.AttributeProto) model {
	m.node(text, attrs...)
	m.Graph.Node[len(m.Graph.Node)-1].Domain = "own"
	return m
}

func ref(name, of string, t pb.AttributeProto_AttributeType) *pb.AttributeProto {
	return &pb.AttributeProto{Name: name, RefAttrName: of, Type: t}
}

var controlCases = []opCase{
	{"if takes the branch of a known condition and reads tensors around it", newModel(13).in("x", 1, 2).boolean("c", true).
		node("Neg x -> n").node("If c -> y", body("then_branch", part().floats("w", 2).node("Add n w -> t").out("t")),
		body("else_branch", part().node("Unique x -> u").out("u"))).out("y"),
		`n = neg(x) : 1x2
		 y = add(n, @w[1 2]) : 1x2`},
	{"if on a shape, with another inside, and a name that hides one outside", newModel(13).in("x", 1, 2).i64("two", 1, 2).
		node("Shape x -> s").node("Equal s two -> e").node("Cast e -> i", integer("to", 7)).node("ReduceMin i -> m", integer("keepdims", 0)).
		node("Cast m -> c", integer("to", 9)).node("Relu x -> h").node("If c -> a b",
		body("else_branch", part().node("Unique x -> u").out("u", "u")),
		body("then_branch", part().boolean("no", false).node("Abs x -> h").node("If no -> i",
			body("then_branch", part().node("Exp h -> e").out("e")), body("else_branch", part().node("Log h -> e").out("e"))).node("Neg h -> j").out("i", "j"))).
		node("Add a b -> y").node("Add y h -> z").out("z"),
		`h = relu(x) : 1x2
		 h_1 = abs(x) : 1x2
		 e_1 = log(h_1) : 1x2
		 j = neg(h_1) : 1x2
		 y = add(e_1, j) : 1x2
		 z = add(y, h) : 1x2`},
	{"loop of known turns, carried state and collected rows", newModel(13).in("x", 1, 2).scalar("n", 2).boolean("go", true).
		node("Loop n go x -> last rows", body("body", part().takes("i", "c", "v").node("Cast i -> f", integer("to", 1)).node("Add v f -> w").node("Identity c -> d").
			out("d", "w", "w"))).node("ReduceSum rows -> r", integer("keepdims", 0)).node("Add last r -> y").out("y"),
		`w = add(x, @f[0]) : 1x2
		 w_1 = add(w, @f_1[1]) : 1x2
		 last_reshape = reshape(w) {shape=[1 1 2]} : 1x1x2
		 last_reshape_1 = reshape(w_1) {shape=[1 1 2]} : 1x1x2
		 last_concat = concat(last_reshape, last_reshape_1) {axis=0} : 2x1x2
		 r_reduce_sum = reduce_sum(last_concat) {axes=[0 1 2] keep=false} : f32>
		 y = add(w_1, r_reduce_sum) : 1x2`},
	{"loop that its condition ends", newModel(13).in("x", 1, 2).scalar("n", 9).scalar("limit", 2).boolean("go", true).
		node("Loop n go x -> y", body("body", part().takes("i", "c", "v").node("Neg v -> w").node("Less i limit -> d").out("d", "w"))).out("y"),
		`w = neg(x) : 1x2
		 w_1 = neg(w) : 1x2
		 y = neg(w_1) : 1x2`},
	{"scan", newModel(11).in("x", 2, 3).f32("z", []float32{0, 0, 0}, 3).
		node("Scan z x -> s y", integer("num_scan_inputs", 1), body("body", part().takes("a", "b").node("Add a b -> c").node("Identity c -> d").out("c", "d"))).out("y"),
		`s_take = take(x) {axis=0 indices=[0]} : 1x3
		 s_reshape = reshape(s_take) {shape=[3]} : 3
		 c = add(@z[0 0 0], s_reshape) : 3
		 s_take_1 = take(x) {axis=0 indices=[1]} : 1x3
		 s_reshape_1 = reshape(s_take_1) {shape=[3]} : 3
		 c_1 = add(c, s_reshape_1) : 3
		 s_reshape_2 = reshape(c) {shape=[1 3]} : 1x3
		 s_reshape_3 = reshape(c_1) {shape=[1 3]} : 1x3
		 y = concat(s_reshape_2, s_reshape_3) {axis=0} : 2x3`},
	{"functions with attributes, defaults and an opset of their own", newModel(13).in("x", 1, 2).
		function("twice a -> b", 13, []string{"alpha"}, part().own("leaky a -> m", ref("slope", "alpha", pb.AttributeProto_FLOAT)).own("leaky m -> b")).
		function("leaky a -> b", 9, nil, part().node("Clip a -> c", float("max", 6)).node("LeakyRelu c -> b", ref("alpha", "slope", pb.AttributeProto_FLOAT)), float("slope", 0.25)).
		own("twice x -> y", float("alpha", 0.5)).out("y"),
		`c = clip(x) {min=-3.4028235e+38 max=6} : 1x2
		 b = leaky_relu(c) {alpha=0.5} : 1x2
		 c_1 = clip(b) {min=-3.4028235e+38 max=6} : 1x2
		 y = leaky_relu(c_1) {alpha=0.25} : 1x2`},
	{"a function's inputs may be left out, its names are its own", newModel(13).in("x", 1, 2).
		function("bound a lo hi -> b", 13, nil, part().node("Clip a lo hi -> b")).f32("hi", []float32{3}).node("Relu x -> b").
		own("bound b _ hi -> y").out("y"),
		`b = relu(x) : 1x2
		 y = clip(b) {min=-3.4028235e+38 max=3} : 1x2`},
}

// TestNamesInside holds that layers inside branches, loops and functions have names of their own, without a warning.
func TestNamesInside(t *testing.T) {
	layer := func(out string) model { return part().node("MatMul v w -> " + out).named("fc") }
	m := newModel(13).in("x", 1, 2).floats("w", 2, 2).scalar("n", 2).boolean("go", true).
		function("net v w -> r", 13, nil, layer("r")).
		node("MatMul x w -> a").named("fc").
		node("If go -> b", body("then_branch", part().node("MatMul a w -> r").named("fc").node("MatMul r w -> s").out("s")), body("else_branch", part())).named("choice").
		node("Loop n go b -> c", body("body", layer("r").takes("i", "g", "v").out("g", "r"))).named("loop").
		own("net c w -> y").named("call").out("y")
	got, l := Import("m.onnx", m.bytes(t), Options{})
	if l.Len() > 0 {
		t.Fatal(l)
	}
	var names []string
	for _, n := range got.Main().Nodes {
		names = append(names, n.Name)
	}
	if want := "fc choice/fc choice/MatMul_1 loop/0/fc loop/1/fc call/fc"; strings.Join(names, " ") != want {
		t.Errorf("nodes are called %q, want %q", strings.Join(names, " "), want)
	}
}

var controlErrors = []errorCase{
	{name: "a graph that is missing, one with too few outputs, and one with a fault", m: image(13).boolean("c", true).node("If c -> a").
		node("If c -> b d", body("then_branch", part().node("Relu x -> r").out("r"))).node("If c -> e", body("then_branch", part().node("Unique x -> r").out("r"))).
		node("If c -> f", body("then_branch", part().out("nowhere"))).out("a", "b", "e", "f"), want: `
m.onnx:If_0: error[I006]: If "If_0": attribute then_branch is missing
m.onnx:If_1: error[I008]: If "If_1": it has 2 outputs, what is in it gives 1
m.onnx:If_2/Unique_0: error[I004]: Unique "If_2/Unique_0": operator Unique is not supported; how many results it gives depends on the data, and networks have fixed shapes: end the network in front of it with onnx.utils.extract_model, and do this step outside of it
m.onnx:If_3: error[I009]: If "If_3": its graph gives "nowhere", which no node, input or initializer provides`},
	{name: "loops that are not known", m: newModel(13).in("x", 1, 2).scalar("n", 5000).scalar("two", 2).scalar("none", 0).boolean("go", true).
		node("Loop x go x -> a", body("body", part().takes("i", "c", "v").out("c", "v"))).
		node("Loop n x x -> b", body("body", part().takes("i", "c", "v").out("c", "v"))).
		node("Loop n go x -> d", body("body", part().takes("i", "c", "v").out("c", "v"))).
		node("Loop none go x -> e f", body("body", part().takes("i", "c", "v").out("c", "v", "v"))).
		node("Loop two go x -> g", body("body", part().takes("i", "c").out("c", "i"))).
		out("a", "b", "d", "f", "g"), want: `
m.onnx:Loop_0: error[I021]: Loop "Loop_0": its number of turns, "x", is not known; only loops of a known number can be compiled: export with fixed input shapes, or give it with --bind
m.onnx:Loop_1: error[I021]: Loop "Loop_1": its condition is computed at run time; only loops of a known number of turns can be compiled: export with fixed input shapes
m.onnx:Loop_2: error[I025]: Loop "Loop_2": it makes more than 4096 turns, too many to write out
m.onnx:Loop_3: error[I019]: Loop "Loop_3": it makes no turns, and the shape of what it would collect is not known
m.onnx:Loop_4: error[I008]: Loop "Loop_4": its body has 2 inputs and 2 outputs, the node 3 inputs`},
	{name: "functions that call themselves", m: newModel(13).in("x", 1, 2).function("f a -> b", 13, nil, part().own("f a -> b")).
		function("g a -> b", 13, nil, part().own("g a -> c").own("g c -> b")).own("f x -> y").out("y"), want: `
m.onnx:` + strings.Repeat("f_0/", 64) + `f_0: error[I025]: f "` + strings.Repeat("f_0/", 64) + `f_0": graphs and functions are nested more than 64 deep`},
	{name: "functions of another form", m: newModel(13).in("x", 1, 2).function("f a -> b", 30, nil, part().node("Relu a -> b")).
		function("g a -> b", 13, nil, part().node("Relu a -> b")).function("g a -> b", 13, nil, part().node("Relu a -> b")).
		own("f x -> a").own("g x x -> b").own("g x -> d", integer("axis", 1)).out("a", "b", "d"), want: `
m.onnx: error[I010]: function "g": the model has two functions of this name in domain "own"
m.onnx:f_0: error[I003]: f "f_0": its function is of opset 30, outside 1 to 25; export again with opset_version=13
m.onnx:g_1: error[I008]: g "g_1": it has 2 inputs and 1 outputs, the function has 1 and 1
m.onnx:g_2: warning[I007]: g "g_2": it has an attribute "axis" that the function does not declare; it is ignored`},
	{name: "bound values", m: newModel(13).edit(func(m *pb.ModelProto) {
		m.Graph.Input = []*pb.ValueInfoProto{info("a", pb.TensorProto_INT64), info("b", pb.TensorProto_UINT8, 2), info("c", pb.TensorProto_BOOL, -1), {Name: "d"}}
	}).node("Concat a b c d -> y", integer("axis", 0)).out("y"),
		opt: Options{Values: map[string][]string{"a": {"1", "2"}, "b": {"1", "256"}, "c": {"true", "2"}, "d": {"1"}, "e": {"1"}}}, want: `
m.onnx: error[I030]: input "a": --bind gives 2 numbers, its shape is tensor<f32>
m.onnx: error[I030]: input "b": --bind gives "256", which is no u8
m.onnx: error[I030]: input "c": --bind gives "2", which is no bool
m.onnx: error[I030]: input "d": it is no tensor of numbers, so that --bind can't give it a value
m.onnx: error[I030]: input "e": a value is given for it, but the model has no such input, only "a", "b", "c", "d"`},
}

// TestGrowth holds that functions which call each other many times end in a diagnostic soon.
func TestGrowth(t *testing.T) {
	m := newModel(13).in("x", 1, 2)
	name := func(i int) string { return "f" + strings.Repeat("i", i) }
	for i := range 30 {
		m.function(name(i)+" a -> b", 13, nil, part().own(name(i+1)+" a -> c").own(name(i+1)+" c -> b"))
	}
	m.function(name(30)+" a -> b", 13, nil, part().node("Relu a -> b"))
	_, l := Import("m.onnx", m.own(name(0)+" x -> y").out("y").bytes(t), Options{})
	if !l.HasErrors() || l.Sorted()[0].Code != codeTooLarge {
		t.Errorf("got %.300s", l.Error())
	}
}

// TestBoundValues gives integer inputs their value as text.
func TestBoundValues(t *testing.T) {
	m := newModel(13).in("x", 1, 4).edit(func(m *pb.ModelProto) {
		m.Graph.Input = append(m.Graph.Input, info("sr", pb.TensorProto_INT64), info("shape", pb.TensorProto_INT64, -1), info("scale", pb.TensorProto_FLOAT, 1))
	}).scalar("k", 16000).node("Equal sr k -> c").node("If c -> r", body("then_branch", part().node("Reshape x shape -> r").out("r")), body("else_branch", part())).
		node("Mul r scale -> y").out("y")
	got, l := Import("m.onnx", m.bytes(t), Options{Values: map[string][]string{"sr": {"16000"}, "shape": {"2", " 2"}, "scale": {"0.5"}}})
	if l.Len() > 0 {
		t.Fatal(l)
	}
	if want := "r = reshape(x) {shape=[2 2]} : 2x2\ny = mul(r, @scale[0.5]) : 2x2\n"; listing(got) != want {
		t.Errorf("got\n%s\nwant\n%s", listing(got), want)
	}
}

// TestInsideOwnData holds that importing leaves the bytes of the model alone, so that it may be read again.
func TestInsideOwnData(t *testing.T) {
	m := controlCases[5].m
	before := proto.Clone(m.ModelProto)
	if _, l := Import("m.onnx", m.bytes(t), Options{}); l.HasErrors() {
		t.Fatal(l)
	}
	if !proto.Equal(before, m.ModelProto) {
		t.Error("the model changed")
	}
}
