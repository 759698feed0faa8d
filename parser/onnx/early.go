package onnx

import (
	"slices"
	"strings"

	pb "github.com/amctc/amctc/parser/onnx/onnxpb"
)

// oldForm is the first opset whose operators all have the form that the tables read; those of earlier ones are brought to it first.
const oldForm = 7

// early brings the operators of the opsets before oldForm to the form of that opset. An operator that is not listed did not exist then.
// What every node of these opsets may have beside its own is dropped before: see asBefore.
var early = earlyForms()

func earlyForms() map[string]func(*call) {
	out := map[string]func(*call){
		"BatchNormalization": evaluated,
		"Cast":               earlyCast,
		"Concat":             func(c *call) { c.setDefault(&pb.AttributeProto{Name: "axis", Type: pb.AttributeProto_INT, I: 1}, 4) },
		"Dropout":            evaluated,
		"GRU":                without("output_sequence"),
		"Gemm":               without("broadcast"),
		"LSTM":               without("output_sequence"),
		"PRelu":              earlySlopes,
		"Pad":                earlyPad,
		"RNN":                without("output_sequence"),
		"Reshape":            earlyReshape,
		"Selu": func(c *call) {
			c.setDefault(&pb.AttributeProto{Name: "alpha", Type: pb.AttributeProto_FLOAT, F: 1.6732}, 6)
			c.setDefault(&pb.AttributeProto{Name: "gamma", Type: pb.AttributeProto_FLOAT, F: 1.0507}, 6)
		},
		"Tile":     earlyTile,
		"Upsample": earlyUpsample,
	}
	for _, name := range []string{"Add", "And", "Div", "Equal", "Greater", "Less", "Mul", "Or", "Pow", "Sub", "Xor"} {
		out[name] = aligned
	}
	for _, name := range []string{"Abs", "ArgMax", "ArgMin", "AveragePool", "Ceil", "Clip", "Constant", "Conv", "ConvTranspose", "DepthToSpace", "Elu", "Exp",
		"Flatten", "Floor", "Gather", "GlobalAveragePool", "GlobalMaxPool", "HardSigmoid", "Hardmax", "Identity", "If", "InstanceNormalization", "LRN",
		"LeakyRelu", "Log", "LogSoftmax", "Loop", "MatMul", "Max", "MaxPool", "Mean", "Min", "Neg", "Not", "Reciprocal", "ReduceL1", "ReduceL2", "ReduceLogSum",
		"ReduceLogSumExp", "ReduceMax", "ReduceMean", "ReduceMin", "ReduceProd", "ReduceSum", "ReduceSumSquare", "Relu", "Shape", "Sigmoid", "Size", "Slice",
		"Softmax", "Softplus", "Softsign", "SpaceToDepth", "Split", "Sqrt", "Squeeze", "Sum", "Tanh", "TopK", "Transpose", "Unsqueeze"} {
		out[name] = without()
	}
	return out
}

// asBefore brings the node, whose inputs are known, to the form of opset oldForm. It works on a copy of the node.
func (c *call) asBefore(form func(*call)) {
	c.pb = &pb.NodeProto{Name: c.pb.Name, OpType: c.pb.OpType, Domain: c.pb.Domain, DocString: c.pb.DocString, Output: c.pb.Output,
		Input: slices.Clone(c.pb.Input), Attribute: slices.Clone(c.pb.Attribute)}
	c.drop("consumed_inputs")
	form(c)
}

func (c *call) drop(name string) {
	c.pb.Attribute = slices.DeleteFunc(c.pb.Attribute, func(a *pb.AttributeProto) bool { return a.Name == name })
}

// setDefault gives an attribute the value that its absence stood for in opsets before the given one.
func (c *call) setDefault(a *pb.AttributeProto, before int64) {
	if c.im.opset < before && !c.hasAttr(a.Name) {
		c.pb.Attribute = append(c.pb.Attribute, a)
	}
}

// without drops attributes that say nothing which the others do not.
func without(names ...string) func(*call) {
	return func(c *call) {
		for _, n := range names {
			c.drop(n)
		}
	}
}

// evaluated is for operators that train unless is_test says otherwise.
func evaluated(c *call) {
	if c.intAttr("is_test", 0) == 0 {
		c.errorf(codeForm, "without is_test=1 it computes as in training, which is not supported; export the network in evaluation mode")
	}
	c.drop("is_test")
}

// aligned gives the second operand the dimensions of 1 that place it below those of the first: from attribute axis on, or at
// the end. Without attribute broadcast both have one shape.
func aligned(c *call) {
	on, axis := c.intAttr("broadcast", 0) != 0, c.hasAttr("axis")
	if len(c.in) != 2 || c.in[0] == nil || c.in[1] == nil {
		return // arity tells
	}
	a, b := c.in[0].shape(), c.in[1].shape()
	at := c.intAttr("axis", 0)
	c.drop("broadcast")
	c.drop("axis")
	switch {
	case !on && !slices.Equal(a, b):
		c.errorf(codeShape, "its operands are %s and %s; before opset 7 they have one shape, or it has broadcast=1", shapeText(a), shapeText(b))
		return
	case !on || !axis:
		return
	case at < 0:
		at += len(a)
	}
	if at < 0 || at+len(b) > len(a) {
		c.errorf(codeShape, "axis %d does not place %s within %s", at, shapeText(b), shapeText(a))
		return
	}
	c.widen(1, len(a)-at-len(b))
}

// widen puts so many dimensions of 1 behind those of input i.
func (c *call) widen(i, n int) {
	if n == 0 || c.failed {
		return
	}
	shape := slices.Clone(c.in[i].shape())
	for range n {
		shape = append(shape, 1)
	}
	if l := c.in[i].lit; l != nil {
		c.in[i] = &value{name: c.in[i].name, lit: l.withShape(shape)}
		return
	}
	if v := c.x(i); v != nil {
		c.in[i] = &value{name: c.in[i].name, node: c.reshaped(v, shape...)}
	}
}

// earlySlopes are one, or one for each channel.
func earlySlopes(c *call) {
	if len(c.in) != 2 || c.in[0] == nil || c.in[1] == nil {
		return
	}
	if x, s := c.in[0].shape(), c.in[1].shape(); len(s) == 1 && len(x) > 2 {
		c.widen(1, len(x)-2)
	}
}

// earlyCast names the type before opset 6.
func earlyCast(c *call) {
	if c.im.opset >= 6 {
		return
	}
	name := c.stringAttr("to", "")
	elem, ok := pb.TensorProto_DataType_value[strings.ToUpper(name)]
	if !ok {
		c.errorf(codeAttr, "attribute to is %q, which names no type of elements", name)
	}
	c.drop("to")
	c.pb.Attribute = append(c.pb.Attribute, &pb.AttributeProto{Name: "to", Type: pb.AttributeProto_INT, I: int64(elem)})
}

// earlyPad calls its pads paddings in opset 1.
func earlyPad(c *call) {
	for i, a := range c.pb.Attribute {
		if a.Name == "paddings" {
			c.pb.Attribute[i] = &pb.AttributeProto{Name: "pads", Type: a.Type, Ints: a.Ints, RefAttrName: a.RefAttrName}
		}
	}
}

// earlyReshape has its shape as an attribute before opset 5.
func earlyReshape(c *call) {
	if c.im.opset >= 5 {
		return
	}
	if len(c.in) != 1 {
		c.errorf(codeArity, "its shape is an input only from opset 5 on")
		return
	}
	c.add("shape", c.intsAttr("shape"))
	c.drop("shape")
}

// add gives the node another input, of known integers.
func (c *call) add(name string, list []int) {
	var numbers []int64
	for _, n := range list {
		numbers = append(numbers, int64(n))
	}
	c.in = append(c.in, &value{name: name, lit: intLiteral(name, []int{len(list)}, numbers)})
	c.pb.Input = append(c.pb.Input, name)
}

// earlyTile repeats one axis so many times before opset 6; both numbers are inputs.
func earlyTile(c *call) {
	if c.im.opset >= 6 {
		return
	}
	if len(c.in) != 3 || c.in[0] == nil || c.in[1] == nil || c.in[2] == nil {
		c.errorf(codeArity, "before opset 6 it has three inputs")
		return
	}
	var at [2]int
	for i, what := range []string{"number of tiles", "axis"} {
		l := c.lit(i+1, what)
		if l == nil {
			return
		}
		n, ok := l.whole()
		if !ok {
			c.errorf(codeForm, "its %s is no whole number", what)
			return
		}
		at[i] = n
	}
	rank := len(c.in[0].shape())
	axis, ok := c.axis(at[1], rank)
	if !ok {
		return
	}
	c.in, c.pb.Input = c.in[:1], c.pb.Input[:1]
	repeats := slices.Repeat([]int{1}, rank)
	repeats[axis] = at[0]
	c.add("repeats", repeats)
}

// whole is the only element of l as an int.
func (l *literal) whole() (int, bool) {
	switch {
	case l.len() != 1:
	case l.i != nil && l.i[0] == int64(int32(l.i[0])):
		return int(l.i[0]), true
	case l.f != nil && l.f[0] >= -limit && l.f[0] <= limit && l.f[0] == float32(int(l.f[0])):
		return int(l.f[0]), true
	}
	return 0, false
}

// earlyUpsample scales height and width of images by attributes of their own.
func earlyUpsample(c *call) {
	if !c.hasAttr("height_scale") && !c.hasAttr("width_scale") {
		return // a file of an opset between, with scales
	}
	scales := []float32{1, 1, c.floatAttr("height_scale", 1), c.floatAttr("width_scale", 1)}
	c.drop("height_scale")
	c.drop("width_scale")
	c.pb.Attribute = append(c.pb.Attribute, &pb.AttributeProto{Name: "scales", Type: pb.AttributeProto_FLOATS, Floats: scales})
}
