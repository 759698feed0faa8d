package onnx

import (
	"math"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/op"
	pb "github.com/amctc/amctc/parser/onnx/onnxpb"
)

// AMCT's fake-quantized model writes a quantization as Mul(1/scale), Round, Add(offset), Clip,
// Sub(offset), a layer as the float operator on whole numbers, and its end as Mul(scale_d*scale_w)
// (AMCT 1.12). The chain from Round to Sub becomes q.quantize with scale 1 and q.dequantize, which
// compute exactly that; where the layer around it is whole, buildMul makes the integer layer that the
// deploy model has.

// A chain is a tensor between Round and the end of a quantization.
type chain struct {
	src     *ir.Value // what is rounded
	rounded *ir.Value // the integers, until something is done to them
	offset  int32
	added   bool // the offset has been added
	clipped bool
}

// buildRound starts a chain, or evaluates.
func buildRound(c *call) {
	if c.in[0].lit != nil || c.im.opt.Numbers {
		c.unary("nn.round")
		return
	}
	x := c.x(0)
	c.set(&value{chain: &chain{src: x, rounded: c.emit("nn.round", "", []*ir.Value{x})}})
}

// plainRounds makes a Round like any other of an input that something else than a number is done to.
func (c *call) plainRounds() {
	for i, v := range c.in {
		if v.chain == nil || v.chain.rounded == nil {
			continue
		}
		if other := c.in[len(c.in)-1-i]; other.lit == nil || other.lit.len() != 1 {
			c.in[i] = &value{name: v.name, node: v.chain.rounded}
		}
	}
}

const chainForm = "rounding is supported only as AMCT writes a quantization: Mul, Round, Add, Clip, Sub"

// chainOffset is the known number beside a chain, which must be a code.
func (c *call) chainOffset(v *value) (int32, bool) {
	if l := v.lit; l != nil && l.elem == pb.TensorProto_FLOAT && l.len() == 1 && l.f[0] == float32(int32(l.f[0])) && l.f[0] >= -128 && l.f[0] <= 127 {
		return int32(l.f[0]), true
	}
	c.errorf(codeQuant, "%s; its other input is no offset from -128 to 127", chainForm)
	return 0, false
}

func (c *call) chainAdd() {
	a, b := c.in[0], c.in[1]
	if a.chain == nil {
		a, b = b, a
	}
	if a.chain.added || a.chain.clipped {
		c.errorf(codeQuant, "%s", chainForm)
		return
	}
	if o, ok := c.chainOffset(b); ok {
		next := *a.chain
		next.rounded = nil
		next.added, next.offset = true, o
		c.set(&value{chain: &next})
	}
}

func (c *call) chainClip(lo, hi float32) {
	k := c.in[0].chain
	switch {
	case k.clipped:
		c.errorf(codeQuant, "%s", chainForm)
	case lo != -128 || hi != 127:
		c.errorf(codeQuant, "it clips codes to [%v, %v]; only activations of 8 bits, -128 to 127, are supported", lo, hi)
	case k.added:
		next := *k
		next.clipped = true
		c.set(&value{chain: &next})
	default:
		c.endChain(k)
	}
}

func (c *call) chainSub() {
	k := c.in[0].chain
	if k == nil || !k.clipped {
		c.errorf(codeQuant, "%s", chainForm)
		return
	}
	if o, ok := c.chainOffset(c.in[1]); ok && o != k.offset {
		c.errorf(codeFactor, "it subtracts the offset %d, where %d was added", o, k.offset)
	} else if ok {
		c.endChain(k)
	}
}

// endChain emits the quantization.
func (c *call) endChain(k *chain) {
	x := c.quantized(c.name+".codes", k.src, 1, k.offset)
	if x != nil {
		x = c.emit("q.dequantize", "", []*ir.Value{x})
	}
	c.result(x)
}

// wholeNumbers finds the source of a tensor that endChain made, where it is a product with one known
// number.
func wholeNumbers(v *ir.Value) (in source, ok bool) {
	d := v.Def
	if d == nil || d.Op.Name != "q.dequantize" || d.Operands[0].Def == nil || d.Operands[0].Def.Op.Name != "q.quantize" {
		return in, false
	}
	s, o := d.Operands[0].Type.Quant.At(0)
	p := d.Operands[0].Def.Operands[0].Def
	if s != 1 || p == nil || p.Op.Name != "nn.mul" {
		return in, false
	}
	a, b := p.Operands[0], p.Operands[1]
	if a.IsConst() {
		a, b = b, a
	}
	if a.IsConst() || !b.IsConst() || b.Const.Data.Len() != 1 || len(b.Type.Shape) > len(a.Type.Shape) || !normal(b.Const.Data.F32[0]) {
		return in, false
	}
	return source{src: a, r: b.Const.Data.F32[0], offset: o, scaled: p.Result()}, true
}

// foldDequant recognizes the product that ends a fake-quantized layer or tensor, emits the integer
// form and says whether it did.
func (c *call) foldDequant() bool {
	x, l := c.in[0].node, c.in[1].lit
	if x == nil {
		x, l = c.in[1].node, c.in[0].lit
	}
	if x == nil || x.Def == nil || l == nil || l.elem != pb.TensorProto_FLOAT || l.len() == 0 {
		return false
	}
	for _, d := range l.f {
		if !normal(d) {
			return false
		}
	}
	if in, ok := wholeNumbers(x); ok {
		return c.foldAntiQuant(in, l)
	}
	n, bias := x.Def, (*ir.Value)(nil)
	if n.Op.Name == "nn.add" && n.Operands[1].IsConst() && n.Operands[0].Def != nil && n.Operands[0].Def.Op.Name == "nn.dense" && len(n.Operands[0].Def.Operands) == 2 {
		n, bias = n.Operands[0].Def, n.Operands[1]
	}
	if n.Op.Name != "nn.conv2d" && n.Op.Name != "nn.dense" || !n.Operands[1].IsConst() {
		return false
	}
	in, ok := wholeNumbers(n.Operands[0])
	if !ok {
		return false
	}
	if len(n.Operands) == 3 {
		bias = n.Operands[2]
	}
	w := n.Operands[1].Const.Data
	a := &accumulator{op: n.Op.Name[len("nn."):], shape: w.Shape, rank: len(n.Operands[0].Type.Shape)}
	a.layer = &call{im: c.im, pb: c.pb, name: n.Name, span: n.Span}
	for _, at := range n.Attrs {
		a.attrs = append(a.attrs, at.Name, at.Value)
	}
	if a.w, ok = whole[int8](w.F32, -128, 127); !ok {
		return false
	}
	if bias != nil {
		if !bias.IsConst() || bias.Const.Data.Len() != a.outs() || bias.Type.Shape[len(bias.Type.Shape)-1] != a.outs() {
			return false
		}
		if a.bias, ok = whole[int32](bias.Const.Data.F32, math.MinInt32, math.MaxInt32); !ok {
			return false
		}
	}
	if !a.perOutput(l) {
		return false
	}
	// A layer whose integers are not possible, such as sums beyond int32, stays in float.
	y, _ := c.integerLayer(a, in, l.f, "")
	if y == nil {
		return c.failed
	}
	c.result(y)
	return true
}

// foldAntiQuant is foldDequant for a tensor that is quantized for itself.
func (c *call) foldAntiQuant(in source, l *literal) bool {
	if l.len() != 1 || len(l.shape) > len(in.src.Type.Shape) || op.Reciprocal(l.f[0]) != in.r {
		return false
	}
	x := c.quantized(c.name+".quant", in.src, l.f[0], in.offset)
	if x != nil {
		x = c.emit("q.dequantize", "", []*ir.Value{x})
	}
	c.result(x)
	return true
}

// whole converts numbers to integers in [lo, hi]; ok is false when one is none.
func whole[T int8 | int32](v []float32, lo, hi float64) (out []T, ok bool) {
	out = make([]T, len(v))
	for i, x := range v {
		f := float64(x)
		if f != math.Trunc(f) || f < lo || f > hi {
			return nil, false
		}
		out[i] = T(f)
	}
	return out, true
}
