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
			f[j*k+i] = l.f[i*n+j] * scale
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
		f[i] = v * by
	}
	return floatLiteral(l.name, l.shape, f)
}

// weights are input 1 as a matrix (outputs, inputs); nil after a problem.
func (c *call) weights(transB bool, alpha float32) *literal {
	if c.in[1].lit == nil {
		c.errorf(codeConst, "its second operand, %q, is computed at run time; products of two computed matrices are not supported, one must be a constant weight", c.pb.Input[1])
		return nil
	}
	b := c.floats(1, "weights")
	if b == nil {
		return nil
	}
	if len(b.shape) != 2 {
		c.errorf(codeForm, "its weights have shape %v; only matrices (rank 2) are supported", b.shape)
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

func buildMatMul(c *call) {
	if c.in[0].quant != nil {
		c.ascendDense(false)
		return
	}
	if c.in[0].lit != nil && c.in[1].lit == nil {
		c.errorf(codeForm, "its first operand is the constant and the second is computed; export the layer as x·W")
		return
	}
	w := c.weights(false, 1)
	if w == nil {
		return
	}
	if r := len(c.in[0].shape()); r < 2 {
		c.errorf(codeForm, "its first operand has rank %d; vectors are not supported, give it a batch dimension", r)
		return
	}
	c.node("nn.dense", []*ir.Value{c.x(0), c.layerWeights(w)})
}

func buildGemm(c *call) {
	if c.in[0].quant != nil {
		c.ascendDense(c.intAttr("transB", 0) != 0)
		return
	}
	if c.intAttr("transA", 0) != 0 {
		c.errorf(codeForm, "transA=1 is not supported; transpose the operand in front of it")
		return
	}
	if r := len(c.in[0].shape()); r != 2 {
		c.errorf(codeShape, "its first operand has rank %d, want 2", r)
		return
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
	bias := c.x(2)
	if beta != 1 {
		bias = c.emit("nn.mul", c.label("_bias"), []*ir.Value{bias, c.konst(floatLiteral(c.name+"_beta", nil, []float32{beta}))})
	}
	c.node("nn.add", []*ir.Value{y, bias})
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
