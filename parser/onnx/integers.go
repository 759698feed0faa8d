package onnx

import (
	"slices"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/tensor"
	pb "github.com/amctc/amctc/parser/onnx/onnxpb"
)

// The methods of this file do the arithmetic of quantized operators as ONNX defines it, on tensors of integers
// that are not written by a QuantizeLinear with known factors: constants, inputs of an evaluated network, and
// what DynamicQuantizeLinear computes. Factors may be computed too. Known tensors are folded like any others; a
// network that is compiled has no computed ones.

// exact says whether input i is a tensor of plain integers: known, or computed in a network that is evaluated.
func (c *call) exact(i int) bool {
	v := c.in[i]
	return v.lit != nil || v.node != nil && v.codes == nil && c.im.opt.Numbers
}

// maxExact is how many products of two differences of codes, each at most 255, float32 adds up exactly.
const maxExact = 1 << 24 / (255 * 255)

// factorsAlong shapes scales or zero points for a tensor of the rank: one for the whole tensor, or one for each index
// of the axis.
func (c *call) factorsAlong(v *ir.Value, rank, axis int) *ir.Value {
	switch {
	case v == nil:
		return nil
	case v.Type.Elems() == 1 && len(v.Type.Shape) <= 1:
		return c.reshaped(v)
	case len(v.Type.Shape) == 1 && axis < rank:
		shape := span(1, rank, 0)
		shape[axis] = v.Type.Shape[0]
		return c.reshaped(v, shape...)
	}
	return v
}

// roundedTo is round(v) + zero, clamped to the type; v is a quotient of a number and its scale. A nil zero stands
// for 0.
func (c *call) roundedTo(elem pb.TensorProto_DataType, v, zero *ir.Value) *ir.Value {
	lo, hi, ok := codeRange(elem)
	if !ok {
		c.errorf(codeElem, "it quantizes to %s; int8, uint8, int16 and uint16 are supported", elemName(int32(elem)))
		return nil
	}
	v = c.one1("nn.round", v)
	if zero != nil {
		v = c.two("nn.add", v, c.casted(zero, tensor.F32))
	}
	v = c.one1("nn.clip", v, "min", float32(lo), "max", float32(hi))
	return c.casted(v, dtype(elem))
}

// centred is the int32 difference of codes and their zero point; nil zero stands for 0.
func (c *call) centred(q, zero *ir.Value) *ir.Value {
	v := c.casted(q, tensor.I32)
	if zero == nil || v == nil {
		return v
	}
	return c.two("nn.sub", v, c.casted(zero, tensor.I32))
}

// zeroPoint is input i shaped for codes of the rank; nil when it is left out. ok is false after a problem.
func (c *call) zeroPoint(i, rank, axis int) (zero *ir.Value, ok bool) {
	if !c.has(i) {
		return nil, true
	}
	zero = c.factorsAlong(c.x(i), rank, axis)
	return zero, zero != nil
}

// factorAxis is the axis, of so many, that the scales of input 1 go along; 0 when there is one scale. ok is false after a problem.
func (c *call) factorAxis(rank int) (axis int, ok bool) {
	if v := c.in[1].shape(); len(v) != 1 || v[0] == 1 {
		return 0, true
	}
	return c.axis(c.intAttr("axis", 1), rank)
}

// quantizeComputed is QuantizeLinear with any factors and plain integers as its result.
func (c *call) quantizeComputed() {
	s := c.in[0].shape()
	axis, ok := c.factorAxis(len(s))
	if !ok {
		return
	}
	elem := pb.TensorProto_UINT8
	if c.has(2) {
		elem = c.in[2].elem()
	}
	if zero, ok := c.zeroPoint(2, len(s), axis); ok {
		c.finish(0, c.roundedTo(elem, c.two("nn.div", c.x(0), c.factorsAlong(c.x(1), len(s), axis)), zero))
	}
}

// dequantizeComputed is DequantizeLinear of plain integers: (q - zero) * scale.
func (c *call) dequantizeComputed() {
	s := c.in[0].shape()
	axis, ok := c.factorAxis(len(s))
	if !ok {
		return
	}
	if zero, ok := c.zeroPoint(2, len(s), axis); ok {
		v := c.casted(c.centred(c.x(0), zero), tensor.F32)
		c.finish(0, c.two("nn.mul", v, c.factorsAlong(c.x(1), len(s), axis)))
	}
}

// codesAt checks that input i holds codes of 8 bits, whose differences exactProduct multiplies exactly.
func (c *call) codesAt(i int) bool {
	if e := c.in[i].elem(); e != pb.TensorProto_INT8 && e != pb.TensorProto_UINT8 {
		c.errorf(codeElem, "its input %q holds %s, want int8 or uint8", c.pb.Input[i], elemName(int32(e)))
		return false
	}
	return true
}

// exactMatMul is the int32 product of the matrices of codes in inputs i and k with zero points zi and zk, which are
// one, or one for each row of the first and column of the second; nil after a problem.
func (c *call) exactMatMul(i, zi, k, zk int) *ir.Value {
	if !c.codesAt(i) || !c.codesAt(k) {
		return nil
	}
	ra, rb := len(c.in[i].shape()), len(c.in[k].shape())
	if ra < 2 || rb < 2 {
		c.errorf(codeForm, "its operands have ranks %d and %d, want matrices", ra, rb)
		return nil
	}
	za, ok := c.zeroPoint(zi, ra, ra-2)
	if !ok {
		return nil
	}
	zb, ok := c.zeroPoint(zk, rb, rb-1)
	if !ok {
		return nil
	}
	a, b := c.casted(c.centred(c.x(i), za), tensor.F32), c.casted(c.centred(c.x(k), zb), tensor.F32)
	if a == nil || b == nil {
		return nil
	}
	inner := a.Type.Shape[ra-1]
	if n := b.Type.Shape[rb-2]; inner != n || inner == ir.Free || inner < 1 {
		c.errorf(codeShape, "rows of its first operand have %s elements, columns of the second %s", dimText(inner), dimText(n))
		return nil
	}
	return c.summed(inner, maxExact, func(list []int) *ir.Value {
		return c.two("nn.matmul", c.take(a, ra-1, list), c.take(b, rb-2, list))
	})
}

// summed adds, as int32, products over pieces of n inputs of which each is exact in float32.
func (c *call) summed(n, piece int, product func(list []int) *ir.Value) *ir.Value {
	var sum *ir.Value
	if !c.charge(n) {
		return nil
	}
	for at := 0; at < n && !c.failed; at += piece {
		v := c.casted(product(span(at, min(piece, n-at), 1)), tensor.I32)
		if sum != nil {
			v = c.two("nn.add", sum, v)
		}
		sum = v
	}
	return sum
}

// exactConv is the int32 convolution of the images of codes in input i with the weights in input k; the zero point
// of the images is one, that of the weights one or one for each output channel. Nil after a problem.
func (c *call) exactConv(i, zi, k, zk int) *ir.Value {
	if !c.codesAt(i) || !c.codesAt(k) {
		return nil
	}
	all := c.in
	c.in = []*value{all[i], all[k]}
	attrs, ok := c.convAttrs()
	c.in = all
	if !ok {
		return nil
	}
	ws, groups := all[k].shape(), max(c.intAttr("group", 1), 1)
	zx, ok := c.zeroPoint(zi, 4, 1)
	if !ok {
		return nil
	}
	zw, ok := c.zeroPoint(zk, 4, 0)
	if !ok {
		return nil
	}
	x, w := c.casted(c.centred(c.x(i), zx), tensor.F32), c.casted(c.centred(c.x(k), zw), tensor.F32)
	if x == nil || w == nil {
		return nil
	}
	channels, piece := x.Type.Shape[1], maxExact/min(ws[2]*ws[3], maxExact+1)
	if piece == 0 {
		c.errorf(codeForm, "its kernel has %d taps; exact integer arithmetic is supported up to %d", ws[2]*ws[3], maxExact)
		return nil
	}
	if ws[1] < 1 || groups > channels || channels != ws[1]*groups {
		c.errorf(codeShape, "its weights of shape %v take %d channels, the images have %d", ws, ws[1]*groups, channels)
		return nil
	}
	return c.summed(ws[1], piece, func(list []int) *ir.Value {
		var from []int
		for g := range groups {
			for _, ch := range list {
				from = append(from, g*ws[1]+ch)
			}
		}
		return c.do("nn.conv2d", []*ir.Value{c.take(x, 1, from), c.take(w, 1, list)}, attrs...)
	})
}

// requantized ends QLinearConv and QLinearMatMul, whose operands have the scales of inputs 1 and 4 and whose result
// has that of input 6 and the zero point of input 7: round(acc * (s_a*s_b/s_y)) + z_y. axis is that of the scales
// of the weights in the result.
func (c *call) requantized(acc *ir.Value, axis int) {
	if acc == nil {
		c.failed = true
		return
	}
	rank := len(acc.Type.Shape)
	scales := c.two("nn.mul", c.factorsAlong(c.x(1), rank, rank-2), c.factorsAlong(c.x(4), rank, axis))
	y := c.factorsAlong(c.x(6), rank, rank)
	zero, ok := c.zeroPoint(7, rank, rank)
	if !ok || y == nil {
		c.failed = true
		return
	}
	if y.Type.Elems() != 1 || zero != nil && zero.Type.Elems() != 1 {
		c.errorf(codeQuant, "its result has several scales or zero points; only one for the whole tensor is supported")
		return
	}
	m := c.two("nn.div", scales, y)
	c.finish(0, c.roundedTo(c.in[7].elem(), c.two("nn.mul", c.casted(acc, tensor.F32), m), zero))
}

// exactQLinearConv is QLinearConv of plain integers.
func (c *call) exactQLinearConv() {
	acc := c.exactConv(0, 2, 3, 5)
	if acc != nil && c.has(8) {
		if e := c.in[8].elem(); e != pb.TensorProto_INT32 {
			c.errorf(codeElem, "its bias, %q, holds %s, want INT32", c.pb.Input[8], elemName(int32(e)))
			return
		}
		acc = c.two("nn.add", acc, c.factorsAlong(c.x(8), 4, 1))
	}
	c.requantized(acc, 1)
}

// dynamicFactors computes what DynamicQuantizeLinear does: uint8 codes whose range holds 0 and all of x, its scale
// and its zero point.
func (c *call) dynamicFactors(x *ir.Value) (codes, scale, zero *ir.Value) {
	if x == nil || !c.fixed(x) {
		return nil, nil, nil
	}
	axes := span(0, len(x.Type.Shape), 1)
	none := c.like(x, 0)
	hi := c.two("nn.max", c.reduced("max", x, axes, false), none)
	lo := c.two("nn.min", c.reduced("min", x, axes, false), none)
	scale = c.two("nn.div", c.two("nn.sub", hi, lo), c.like(x, 255))
	z := c.one1("nn.round", c.one1("nn.clip", c.two("nn.div", c.two("nn.sub", none, lo), scale), "min", float32(0), "max", float32(255)))
	zero = c.casted(z, tensor.U8)
	return c.roundedTo(pb.TensorProto_UINT8, c.two("nn.div", x, scale), zero), scale, zero
}

// onlyPaired says whether every reader of a tensor of codes takes codes as such, so that the graph holds what they
// stand for. What a function or a branch gives is taken for paired.
func (im *importer) onlyPaired(name string) bool {
	if im.scope.readers == nil {
		im.scope.readers = make(map[string][]*pb.NodeProto)
		for _, n := range im.nodes {
			for _, in := range n.Input {
				im.scope.readers[in] = append(im.scope.readers[in], n)
			}
		}
	}
	seen := map[string]bool{name: true}
	for work := []string{name}; len(work) > 0; work = work[1:] {
		if slices.Contains(im.scope.outputs, work[0]) && im.nesting == 0 {
			return false
		}
		for _, n := range im.scope.readers[work[0]] {
			r, ok := im.takes[n.OpType]
			switch {
			case !ok || r&readsCodes != 0:
			case r&movesCodes == 0:
				return false
			case len(n.Output) > 0 && !seen[n.Output[0]]:
				seen[n.Output[0]] = true
				work = append(work, n.Output[0])
			}
		}
	}
	return true
}
