package op

import (
	"slices"
	"strconv"

	"github.com/amctc/amctc/ir"
)

// MatMul is the float product of two computed matrices.
var MatMul = &ir.OpDef{
	Name:    "nn.matmul",
	Summary: "matrix product of two computed operands",
	Doc: "a is (..., M, K), b is (..., K, N); the dimensions before the last two broadcast as in numpy; the result is (..., M, N). " +
		"Every output starts at +0 and adds float32(a*b) in ascending k. A product with constant weights is nn.dense.",
	Operands: []ir.Operand{{Name: "a"}, {Name: "b"}},
	Stages:   floatStages,
	Infer: func(c *ir.InferCtx) {
		if !wantFloat(c) {
			return
		}
		if shape, ok := matMulShape(c); ok {
			c.Return(ir.Float(shape...))
		}
	},
	Eval: evalMatMul,
	Grad: gradMatMul,
	Quant: &ir.QuantRule{Twin: "q.matmul", Activations: []int{0, 1}, Weights: -1, Bias: -1, FloatResult: true, Symmetric: true,
		Applies: matMulFits},
}

// QMatMul is the integer product of two computed matrices.
var QMatMul = &ir.OpDef{
	Name:    "q.matmul",
	Summary: "integer matrix product of two computed operands",
	Doc: "a is int8 (..., M, K), b int8 (..., K, N), each with one factor whose offset is 0; K is at most 65536. Dimensions before the last two broadcast. " +
		"The written result type decides: int8 codes are requantized, float32 is the accumulator's value.",
	Arithmetic: "as q.dense, with acc = sum over k of a*b and s_x*s_w = s_a*s_b",
	Operands:   []ir.Operand{{Name: "a"}, {Name: "b"}},
	Attrs:      []ir.AttrDef{clipAttr},
	Stages:     intStages,
	Infer:      inferQMatMul,
	Eval:       evalQMatMul,
}

// MaxInner is the largest K of q.matmul: products of an unsigned byte with a signed one stay within int32
// up to 65793 of them.
const MaxInner = 1 << 16

// matMulFits says why a product stays float, or "".
func matMulFits(n *ir.Node) string {
	if k := n.Operands[1].Type.Shape; k[len(k)-2] > MaxInner {
		return "it sums more than 65536 products, which may leave int32"
	}
	return ""
}

func matMulShape(c *ir.InferCtx) ([]int, bool) {
	a, b := c.In[0].Shape, c.In[1].Shape
	if len(a) < 2 || len(b) < 2 {
		c.Errorf("V056", "operands are %s and %s, want rank 2 or more", c.In[0], c.In[1])
		return nil, false
	}
	m, k, n := a[len(a)-2], a[len(a)-1], b[len(b)-1]
	if inner := b[len(b)-2]; inner != k || k == ir.Free {
		c.Errorf("V056", "rows of a have %s elements, columns of b %s", dimText(k), dimText(inner))
		return nil, false
	}
	lead, err := broadcast(a[:len(a)-2], b[:len(b)-2])
	if err != nil {
		c.Errorf("V045", "%v", err)
		return nil, false
	}
	shape := append(slices.Clone(lead), m, n)
	if slices.Contains(shape[1:], ir.Free) {
		c.Errorf("V056", "the rows of a are the free batch, and b is a matrix for each sample")
		return nil, false
	}
	return shape, true
}

func dimText(d int) string {
	if d == ir.Free {
		return "?"
	}
	return strconv.Itoa(d)
}

func inferQMatMul(c *ir.InferCtx) {
	shape, ok := matMulShape(c)
	if !ok || !wantCodes(c, 0) || !wantCodes(c, 1) {
		return
	}
	for i, t := range c.In {
		if o := t.Quant.Offset[0]; o != 0 {
			c.Errorf("V057", "operand %d has offset %d, want symmetric codes", i, o)
			return
		}
	}
	if k := c.In[1].Shape[len(c.In[1].Shape)-2]; k > MaxInner {
		c.Errorf("V038", "sums of %d products may leave int32, want at most %d", k, MaxInner)
		return
	}
	accResult(c, shape)
}

// eachProduct calls f for every matrix of the result with the first elements of the matrices that it is the
// product of.
func eachProduct(c *ir.EvalCtx, f func(out, a, b, m, k, n int)) {
	x, y := c.In[0].Shape, c.In[1].Shape
	m, k, n := x[len(x)-2], x[len(x)-1], y[len(y)-1]
	shape := c.OutType[0].Shape
	lead := shape[:len(shape)-2]
	sa, sb := broadcastStrides(x[:len(x)-2], lead), broadcastStrides(y[:len(y)-2], lead)
	each(lead, sa, sb, func(i, a, b int) { f(i*m*n, a*m*k, b*k*n, m, k, n) })
}

func evalMatMul(c *ir.EvalCtx) {
	x, y, out := c.In[0], c.In[1], c.Result(0)
	eachProduct(c, func(at, a, b, m, k, n int) {
		for i := range m {
			for j := range n {
				var sum float32
				for t := range k {
					sum = float32(sum + float32(x.F32[a+i*k+t]*y.F32[b+t*n+j]))
				}
				out.F32[at+i*n+j] = sum
			}
		}
	})
}

func evalQMatMul(c *ir.EvalCtx) {
	acc, put := newAccumulator(c), accWriter(c)
	eachProduct(c, func(at, a, b, m, k, n int) {
		for i := range m {
			for j := range n {
				acc.start(0)
				for t := range k {
					acc.add(a+i*k+t, b+t*n+j)
				}
				put(at+i*n+j, 0, acc)
			}
		}
	})
}

// gradMatMul: the gradient of a is dy*b', that of b is a'*dy, each summed over the dimensions along which
// the operand is repeated.
func gradMatMul(c *ir.GradCtx) {
	dy, a, b := c.Out[0], c.Node.Operands[0], c.Node.Operands[1]
	turned := func(v *ir.Value) *ir.Value {
		perm := make([]int, len(v.Type.Shape))
		for i := range perm {
			perm[i] = i
		}
		last := len(perm) - 1
		perm[last], perm[last-1] = last-1, last
		return c.Build("nn.transpose", ir.AttrsOf("perm", perm), v)
	}
	if c.Want[0] {
		c.In[0] = sumTo(c, c.Build("nn.matmul", nil, dy, turned(b)), a)
	}
	if c.Want[1] {
		c.In[1] = sumTo(c, c.Build("nn.matmul", nil, turned(a), dy), b)
	}
}
