package onnx

import (
	"maps"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/tensor"
	pb "github.com/amctc/amctc/parser/onnx/onnxpb"
)

// functionTable are the operators of one number: our name, and what alpha and beta are called.
var functionTable = func() map[string]entry {
	out := make(map[string]entry)
	for _, f := range []struct {
		onnx, name string
		since      int64
		params     []string
	}{
		{"Abs", "abs", 6, nil}, {"Acos", "acos", 7, nil}, {"Acosh", "acosh", 9, nil}, {"Asin", "asin", 7, nil},
		{"Asinh", "asinh", 9, nil}, {"Atan", "atan", 7, nil}, {"Atanh", "atanh", 9, nil}, {"Ceil", "ceil", 6, nil},
		{"Celu", "celu", 12, []string{"alpha"}}, {"Cos", "cos", 7, nil}, {"Cosh", "cosh", 9, nil}, {"Elu", "elu", 6, []string{"alpha"}},
		{"Erf", "erf", 9, nil}, {"Exp", "exp", 6, nil}, {"Floor", "floor", 6, nil}, {"HardSigmoid", "hard_sigmoid", 6, []string{"alpha", "beta"}},
		{"HardSwish", "hard_swish", 14, nil}, {"LeakyRelu", "leaky_relu", 6, []string{"alpha"}}, {"Log", "log", 6, nil},
		{"Mish", "mish", 18, nil}, {"Neg", "neg", 6, nil}, {"Reciprocal", "reciprocal", 6, nil}, {"Selu", "selu", 6, []string{"alpha", "gamma"}},
		{"Shrink", "shrink", 9, []string{"lambd", "bias"}}, {"Sigmoid", "sigmoid", 6, nil}, {"Sign", "sign", 9, nil}, {"Sin", "sin", 7, nil},
		{"Sinh", "sinh", 9, nil}, {"Softplus", "softplus", 1, nil}, {"Softsign", "softsign", 1, nil}, {"Sqrt", "sqrt", 6, nil},
		{"Tan", "tan", 7, nil}, {"Tanh", "tanh", 6, nil}, {"ThresholdedRelu", "thresholded_relu", 10, []string{"alpha"}},
	} {
		out[f.onnx] = entry{min: 1, max: 1, outs: 1, attrs: f.params, since: f.since, build: func(c *call) {
			var attrs []any
			for i, p := range f.params {
				if c.hasAttr(p) {
					attrs = append(attrs, []string{"alpha", "beta"}[i], c.floatAttr(p, 0))
				}
			}
			if !c.failed {
				c.node("nn."+f.name, []*ir.Value{c.x(0)}, attrs...)
			}
		}}
	}
	return out
}()

// pairTable are the operators of two numbers.
var pairTable = func() map[string]entry {
	out := make(map[string]entry)
	for _, f := range []struct {
		onnx, name string
		swap       bool
		since      int64
	}{
		{"And", "and", false, 7}, {"Or", "or", false, 7}, {"Xor", "xor", false, 7}, {"PRelu", "prelu", false, 7},
		{"Equal", "equal", false, 7}, {"Less", "less", false, 7}, {"Greater", "less", true, 7}, {"LessOrEqual", "less_or_equal", false, 12},
		{"GreaterOrEqual", "less_or_equal", true, 12},
	} {
		out[f.onnx] = entry{min: 2, max: 2, outs: 1, since: f.since, build: func(c *call) {
			a, b := c.x(0), c.x(1)
			if f.swap {
				a, b = b, a
			}
			c.node("nn."+f.name, []*ir.Value{a, b})
		}}
	}
	return out
}()

// merged joins tables.
func merged(list ...map[string]entry) map[string]entry {
	out := make(map[string]entry)
	for _, t := range list {
		maps.Copy(out, t)
	}
	return out
}

// chainOf joins any number of inputs with an operator of two.
func chainOf(opName string) func(*call) {
	return func(c *call) {
		in, ok := c.operands()
		switch {
		case !ok:
		case len(in) == 1:
			c.alias(0)
		default:
			v := in[0]
			for _, w := range in[1 : len(in)-1] {
				v = c.two(opName, v, w)
			}
			c.node(opName, []*ir.Value{v, in[len(in)-1]})
		}
	}
}

func buildMean(c *call) {
	in, ok := c.operands()
	if !ok {
		return
	}
	v := in[0]
	for _, w := range in[1:] {
		v = c.two("nn.add", v, w)
	}
	c.node("nn.mul", []*ir.Value{v, c.like(v, 1/float64(len(in)))})
}

// buildPow lets base and exponent have different types, as ONNX does from opset 12 on.
func buildPow(c *call) {
	a, b := c.x(0), c.x(1)
	if a == nil || b == nil {
		return
	}
	if l := c.in[1].lit; l != nil && a.Type.IsFloat() && !a.IsConst() {
		b = c.casted(b, tensor.F32)
		if b != nil && b.Const.Data.Len() == 1 && b.Const.Data.F32[0] == 2 {
			c.node("nn.mul", []*ir.Value{a, a})
			return
		}
	}
	if b == nil || a.Type.DType == b.Type.DType {
		c.node("nn.pow", []*ir.Value{a, b})
		return
	}
	v := c.two("nn.pow", c.casted(a, tensor.F64), c.casted(b, tensor.F64))
	c.finish(0, c.casted(v, a.Type.DType))
}

// buildMod takes what is left of indices of maxima over all samples for those that a sample's own are: the same in amctc.
func buildMod(c *call) {
	name := "nn.mod"
	if v, l := c.in[0].node, c.in[1].lit; v != nil && l != nil && v.Def != nil && v.Def.Op.Name == "nn.max_pool2d_indices" && !v.Def.Bool("whole") {
		if s := v.Def.Operands[0].Type.Shape; l.len() == 1 && l.i != nil && l.i[0] == int64(s[1]*s[2]*s[3]) {
			c.alias(0)
			return
		}
	}
	if c.intAttr("fmod", 0) != 0 {
		name = "nn.fmod"
	}
	c.node(name, []*ir.Value{c.x(0), c.x(1)})
}

func buildBitShift(c *call) {
	switch d := c.stringAttr("direction", ""); d {
	case "LEFT":
		c.node("nn.shift_left", []*ir.Value{c.x(0), c.x(1)})
	case "RIGHT":
		c.node("nn.shift_right", []*ir.Value{c.x(0), c.x(1)})
	default:
		c.errorf(codeAttr, "attribute direction is %q, want LEFT or RIGHT", d)
	}
}

func buildWhere(c *call) { c.node("nn.where", []*ir.Value{c.x(0), c.x(1), c.x(2)}) }

func buildIsInf(c *call) {
	c.node("nn.is_inf", []*ir.Value{c.x(0)}, "negative", c.intAttr("detect_negative", 1) != 0, "positive", c.intAttr("detect_positive", 1) != 0)
}

func buildGelu(c *call) {
	name := "nn.gelu"
	if c.stringAttr("approximate", "none") == "tanh" {
		name = "nn.gelu_tanh"
	}
	c.unary(name)
}

// buildCast converts. In a network that is compiled, casts between float types change nothing: it is computed
// in float32 throughout.
func buildCast(c *call) {
	c.cast(pb.TensorProto_DataType(c.intAttr("to", 0)))
}

func buildCastLike(c *call) { c.cast(c.in[1].elem()) }

func (c *call) cast(to pb.TensorProto_DataType) {
	v := c.in[0]
	d := dtype(to)
	switch {
	case c.failed:
	case v.acc != nil && to != pb.TensorProto_FLOAT:
		c.errorf(codeQuant, "it converts an accumulator to %s; only float32 is supported", elemName(int32(to)))
	case v.acc != nil || v.elem() == to:
		c.alias(0)
	case d == tensor.Invalid:
		c.errorf(codeElem, "it converts to %s, which is no type of numbers", elemName(int32(to)))
	case to == pb.TensorProto_BFLOAT16 && c.im.opt.Numbers:
		c.errorf(codeElem, "it converts to BFLOAT16, for which ONNX gives no rounding; remove it")
	case v.lit != nil && v.lit.hasFree():
		if to != pb.TensorProto_INT32 && to != pb.TensorProto_INT64 {
			c.errorf(codeBatch, "it computes with the free batch; fix the batch with --input-shape")
			return
		}
		l := *v.lit
		l.elem, l.konst = to, nil
		c.fold(&l)
	case v.node != nil && v.node.Def != nil && isIndices(v.node.Def, v.node) && !c.im.opt.Numbers:
		c.castIndices(d)
	case v.lit == nil && to == pb.TensorProto_FLOAT16 && !c.im.opt.Numbers:
		c.im.half(c.pb.Output[0])
		c.alias(0)
	case v.lit == nil && !c.im.opt.Numbers:
		c.errorf(codeElem, "it converts computed numbers to %s; networks are float32 throughout, remove it or export in float32", elemName(int32(to)))
	case v.lit != nil:
		t := v.lit.tensor() // constants of half precision stay as they are
		l := literalOf(t)
		l.name = v.name
		k := ir.NewConst("cast", ir.TensorType(t.DType, t.Shape...), t)
		c.finish(0, c.emit("nn.cast", "", []*ir.Value{k.Value()}, "to", d.String()))
	default:
		c.node("nn.cast", []*ir.Value{c.x(0)}, "to", d.String())
	}
}
