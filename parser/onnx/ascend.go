package onnx

import (
	"math"
	"slices"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/diag"
	"github.com/amctc/amctc/ir/op"
	"github.com/amctc/amctc/ir/tensor"
	"github.com/amctc/amctc/parser/amct"
	pb "github.com/amctc/amctc/parser/onnx/onnxpb"
)

// ascendCodes are fin(float32(src*r)) with an offset. The file has r = 1/scale_d, and the scale_w of
// a layer only in the product scale_d*scale_w: scale_d itself follows from both, see split.
type ascendCodes struct {
	src    *ir.Value
	r      float32
	offset int32
}

// ascendMode refuses the attributes of AMCT's operators that change their arithmetic.
func (c *call) ascendMode() bool {
	if c.intAttr("sqrt_mode", 0) != 0 {
		c.errorf(codeQuant, "sqrt_mode is not supported; export with fakequant_precision_mode DEFAULT")
	}
	if m := c.stringAttr("round_mode", "Round"); m != "Round" {
		c.errorf(codeQuant, "round_mode is %q; only Round, half to even, is supported", m)
	}
	if t := c.stringAttr("dst_type", "INT8"); t != "INT8" {
		c.errorf(codeQuant, "dst_type is %q; only activations of INT8 are supported, quantize the layer with act_type INT8", t)
	}
	return !c.failed
}

func buildAscendQuant(c *call) {
	r, o := c.floatAttr("scale", 0), c.floatAttr("offset", 0)
	switch {
	case !c.ascendMode():
	case c.in[0].lit != nil:
		c.errorf(codeQuant, "it quantizes a constant; quantize constants ahead of time")
	case !normal(r):
		c.errorf(codeFactor, "its scale is %v, want a positive number", r)
	case o != float32(int32(o)) || o < -128 || o > 127:
		c.errorf(codeFactor, "its offset is %v, want a code from -128 to 127", o)
	default:
		c.set(&value{quant: &ascendCodes{src: c.x(0), r: r, offset: int32(o)}})
	}
}

// normal says whether v is positive and neither it nor its reciprocal is infinite or subnormal.
func normal(v float32) bool { return v >= 0x1p-126 && v <= 0x1p126 }

// ascendConv takes a convolution of codes as far as its accumulator.
func (c *call) ascendConv() {
	l := c.int8Literal(1, "weights")
	if l == nil {
		return
	}
	s, w := l.shape, int8s(l.i)
	if x := c.in[0].shape(); len(s) == 4 && len(x) == 4 && c.intAttr("group", 1) == 1 && s[1] > 0 && x[1] == 2*s[1] {
		w, s = unpackAxis(w, s, 1)
		l = &literal{name: l.name, elem: l.elem, shape: s}
		c.in[1] = &value{name: c.in[1].name, lit: l}
	}
	attrs, ok := c.convAttrs()
	if ok {
		c.accumulate(&accumulator{layer: c, op: "conv2d", attrs: attrs, x: c.in[0], w: w, shape: s, rank: 4})
	}
}

// ascendDense takes a matrix product of codes as far as its accumulator.
func (c *call) ascendDense(transB bool) {
	l := c.int8Literal(1, "weights")
	if l == nil {
		return
	}
	x := c.in[0].shape()
	switch {
	case len(l.shape) != 2 || len(x) < 2:
		c.errorf(codeForm, "it multiplies shapes %v and %v; only matrices of weights are supported", x, l.shape)
		return
	case c.pb.OpType == "Gemm" && (len(x) != 2 || c.intAttr("transA", 0) != 0 || c.floatAttr("alpha", 1) != 1 || c.floatAttr("beta", 1) != 1):
		c.errorf(codeForm, "a product of codes takes matrices as they are, with alpha and beta of 1")
		return
	}
	w, s, k := int8s(l.i), l.shape, x[len(x)-1]
	axis := 0
	if transB {
		axis = 1
	}
	if s[axis] > 0 && 2*s[axis] == k {
		w, s = unpackAxis(w, s, axis)
	}
	if !transB {
		w, s = turnCodes(w, s[0], s[1]), []int{s[1], s[0]}
	}
	c.accumulate(&accumulator{layer: c, op: "dense", x: c.in[0], w: w, shape: s, rank: len(x)})
}

// accumulate makes a, with the bias of input 2, output 0.
func (c *call) accumulate(a *accumulator) {
	if len(a.w) == 0 {
		c.errorf(codeTensor, "its weights have no elements (shape %v)", a.shape)
		return
	}
	if c.has(2) {
		b, ok := c.biasLiteral(2, a.outs())
		if !ok {
			return
		}
		a.bias = b
	}
	c.set(&value{acc: a})
}

// unpackAxis takes bytes of two 4-bit codes apart along an axis (AMCT 2.3).
func unpackAxis(b []int8, shape []int, axis int) ([]int8, []int) {
	s := slices.Clone(shape)
	s[axis] *= 2
	inner := tensor.Elems(shape[axis+1:])
	out := make([]int8, 2*len(b))
	for i, v := range b {
		at := i/inner*2*inner + i%inner
		pair := amct.UnpackInt4([]byte{byte(v)})
		out[at], out[at+inner] = pair[0], pair[1]
	}
	return out, s
}

// buildAscendDequant is the end of a layer: y = acc*scale.
func buildAscendDequant(c *call) {
	a := c.in[0].acc
	if a == nil || a.x.quant == nil {
		c.errorf(codeQuant, "its input %q is not the accumulator of a layer that reads AscendQuant", c.pb.Input[0])
		return
	}
	l := c.lit(1, "parameters")
	switch {
	case l == nil || !c.ascendMode():
		return
	case l.elem != pb.TensorProto_UINT64:
		c.errorf(codeElem, "its parameters, %q, hold %s, want UINT64", c.pb.Input[1], elemName(int32(l.elem)))
		return
	case l.len() != 1 && l.len() != a.outs():
		c.errorf(codeFactor, "it has %d parameters, want 1 or one for each of %d output channels", l.len(), a.outs())
		return
	case c.intAttr("dtype", 0) != 0:
		c.errorf(codeQuant, "dtype %d is not supported; only 0, float32, is: quantize the network in float32", c.intAttr("dtype", 0))
		return
	}
	d, shift := make([]float32, l.len()), make([]int, l.len())
	for i, word := range l.i {
		p, ok := amct.UnpackDequant(uint64(word))
		switch {
		case !ok || !normal(p.Scale):
			c.errorf(codeFactor, "parameter %d, %#x, holds no positive scale", i, uint64(word))
		case (p.Shift == 0) != (shift[0] == 0) && i > 0:
			c.errorf(codeFactor, "parameter %d has the shift %d beside %d; all have one, or none has", i, p.Shift, shift[0])
		case p.OffsetW != 0:
			c.errorf(codeQuant, "parameter %d has the weight offset %d; weights must be symmetric", i, p.OffsetW)
		}
		if c.failed {
			return
		}
		d[i], shift[i] = p.Scale, int(p.Shift)
	}
	if shift[0] > 0 {
		with := *a
		with.attrs = append(slices.Clone(a.attrs), "shift", shift)
		a = &with
	}
	relu := c.intAttr("relu_flag", 0) != 0
	label := ""
	if relu {
		label = c.label("_linear")
	}
	q := a.x.quant
	y, bad := c.integerLayer(a, source{src: q.src, r: q.r, offset: q.offset}, d, label)
	for _, text := range bad {
		c.errorf(codeQuant, "%s %q: %s", a.layer.pb.OpType, a.layer.name, text)
	}
	if relu && y != nil {
		y = c.emit("nn.relu", "", []*ir.Value{y})
	}
	c.result(y)
}

func buildAscendAntiQuant(c *call) {
	q := c.in[0].quant
	if q == nil {
		c.errorf(codeQuant, "its input %q is not the result of AscendQuant", c.pb.Input[0])
		return
	}
	s, o := c.floatAttr("scale", 0), c.floatAttr("offset", 0)
	switch {
	case !c.ascendMode():
		return
	case op.Reciprocal(s) != q.r || o != float32(-q.offset):
		c.errorf(codeFactor, "its scale %v and offset %v are not those of the AscendQuant before it, 1/%v and %d", s, o, q.r, q.offset)
		return
	}
	x := c.quantized(c.name+".quant", q.src, s, q.offset)
	if x != nil {
		x = c.emit("q.dequantize", "", []*ir.Value{x})
	}
	c.result(x)
}

// A source is what a layer quantizes: fin(float32(src*r)) with an offset. scaled is the product, where
// the graph has it already.
type source struct {
	src    *ir.Value
	r      float32
	offset int32
	scaled *ir.Value
}

// A quantKey is a quantization of a tensor: scale, or its reciprocal, and offset.
type quantKey struct {
	v      *ir.Value
	scale  float32
	offset int32
}

// quantized gives the codes of v, made once for each pair of factors; nil after a problem.
func (c *call) quantized(name string, v *ir.Value, s float32, o int32) *ir.Value {
	k := quantKey{v, s, o}
	if q := c.im.quantized[k]; q != nil {
		return q
	}
	t := ir.Quantized(ir.PerTensor(s, o))
	var l diag.List
	c.im.b.Diags = &l
	q := c.im.b.Node(ir.NodeSpec{Op: "q.quantize", Name: name, Value: v.Name + "_q", Operands: []*ir.Value{v}, Elem: &t, Span: c.span})
	if q == nil {
		c.errorf(codeQuant, "%s", l.Error())
		return nil
	}
	c.im.quantized[k] = q
	return q
}

// integerLayer emits a layer whose accumulator is multiplied by d, one factor or one for each output,
// and says what is wrong with it.
func (c *call) integerLayer(a *accumulator, in source, d []float32, label string) (y *ir.Value, problems []string) {
	x, s := in.src, float32(0)
	k := quantKey{in.src, in.r, in.offset}
	s, sw, ok := split(in.r, d, c.im.scales[k])
	if ok {
		c.im.scales[k] = s
	} else {
		// No two float32 factors have this reciprocal and these products: the product with the
		// reciprocal becomes an operator of its own, and the scale of the codes is 1.
		s, sw = 1, d
		if x = in.scaled; x == nil {
			x = c.emit("nn.mul", ir.Identifier(a.layer.name)+"_scaled", []*ir.Value{in.src, c.konst(floatLiteral(a.layer.name+"_scale", []int{1}, []float32{in.r}))})
		}
		if x == nil {
			return nil, nil
		}
	}
	if x = c.quantized(a.layer.name+".quant", x, s, in.offset); x == nil {
		return nil, nil
	}
	wq := ir.PerTensor(sw[0], 0)
	if len(sw) > 1 {
		wq = ir.PerChannel(0, sw)
	}
	bias := a.bias
	if bias == nil {
		bias = make([]int32, a.outs())
	}
	w := c.im.addConst(a.layer.name+"_w", ir.Quantized(wq, a.shape...), tensor.FromI8(a.w, a.shape...))
	b := c.im.addConst(a.layer.name+"_b", ir.TensorType(tensor.I32, len(bias)), tensor.FromI32(bias, len(bias)))
	if label == "" {
		label = c.label("")
	}
	t := ir.Float()
	var l diag.List
	c.im.b.Diags = &l
	y = c.im.b.Node(ir.NodeSpec{Op: "q." + a.op, Name: a.layer.name, Value: label, Operands: []*ir.Value{x, w, b}, Attrs: ir.AttrsOf(a.attrs...),
		Elem: &t, Span: a.layer.span})
	for _, d := range l.Sorted() {
		problems = append(problems, d.Message)
	}
	if y == nil {
		return nil, problems
	}
	if _, ok := tensor.CheckedElems(y.Type.Bind(1).Shape, maxElems); !ok {
		c.errorf(codeTooLarge, "its result would be %s, 2^31 elements or more", y.Type)
		return nil, nil
	}
	return y, nil
}

// split finds float32 factors s and sw with 1/s = r and s*sw = d, each rounded once, for every d:
// the activation and weight scales that AMCT made r and d from. Several s can have one reciprocal;
// first, then the nearest, that serves all of d is taken.
func split(r float32, d []float32, first float32) (s float32, sw []float32, ok bool) {
	for _, s := range append([]float32{first}, neighbours(op.Reciprocal(r), 3)...) {
		if !normal(s) || op.Reciprocal(s) != r {
			continue
		}
		if sw := quotients(s, d); sw != nil {
			return s, sw, true
		}
	}
	return 0, nil, false
}

// quotients are numbers whose products with s, rounded, are d; nil when one of d has none.
func quotients(s float32, d []float32) []float32 {
	out := make([]float32, len(d))
	for i, want := range d {
		j := slices.IndexFunc(neighbours(float32(float64(want)/float64(s)), 2), func(q float32) bool {
			if op.AccScale(s, q) != want || !normal(q) {
				return false
			}
			out[i] = q
			return true
		})
		if j < 0 {
			return nil
		}
	}
	return out
}

// neighbours lists v and its n neighbours on either side, nearest first.
func neighbours(v float32, n int) []float32 {
	out := []float32{v}
	lo, hi := v, v
	for range n {
		lo, hi = math.Nextafter32(lo, 0), math.Nextafter32(hi, math.MaxFloat32)
		out = append(out, lo, hi)
	}
	return out
}
