package onnx

import (
	"slices"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/op"
	"github.com/amctc/amctc/ir/tensor"
	pb "github.com/amctc/amctc/parser/onnx/onnxpb"
)

// A form is how an operator of a family is called in ONNX: since which opset, and the names of its
// parameters.
type form struct {
	name   string
	since  int64
	params []string
}

// forms are the operators of families that ONNX has too; the others are written as several.
var forms = map[string]form{
	"nn.abs": {name: "Abs"}, "nn.acos": {name: "Acos"}, "nn.acosh": {name: "Acosh"}, "nn.asin": {name: "Asin"}, "nn.asinh": {name: "Asinh"},
	"nn.atan": {name: "Atan"}, "nn.atanh": {name: "Atanh"}, "nn.ceil": {name: "Ceil"}, "nn.celu": {name: "Celu", params: []string{"alpha"}},
	"nn.cos": {name: "Cos"}, "nn.cosh": {name: "Cosh"}, "nn.elu": {name: "Elu", params: []string{"alpha"}}, "nn.erf": {name: "Erf"},
	"nn.exp": {name: "Exp"}, "nn.floor": {name: "Floor"}, "nn.gelu": {name: "Gelu", since: 20}, "nn.gelu_tanh": {name: "Gelu", since: 20},
	"nn.hard_sigmoid": {name: "HardSigmoid", params: []string{"alpha", "beta"}}, "nn.hard_swish": {name: "HardSwish", since: 14},
	"nn.leaky_relu": {name: "LeakyRelu", params: []string{"alpha"}}, "nn.log": {name: "Log"}, "nn.mish": {name: "Mish", since: 18},
	"nn.neg": {name: "Neg"}, "nn.reciprocal": {name: "Reciprocal"}, "nn.round": {name: "Round"},
	"nn.selu": {name: "Selu", params: []string{"alpha", "gamma"}}, "nn.shrink": {name: "Shrink", params: []string{"lambd", "bias"}},
	"nn.sigmoid": {name: "Sigmoid"}, "nn.sign": {name: "Sign"}, "nn.sin": {name: "Sin"}, "nn.sinh": {name: "Sinh"}, "nn.softplus": {name: "Softplus"},
	"nn.softsign": {name: "Softsign"}, "nn.sqrt": {name: "Sqrt"}, "nn.tan": {name: "Tan"}, "nn.tanh": {name: "Tanh"},
	"nn.thresholded_relu": {name: "ThresholdedRelu", params: []string{"alpha"}},

	"nn.sub": {name: "Sub"}, "nn.div": {name: "Div"}, "nn.max": {name: "Max"}, "nn.min": {name: "Min"}, "nn.pow": {name: "Pow"},
	"nn.prelu": {name: "PRelu"}, "nn.fmod": {name: "Mod"},

	"nn.reduce_sum": {name: "ReduceSum"}, "nn.reduce_mean": {name: "ReduceMean"}, "nn.reduce_prod": {name: "ReduceProd"},
	"nn.reduce_max": {name: "ReduceMax"}, "nn.reduce_min": {name: "ReduceMin"},
}

// at raises the model's opset to the first that has what is written.
func (e *exporter) at(since int64) {
	if e.opset < since {
		e.opset, e.ir = since, max(e.ir, laterIR)
	}
}

// since is the first opset that has what a node is written as, or 0 for the least that is written.
func since(n *ir.Node) int64 {
	switch {
	case n.Op.Name == "nn.normalize" && n.Bool("centred"):
		return 17
	case n.Result().Type.DType == tensor.I16:
		return wideOpset
	case n.Op.Name == "nn.avg_pool2d" && !n.Result().Type.IsQuant() && slices.Max(n.Ints("dilation")) > 1:
		return dilatedOpset
	case n.Op.Name == "nn.grid_sample" || n.Op.Name == "nn.roi_align":
		return sampleOpset
	}
	if n.Op.Name == "q.table" {
		name, _ := n.Attr("function").(string)
		return forms[name].since
	}
	return forms[n.Op.Name].since
}

// family writes an operator of a family.
func (e *exporter) family(n *ir.Node) {
	if n.Op.Name == "nn.swish" {
		e.swish(n)
		return
	}
	f := forms[n.Op.Name]
	var attrs []*pb.AttributeProto
	for i, p := range f.params {
		attrs = append(attrs, floatAttr(p, n.Float([]string{"alpha", "beta"}[i])))
	}
	switch n.Op.Name {
	case "nn.gelu_tanh":
		attrs = append(attrs, &pb.AttributeProto{Name: "approximate", Type: pb.AttributeProto_STRING, S: []byte("tanh")})
	case "nn.fmod":
		attrs = append(attrs, intAttr("fmod", 1))
	}
	if op.FamilyOf(n.Op.Name) != op.Reductions {
		e.simple(n, f.name, attrs...)
		return
	}
	keep := 0
	if n.Bool("keep") {
		keep = 1
	}
	attrs = append(attrs, intAttr("keepdims", keep))
	in := []string{e.float(n.Operands[0])}
	if n.Op.Name == "nn.reduce_sum" || e.opset >= reduceOpset {
		e.compute(n, f.name, append(in, e.ints(n.Result().Name+"_axes", n.Ints("axes"))), attrs...)
		return
	}
	e.compute(n, f.name, in, append(attrs, intsAttr("axes", n.Ints("axes")))...)
}

// reduceOpset is the first opset in which every reduction has its axes as an input.
const reduceOpset = 18

func (e *exporter) swish(n *ir.Node) {
	x, name := e.float(n.Operands[0]), n.Result().Name
	gate, scaled := fresh(name+"_gate", e.names), x
	if a := n.Float("alpha"); a != 1 {
		scaled = fresh(name+"_scaled", e.names)
		e.node("Mul", scaled, []string{x, e.scalar(name+"_alpha", a)}, scaled)
	}
	e.node("Sigmoid", gate, []string{scaled}, gate)
	e.compute(n, "Mul", []string{x, gate})
}

// takeEntries writes a Gather; entries of zeros come from a border of one entry.
func (e *exporter) takeEntries(n *ir.Node) {
	x, name, axis := e.float(n.Operands[0]), n.Result().Name, n.Int("axis")
	s := n.Operands[0].Type.Shape
	list := slices.Clone(n.Ints("indices"))
	if slices.Contains(list, -1) {
		pads := make([]int, 2*len(s))
		pads[len(s)+axis] = 1
		wide := fresh(name+"_bordered", e.names)
		e.node("Pad", wide, []string{x, e.ints(name+"_border", pads)}, wide)
		x = wide
		for i, k := range list {
			if k < 0 {
				list[i] = s[axis]
			}
		}
	}
	e.compute(n, "Gather", []string{x, e.ints(name+"_indices", list)}, intAttr("axis", axis))
}

// resample writes a Gather for each tap, and the sum of their products with the weights.
func (e *exporter) resample(n *ir.Node) {
	x, name, axis, taps := e.float(n.Operands[0]), n.Result().Name, n.Int("axis"), n.Int("taps")
	list, weights := n.Ints("indices"), op.Floats(n, "weights")
	shape := make([]int, len(n.Operands[0].Type.Shape))
	for i := range shape {
		shape[i] = 1
	}
	shape[axis] = len(list) / taps
	sum := ""
	for t := range taps {
		var at []int
		var w []float32
		for i := t; i < len(list); i += taps {
			at, w = append(at, list[i]), append(w, weights[i])
		}
		entry, part := fresh(name+"_entries", e.names), fresh(name+"_part", e.names)
		e.node("Gather", entry, []string{x, e.ints(name+"_indices", at)}, entry, intAttr("axis", axis))
		in := []string{entry, e.floats(name+"_weights", shape, w)}
		switch {
		case taps == 1:
			e.compute(n, "Mul", in)
			return
		case t == 0:
			e.node("Mul", part, in, part)
			sum = part
			continue
		}
		e.node("Mul", part, in, part)
		if t == taps-1 {
			e.compute(n, "Add", []string{sum, part})
			return
		}
		next := fresh(name+"_sum", e.names)
		e.node("Add", next, []string{sum, part}, next)
		sum = next
	}
}

func (e *exporter) normalize(n *ir.Node) {
	s, axis := n.Operands[0].Type.Shape, n.Int("axis")
	if !n.Bool("centred") {
		e.byRoot(n)
		return
	}
	size := 1
	for _, d := range s[axis:] {
		size *= d
	}
	ones := make([]float32, size)
	for i := range ones {
		ones[i] = 1
	}
	e.compute(n, "LayerNormalization", []string{e.float(n.Operands[0]), e.floats(n.Result().Name+"_ones", s[axis:], ones)},
		intAttr("axis", axis), floatAttr("epsilon", n.Float("eps")))
}

// byRoot writes a normalization by the root mean square step by step: runtimes know no operator for it up to opset 22.
func (e *exporter) byRoot(n *ir.Node) {
	x, name := e.float(n.Operands[0]), n.Result().Name
	step := func(suffix, opType string, in []string, attrs ...*pb.AttributeProto) string {
		out := fresh(name+suffix, e.names)
		e.node(opType, out, in, out, attrs...)
		return out
	}
	var axes []int
	for a := n.Int("axis"); a < len(n.Operands[0].Type.Shape); a++ {
		axes = append(axes, a)
	}
	square, mean := step("_square", "Mul", []string{x, x}), ""
	if e.opset >= reduceOpset {
		mean = step("_mean", "ReduceMean", []string{square, e.ints(name+"_axes", axes)}, intAttr("keepdims", 1))
	} else {
		mean = step("_mean", "ReduceMean", []string{square}, intAttr("keepdims", 1), intsAttr("axes", axes))
	}
	root := step("_root", "Sqrt", []string{step("_moved", "Add", []string{mean, e.scalar(name+"_eps", n.Float("eps"))})})
	e.compute(n, "Div", []string{x, root})
}
