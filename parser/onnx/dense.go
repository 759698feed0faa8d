package onnx

import (
	"github.com/amctc/amctc/ir"
)

// transposed is the (N, K) form of a (K, N) literal, every element times scale.
func transposed(l *literal, scale float32) *literal {
	k, n := l.shape[0], l.shape[1]
	f := make([]float32, k*n)
	for i := range k {
		for j := range n {
			f[j*k+i] = float32(l.f[i*n+j] * scale)
		}
	}
	t := floatLiteral(l.name, []int{n, k}, f)
	if l.quant != nil && scale == 1 {
		t.quant = l.quant.permuted([]int{1, 0})
	}
	return t
}

// scaled is l times a factor; l itself when the factor is one.
func scaled(l *literal, by float32) *literal {
	if by == 1 {
		return l
	}
	f := make([]float32, len(l.f))
	for i, v := range l.f {
		f[i] = float32(v * by)
	}
	return floatLiteral(l.name, l.shape, f)
}

// weights are input 1 as a matrix (outputs, inputs); nil after a problem.
func (c *call) weights(transB bool, alpha float32) *literal {
	b := c.floats(1, "weights")
	if b == nil {
		return nil
	}
	if transB {
		return scaled(b, alpha)
	}
	if !c.charge(b.len()) {
		return nil
	}
	return transposed(b, alpha)
}

// isLayer says whether input 1 is a constant matrix and input 0 is computed, or both are constants.
func (c *call) isLayer() bool { return c.in[1].lit != nil && len(c.in[1].lit.shape) == 2 }

// floatOperands reports operands of a product of computed matrices that are no float32 numbers.
func (c *call) floatOperands() bool {
	for i, v := range c.in[:2] {
		if v.quant != nil || v.acc != nil {
			c.errorf(codeForm, "its operand %q has codes, and the other is no constant matrix of codes", c.pb.Input[i])
			return false
		}
		if v.lit != nil && c.floats(i, "constant operand") == nil {
			return false
		}
	}
	return true
}

func buildMatMul(c *call) {
	if c.in[0].quant != nil {
		c.ascendDense(false)
		return
	}
	a, b := c.in[0].shape(), c.in[1].shape()
	if len(a) == 0 || len(b) == 0 {
		c.errorf(codeShape, "its operands have ranks %d and %d, want at least 1", len(a), len(b))
		return
	}
	if len(a) == 1 || len(b) == 1 {
		c.vectorProduct(a, b)
		return
	}
	if !c.isLayer() {
		if c.floatOperands() {
			c.node("nn.matmul", []*ir.Value{c.x(0), c.x(1)})
		}
		return
	}
	w := c.weights(false, 1)
	if w == nil {
		return
	}
	c.node("nn.dense", []*ir.Value{c.x(0), c.layerWeights(w)})
}

// vectorProduct is a product with a vector: a row, when it is the first operand, or a column, whose dimension the
// result does not have.
func (c *call) vectorProduct(a, b []int) {
	x, y := c.x(0), c.x(1)
	if x == nil || y == nil || !c.floatOperands() {
		c.failed = true
		return
	}
	var shape []int
	if len(a) == 1 {
		x = c.reshaped(x, 1, a[0])
	} else {
		shape = append(shape, a[:len(a)-1]...)
	}
	if len(b) == 1 {
		y = c.reshaped(y, b[0], 1)
	} else {
		shape = append(append(shape, b[:len(b)-2]...), b[len(b)-1])
	}
	c.finish(0, c.reshaped(c.two("nn.matmul", x, y), shape...))
}

func buildGemm(c *call) {
	if c.in[0].quant != nil {
		c.ascendDense(c.intAttr("transB", 0) != 0)
		return
	}
	if c.in[1].lit == nil {
		c.computedGemm()
		return
	}
	for i, which := range []string{"first", "second"} {
		if r := len(c.in[i].shape()); r != 2 {
			c.errorf(codeShape, "its %s operand has rank %d, want 2", which, r)
			return
		}
	}
	if c.intAttr("transA", 0) != 0 {
		v := c.emit("nn.transpose", c.label("_transA"), []*ir.Value{c.x(0)}, "perm", []int{1, 0})
		if v == nil {
			return
		}
		c.in[0] = c.im.valueOf(v)
	}
	w := c.weights(c.intAttr("transB", 0) != 0, c.floatAttr("alpha", 1))
	if w == nil {
		return
	}
	operands := []*ir.Value{c.x(0), c.layerWeights(w)}
	beta := c.floatAttr("beta", 1)
	if !c.has(2) || beta == 0 {
		c.node("nn.dense", operands)
		return
	}
	if l := c.in[2].lit; l != nil {
		if l = c.floats(2, "bias"); l == nil {
			return
		}
		if bias := gemmBias(scaled(l, beta), w.shape[0]); bias != nil {
			c.node("nn.dense", append(operands, c.konst(bias)))
			return
		}
		y := c.emit("nn.dense", c.label("_product"), operands)
		c.node("nn.add", []*ir.Value{y, c.konst(scaled(l, beta))})
		return
	}
	y := c.emit("nn.dense", c.label("_product"), operands)
	c.node("nn.add", []*ir.Value{y, c.times("beta", "_bias", c.x(2), beta)})
}

// computedGemm is a Gemm whose two matrices are both computed.
func (c *call) computedGemm() {
	for i, which := range []string{"first", "second"} {
		if r := len(c.in[i].shape()); r != 2 {
			c.errorf(codeShape, "its %s operand has rank %d, want 2", which, r)
			return
		}
	}
	if !c.floatOperands() {
		return
	}
	var operands []*ir.Value
	for i, attr := range []string{"transA", "transB"} {
		v := c.x(i)
		if c.intAttr(attr, 0) != 0 {
			v = c.emit("nn.transpose", c.label("_"+attr), []*ir.Value{v}, "perm", []int{1, 0})
		}
		operands = append(operands, v)
	}
	alpha, beta := c.floatAttr("alpha", 1), c.floatAttr("beta", 1)
	bias := c.has(2) && beta != 0
	if alpha == 1 && !bias {
		c.node("nn.matmul", operands)
		return
	}
	y := c.emit("nn.matmul", c.label("_product"), operands)
	if !bias {
		c.result(c.times("alpha", "_scaled", y, alpha))
		return
	}
	c.node("nn.add", []*ir.Value{c.times("alpha", "_scaled", y, alpha), c.times("beta", "_bias", c.x(2), beta)})
}

// times is v times the attribute of that name; v itself when it is one.
func (c *call) times(name, label string, v *ir.Value, by float32) *ir.Value {
	if by == 1 || v == nil {
		return v
	}
	return c.emit("nn.mul", c.label(label), []*ir.Value{v, c.konst(floatLiteral(c.name+"_"+name, nil, []float32{by}))})
}

// gemmBias is l as one number for each of n outputs; nil when it differs between rows.
func gemmBias(l *literal, n int) *literal {
	switch {
	case len(l.shape) > 2:
		return nil
	case l.len() == 1:
		f := make([]float32, n)
		for i := range f {
			f[i] = l.f[0]
		}
		return floatLiteral(l.name, []int{n}, f)
	case l.len() == n && l.shape[len(l.shape)-1] == n:
		return l.withShape([]int{n})
	}
	return nil
}
