package onnx

import (
	"slices"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/diag"
	pb "github.com/amctc/amctc/parser/onnx/onnxpb"
)

// Models that ONNX Runtime's quantize_dynamic has written compute the factors of each layer's input anew for each
// call: DynamicQuantizeLinear, then MatMulInteger or ConvInteger with known codes, a cast to float32, and the
// product with the scale of the input times those of the weights. A network that is compiled has factors found by
// calibration, so that such a layer becomes the float layer with the numbers that the codes of its weights stand
// for.

// The results of a DynamicQuantizeLinear.
const (
	dynamicCodes = iota
	dynamicScale
	dynamicZero
)

// dynamic is a result of a DynamicQuantizeLinear whose input is computed, in a network that is compiled. What
// moves codes moves the numbers that they stand for.
type dynamic struct {
	src   *ir.Value // what is quantized
	part  int
	times *literal // known float32 numbers that a scale is multiplied by; nil for none
}

// buildDynamicQuantizeLinear makes codes, their scale and their zero point from the numbers themselves.
func buildDynamicQuantizeLinear(c *call) {
	x := c.x(0)
	if x == nil {
		return
	}
	if x.IsConst() || c.im.opt.Numbers {
		q, scale, zero := c.dynamicFactors(x)
		c.finish(0, q)
		c.finish(1, scale)
		c.finish(2, zero)
		return
	}
	for i := range min(len(c.out), 3) {
		v := &value{dyn: &dynamic{src: x, part: i}}
		if i == dynamicCodes {
			v.node = x
		}
		c.out[i] = v
	}
}

// dynamicReads refuses results of DynamicQuantizeLinear that the operator does not take.
func (c *call) dynamicReads(r reads) {
	for i, v := range c.in {
		if v == nil || v.dyn == nil || r&readsDynamic != 0 {
			continue
		}
		if r&movesCodes == 0 || v.dyn.part != dynamicCodes || len(c.in) > 1 && c.in[1].lit == nil {
			c.errorf(codeQuant, "its input %q is a result of DynamicQuantizeLinear, which only the layers that ONNX Runtime's quantize_dynamic "+
				"writes may read; quantize the model statically, or compile the float model it was made from", c.pb.Input[i])
		}
	}
}

// dynamicProduct is MatMulInteger or ConvInteger of codes of DynamicQuantizeLinear with known codes.
func (c *call) dynamicProduct(op string) {
	x := c.in[0].dyn
	if x.part != dynamicCodes || !c.has(2) || c.in[2].dyn == nil || c.in[2].dyn.part != dynamicZero || c.in[2].dyn.src != x.src {
		c.errorf(codeFactor, "its first operand comes from DynamicQuantizeLinear; it must be read with the zero point written there")
		return
	}
	l := c.lit(1, "weights")
	if l == nil {
		return
	}
	if !c.codesAt(1) || !c.charge(l.len()) {
		return
	}
	a := &accumulator{layer: c, op: op, x: c.in[0], rank: len(c.in[0].shape())}
	axis := 0
	if op == "dense" {
		axis = 1
		if len(l.shape) != 2 {
			c.errorf(codeForm, "its weights have shape %v; only matrices are supported", l.shape)
			return
		}
	}
	zero := []int64{0}
	if c.has(3) {
		z := c.lit(3, "zero point of the weights")
		if z == nil {
			return
		}
		if zero = z.i; z.elem != l.elem || len(zero) != 1 && (len(z.shape) != 1 || axis >= len(l.shape) || len(zero) != l.shape[axis]) {
			c.errorf(codeFactor, "its weights have shape %v and a zero point of shape %v %s", l.shape, z.shape, elemName(int32(z.elem)))
			return
		}
	}
	at, ok := alongAxis(l.shape, axis, len(zero))
	if l.len() == 0 || axis >= len(l.shape) || !ok {
		c.errorf(codeTensor, "its weights have no elements (shape %v)", l.shape)
		return
	}
	w := floatLiteral(c.name+"_w", l.shape, make([]float32, l.len()))
	for i, q := range l.i {
		w.f[i] = float32(q - zero[at(i)])
	}
	a.numbers, a.shape = w, []int{l.shape[axis]}
	c.set(&value{acc: a})
}

// alongAxis gives which of n factors, one or as many as the axis has, serves the element at a flat index.
func alongAxis(shape []int, axis, n int) (func(i int) int, bool) {
	if n == 1 {
		return func(int) int { return 0 }, true
	}
	inner := 1
	for _, d := range shape[axis+1:] {
		inner *= d
	}
	return func(i int) int { return i / inner % n }, inner > 0 && n > 0
}

// scaleDynamic is Mul of the scale of a DynamicQuantizeLinear and a known number.
func (c *call) scaleDynamic() {
	v, other := c.in[0], c.in[1]
	if v.dyn == nil {
		v, other = other, v
	}
	l := other.lit
	if v.dyn.part != dynamicScale || v.dyn.times != nil || l == nil || l.elem != pb.TensorProto_FLOAT || l.len() == 0 {
		c.errorf(codeQuant, "it multiplies a result of DynamicQuantizeLinear; only the product of its scale and known float32 scales of weights is supported")
		return
	}
	c.set(&value{dyn: &dynamic{src: v.dyn.src, part: dynamicScale, times: l}})
}

// dynamicLayer ends a layer of ConvInteger or MatMulInteger whose input is quantized anew in each call: the product
// with the scale of the input times those of the weights. It becomes the float layer.
func (c *call) dynamicLayer(a *accumulator, scale *dynamic) {
	if scale == nil || scale.part != dynamicScale || scale.times == nil || scale.src != a.x.dyn.src || !a.perOutput(scale.times) {
		c.errorf(codeQuant, "it multiplies the accumulator of a layer whose input comes from DynamicQuantizeLinear by something other than the scale "+
			"written there times known scales of the weights, one or one for each output channel")
		return
	}
	sw := scale.times.f
	if slices.ContainsFunc(sw, func(s float32) bool { return !normal(s) }) {
		c.errorf(codeFactor, "a scale of its weights, %v, is not positive and finite", sw)
		return
	}
	if !c.charge(a.numbers.len()) {
		return
	}
	axis, build := 0, buildConv
	if a.op == "dense" {
		axis, build = 1, buildMatMul
	}
	at, _ := alongAxis(a.numbers.shape, axis, len(sw))
	w := floatLiteral(a.numbers.name, a.numbers.shape, make([]float32, a.numbers.len()))
	for i, v := range a.numbers.f {
		w.f[i] = float32(v * sw[at(i)])
	}
	c.im.dynamicDropped(a.layer)
	// The float layer with the attributes and the name of the integer one, and the result of this node.
	n := &pb.NodeProto{OpType: a.layer.pb.OpType, Input: a.layer.pb.Input, Output: c.pb.Output, Attribute: a.layer.pb.Attribute}
	layer := &call{im: c.im, pb: n, name: a.layer.name, span: a.layer.span, title: a.layer.title, in: []*value{{node: a.x.node}, {lit: w}}, out: c.out}
	build(layer)
	c.failed = c.failed || layer.failed
}

// underName emits under the name of a layer, because records know the layer and not what ends it.
func (c *call) underName(name string, emit func()) {
	own := c.name
	c.name = name
	emit()
	c.name = own
}

// dynamicDropped says once that the network computes with other factors than the model.
func (im *importer) dynamicDropped(layer *call) {
	if im.dynamics {
		return
	}
	im.dynamics = true
	d := diag.Errorf(codeDynamicFactors, layer.span, layer.title, "the model finds the factors of this and other layers anew in each call; they are dropped: the "+
		"network has the numbers that the codes of the weights stand for, and calibration finds the factors of its inputs once")
	d.Severity = diag.Warning
	im.diags.Add(d)
}
