package onnx

import (
	"math"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/tensor"
	pb "github.com/amctc/amctc/parser/onnx/onnxpb"
)

// factors reads a scale and a zero point of input numbers s and z: how many there are, and the type
// of the codes. The zero point may be left out; elem is then def.
func (c *call) factors(s, z int, def pb.TensorProto_DataType) (scale []float32, zero []int64, elem pb.TensorProto_DataType, ok bool) {
	l := c.floats(s, "scale")
	if l == nil {
		return nil, nil, 0, false
	}
	if len(l.shape) > 1 || l.len() == 0 {
		c.errorf(codeQuant, "its scale has shape %v; only one scale, or one for each index of an axis, is supported", l.shape)
		return nil, nil, 0, false
	}
	for i, v := range l.f {
		if !normal(v) {
			c.errorf(codeFactor, "scale %d, %v, is not positive and finite", i, v)
			return nil, nil, 0, false
		}
	}
	if !c.has(z) {
		return l.f, make([]int64, l.len()), def, true
	}
	zp := c.lit(z, "zero point")
	switch {
	case zp == nil:
		return nil, nil, 0, false
	case zp.i == nil || zp.len() != l.len():
		c.errorf(codeFactor, "it has %d scales and a zero point of %d %s", l.len(), zp.len(), elemName(int32(zp.elem)))
		return nil, nil, 0, false
	}
	return l.f, zp.i, zp.elem, true
}

// one is factors that must be one for the whole tensor, of a type that codes may have.
func (c *call) one(s, z int) (*codes, bool) {
	scale, zero, elem, ok := c.factors(s, z, pb.TensorProto_UINT8)
	if !ok {
		return nil, false
	}
	if len(scale) != 1 {
		c.errorf(codeQuant, "its activations have %d scales; only one for the whole tensor is supported", len(scale))
		return nil, false
	}
	if _, _, ok := codeRange(elem); !ok {
		c.errorf(codeElem, "its codes are %s; int8, uint8, int16 and uint16 are supported", elemName(int32(elem)))
		return nil, false
	}
	return &codes{scale[0], zero[0], elem}, true
}

// blocked refuses factors for blocks.
func (c *call) blocked() bool {
	if c.intAttr("block_size", 0) != 0 {
		c.errorf(codeQuant, "factors for blocks (block_size) are not supported; quantize for each tensor or output channel")
	}
	return c.failed
}

// store makes the codes of v with factors q output 0: in the graph, what they stand for.
func (c *call) store(v *ir.Value, q *codes) {
	if v == nil {
		c.failed = true
		return
	}
	if q.bits() != 8 {
		c.errorf(codeQuant, "activations of %s are not supported, only of 8 bits; quantize with activation_type uint8 or int8", elemName(int32(q.elem)))
		return
	}
	f := c.fake(v, &weightMap{axis: -1, scale: []float32{q.scale}, offset: []int{int(q.zero - q.shift())}, bits: q.bits()})
	if c.result(f); f != nil {
		c.out[0].codes = q
	}
}

func buildQuantizeLinear(c *call) {
	if c.blocked() {
		return
	}
	if t := c.intAttr("output_dtype", 0); t != 0 && !c.has(2) && t != int(pb.TensorProto_UINT8) {
		c.errorf(codeQuant, "output_dtype without a zero point is not supported; give a zero point of that type")
		return
	}
	known := c.in[1].lit != nil && (!c.has(2) || c.in[2].lit != nil)
	if l := c.in[0].lit; l != nil && (known || !c.im.opt.Numbers) {
		c.quantizeLiteral(l)
		return
	}
	if c.im.opt.Numbers && (!known || c.in[1].lit.len() != 1 || !c.im.onlyPaired(c.pb.Output[0])) {
		c.quantizeComputed()
		return
	}
	if q, ok := c.one(1, 2); ok {
		c.store(c.x(0), q)
	}
}

// quantizeLiteral computes the codes of a known tensor: fin(x/scale) + zero point, as ONNX has it.
func (c *call) quantizeLiteral(l *literal) {
	if l.elem != pb.TensorProto_FLOAT {
		c.errorf(codeElem, "it quantizes %s, want float32", elemName(int32(l.elem)))
		return
	}
	scale, zero, elem, ok := c.factors(1, 2, pb.TensorProto_UINT8)
	if !ok {
		return
	}
	lo, hi, ok := codeRange(elem)
	if !ok {
		c.errorf(codeElem, "it quantizes a constant to %s; int8, uint8, int16 and uint16 are supported", elemName(int32(elem)))
		return
	}
	at, ok := c.index(l, len(scale))
	if !ok || !c.charge(l.len()) {
		return
	}
	out := &literal{elem: elem, shape: l.shape, i: make([]int64, l.len())}
	for i, x := range l.f {
		k := at(i)
		f := math.RoundToEven(float64(float32(x / scale[k])))
		if f != f {
			f = 0
		}
		out.i[i] = int64(min(max(f+float64(zero[k]), float64(lo)), float64(hi)))
	}
	c.fold(out)
}

// index gives which of n factors serves the element at a flat index.
func (c *call) index(l *literal, n int) (func(i int) int, bool) {
	if n == 1 {
		return func(int) int { return 0 }, true
	}
	a, ok := c.axis(c.intAttr("axis", 1), len(l.shape))
	if !ok {
		return nil, false
	}
	if l.shape[a] != n {
		c.errorf(codeFactor, "it has %d scales for an axis of %d", n, l.shape[a])
		return nil, false
	}
	inner := tensor.Elems(l.shape[a+1:])
	return func(i int) int { return i / inner % n }, true
}

func buildDequantizeLinear(c *call) {
	v := c.in[0]
	known := c.in[1].lit != nil && (!c.has(2) || c.in[2].lit != nil)
	switch {
	case c.blocked():
	case c.exact(0) && !(v.lit != nil && (known || !c.im.opt.Numbers)):
		c.dequantizeComputed()
	case v.lit != nil:
		def := v.lit.elem
		scale, zero, elem, ok := c.factors(1, 2, def)
		if ok && elem != def {
			c.errorf(codeFactor, "its zero point is %s, its codes are %s", elemName(int32(elem)), elemName(int32(def)))
		} else if ok {
			c.dequantizeLiteral(v.lit, scale, zero)
		}
	case v.codes == nil:
		c.errorf(codeElem, "its input %q holds float32 numbers, not codes", c.pb.Input[0])
	default:
		q, ok := c.one(1, 2)
		if !ok {
			return
		}
		if !q.equal(v.codes) {
			c.errorf(codeFactor, "it reads %q with scale %v and zero point %d (%s), but it was written with %v and %d (%s)", c.pb.Input[0],
				q.scale, q.zero, elemName(int32(q.elem)), v.codes.scale, v.codes.zero, elemName(int32(v.codes.elem)))
			return
		}
		c.alias(0)
		c.out[0].codes = nil
	}
}

// dequantizeLiteral computes what known codes stand for, and keeps their map.
func (c *call) dequantizeLiteral(l *literal, scale []float32, zero []int64) {
	if _, _, ok := codeRange(l.elem); !ok && l.elem != pb.TensorProto_INT32 {
		c.errorf(codeElem, "it reads %s as codes", elemName(int32(l.elem)))
		return
	}
	if l.hasFree() {
		c.errorf(codeBatch, "it computes with the free batch; fix the batch with --input-shape")
		return
	}
	at, ok := c.index(l, len(scale))
	if !ok || !c.charge(l.len()) {
		return
	}
	out := floatLiteral("", l.shape, make([]float32, l.len()))
	for i, q := range l.i {
		k := at(i)
		out.f[i] = float32(float32(q-zero[k]) * scale[k])
	}
	if lo, hi, ok := codeRange(l.elem); ok {
		w := &weightMap{axis: -1, scale: scale, bits: 8 * elemSize(l.elem)}
		if len(scale) > 1 {
			w.axis, _ = axisOf(c.intAttr("axis", 1), len(l.shape))
		}
		for i, z := range zero {
			if z < lo || z > hi {
				c.errorf(codeFactor, "zero point %d, %d, is no code of %s", i, z, elemName(int32(l.elem)))
				return
			}
			w.offset = append(w.offset, int(z-unsignedShift(l.elem)))
		}
		out.quant = w
	}
	c.fold(out)
}

// part runs another operator's handler on inputs that this node names, and gives its result; nil
// after a problem.
func (c *call) part(build func(*call), in ...*value) *ir.Value {
	all := c.in
	c.in = in
	build(c)
	c.in = all
	switch {
	case c.failed || c.out[0] == nil:
		c.failed = true
		return nil
	case c.out[0].node == nil:
		c.errorf(codeQuant, "it computes with constants alone; export with constants folded")
		return nil
	}
	return c.out[0].node
}

// dequantized is input i with factors s and z as numbers.
func (c *call) dequantized(i, s, z int) *value {
	v := c.in[i]
	q, ok := c.one(s, z)
	if !ok {
		return nil
	}
	if !q.equal(v.codes) {
		c.errorf(codeFactor, "its input %q was not written with its factors, scale %v and zero point %d of %s", c.pb.Input[i], q.scale, q.zero, elemName(int32(q.elem)))
		return nil
	}
	return &value{name: v.name, node: v.node}
}

// weightValue is input i with factors s and z as known numbers that keep their map; axis is that of
// their factors.
func (c *call) weightValue(i, s, z, axis int) *value {
	l := c.lit(i, "weights")
	if l == nil {
		return nil
	}
	scale, zero, _, ok := c.factors(s, z, l.elem)
	if !ok {
		return nil
	}
	return c.weightNumbers(l, scale, zero, axis)
}

func (c *call) weightNumbers(l *literal, scale []float32, zero []int64, axis int) *value {
	if _, _, ok := codeRange(l.elem); !ok || elemSize(l.elem) != 1 {
		c.errorf(codeElem, "its weights are %s, want int8 or uint8", elemName(int32(l.elem)))
		return nil
	}
	if len(scale) > 1 && (axis >= len(l.shape) || l.shape[axis] != len(scale)) {
		c.errorf(codeFactor, "it has %d weight scales for weights of shape %v", len(scale), l.shape)
		return nil
	}
	if !c.charge(l.len()) {
		return nil
	}
	w := &weightMap{axis: -1, scale: scale, bits: 8}
	inner := 1
	if len(scale) > 1 {
		w.axis, inner = axis, tensor.Elems(l.shape[axis+1:])
	}
	out := floatLiteral(l.name, l.shape, make([]float32, l.len()))
	for i, q := range l.i {
		k := i / max(inner, 1) % len(scale)
		out.f[i] = float32(float32(q-zero[k]) * scale[k])
	}
	for _, z := range zero {
		w.offset = append(w.offset, int(z-unsignedShift(l.elem)))
	}
	out.quant = w
	return &value{name: l.name, lit: out}
}

// biasNumbers are int32 codes in units of sx times the weight scales.
func biasNumbers(name string, b []int32, sx float32, sw []float32) *value {
	f := make([]float32, len(b))
	for i, v := range b {
		f[i] = float32(float64(v) * (float64(sx) * float64(sw[i%len(sw)])))
	}
	return &value{name: name, lit: floatLiteral(name, []int{len(f)}, f)}
}

func buildQLinearConv(c *call) {
	if c.exact(0) {
		c.exactQLinearConv()
		return
	}
	x, w := c.dequantized(0, 1, 2), (*value)(nil)
	if x != nil {
		w = c.weightValue(3, 4, 5, 0)
	}
	if w == nil {
		return
	}
	in := []*value{x, w}
	if c.has(8) && len(w.shape()) > 0 {
		b, ok := c.biasLiteral(8, w.shape()[0])
		if !ok {
			return
		}
		in = append(in, biasNumbers(c.name+"_bias", b, c.in[0].codes.scale, w.lit.quant.scale))
	}
	if y := c.part(buildConv, in...); y != nil {
		if q, ok := c.one(6, 7); ok {
			c.store(y, q)
		}
	}
}

func buildQLinearMatMul(c *call) {
	if c.exact(0) {
		if r := len(c.in[3].shape()); r > 0 {
			c.requantized(c.exactMatMul(0, 2, 3, 5), max(len(c.in[0].shape()), r)-1)
			return
		}
	}
	x, w := c.dequantized(0, 1, 2), (*value)(nil)
	if x != nil {
		w = c.weightValue(3, 4, 5, 1)
	}
	if w == nil {
		return
	}
	if y := c.part(buildMatMul, x, w); y != nil {
		if q, ok := c.one(6, 7); ok {
			c.store(y, q)
		}
	}
}

func buildConvInteger(c *call) { c.integerProduct("conv2d") }

func buildMatMulInteger(c *call) { c.integerProduct("dense") }

// integerProduct takes a product of codes as far as its accumulator.
func (c *call) integerProduct(op string) {
	q := c.in[0].codes
	switch {
	case c.in[0].dyn != nil:
		c.dynamicProduct(op)
		return
	case c.exact(0) && op == "conv2d":
		c.finish(0, c.exactConv(0, 2, 1, 3))
		return
	case c.exact(0):
		c.finish(0, c.exactMatMul(0, 2, 1, 3))
		return
	}
	l := c.lit(1, "weights")
	if l == nil {
		return
	}
	zero := func(i int) (int64, bool) {
		if !c.has(i) {
			return 0, true
		}
		z := c.lit(i, "zero point")
		if z == nil {
			return 0, false
		}
		if z.i == nil || z.len() != 1 {
			c.errorf(codeQuant, "its zero points are %d %s; only one integer is supported", z.len(), elemName(int32(z.elem)))
			return 0, false
		}
		return z.i[0], true
	}
	zx, ok := zero(2)
	if !ok {
		return
	}
	zw, ok := zero(3)
	if !ok {
		return
	}
	switch {
	case q == nil:
		c.errorf(codeQuant, "its input %q is not written by QuantizeLinear; factors that depend on the data of each call are not supported, quantize the model statically", c.pb.Input[0])
	case zx != q.zero:
		c.errorf(codeFactor, "its input %q was written with zero point %d, it is read with %d", c.pb.Input[0], q.zero, zx)
	default:
		a := &accumulator{layer: c, op: op, x: c.in[0], rank: len(c.in[0].shape())}
		if a.w, a.shape, ok = c.signedWeights(l, zw); !ok {
			return
		}
		if op == "dense" {
			if len(l.shape) != 2 {
				c.errorf(codeForm, "its weights have shape %v; only matrices are supported", l.shape)
				return
			}
			a.w, a.shape = turnCodes(a.w, l.shape[0], l.shape[1]), []int{l.shape[1], l.shape[0]}
		} else if a.attrs, ok = c.convAttrs(); !ok {
			return
		}
		if len(a.w) == 0 {
			c.errorf(codeTensor, "its weights have no elements (shape %v)", a.shape)
			return
		}
		c.set(&value{acc: a})
	}
}

// signedWeights are symmetric codes as int8.
func (c *call) signedWeights(l *literal, zero int64) ([]int8, []int, bool) {
	if _, _, ok := codeRange(l.elem); !ok || elemSize(l.elem) != 1 {
		c.errorf(codeElem, "its weights are %s, want int8 or uint8", elemName(int32(l.elem)))
		return nil, nil, false
	}
	if zero != unsignedShift(l.elem) {
		c.errorf(codeQuant, "its weights %q have the zero point %d; quantize weights symmetrically", l.name, zero)
		return nil, nil, false
	}
	w := make([]int8, l.len())
	for i, v := range l.i {
		w[i] = int8(v - zero)
	}
	return w, l.shape, true
}

// scaleAccumulator ends a layer of ConvInteger or MatMulInteger: the product with scale_x*scale_w.
func (c *call) scaleAccumulator() {
	v, other := c.in[0], c.in[1]
	if v.acc == nil {
		v, other = other, v
	}
	a, l := v.acc, other.lit
	if a.numbers != nil {
		c.dynamicLayer(a, other.dyn)
		return
	}
	if a.x.codes == nil || l == nil || l.elem != pb.TensorProto_FLOAT || !a.perOutput(l) {
		c.errorf(codeQuant, "it multiplies an accumulator by something other than a known float32 scale, one or one for each output channel")
		return
	}
	q := a.x.codes
	sw := make([]float32, l.len())
	for i, d := range l.f {
		sw[i] = float32(float64(d) / float64(q.scale))
		if !normal(d) || !normal(sw[i]) {
			c.errorf(codeFactor, "scale %d of the accumulator, %v, is not positive and finite", i, d)
			return
		}
	}
	if !c.charge(len(a.w)) {
		return
	}
	w := floatLiteral(a.layer.name+"_w", a.shape, make([]float32, len(a.w)))
	w.quant = &weightMap{axis: -1, scale: sw, offset: make([]int, len(sw)), bits: 8}
	if len(sw) > 1 {
		w.quant.axis = 0
	}
	for i, code := range a.w {
		w.f[i] = float32(float32(code) * sw[i/(len(a.w)/len(sw))])
	}
	operands := []*ir.Value{a.x.node, c.layerWeights(w)}
	if a.bias != nil {
		operands = append(operands, c.konst(biasNumbers(a.layer.name+"_bias", a.bias, q.scale, sw).lit))
	}
	c.underName(a.layer.name, func() { c.node("nn."+a.op, operands, a.attrs...) })
}
