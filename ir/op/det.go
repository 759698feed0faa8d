package op

import (
	"math"
	"slices"

	"github.com/amctc/amctc/ir"
)

// Det is the determinant of matrices. It is evaluated, not compiled.
var Det = &ir.OpDef{
	Name:     "nn.det",
	Summary:  "determinants of matrices",
	Doc:      "x is (..., M, M). Elimination by columns in float64, with the first of the greatest elements of a column as its pivot; the product of the pivots, from the first on, is rounded to the type of x.",
	Operands: []ir.Operand{{Name: "x"}},
	Stages:   evaluatedStages,
	Infer: func(c *ir.InferCtx) {
		t := c.In[0]
		n := len(t.Shape)
		if !t.DType.IsFloat() || n < 2 || t.Shape[n-1] != t.Shape[n-2] || t.Shape[n-1] == ir.Free {
			c.Errorf("V031", "operand 0 is %s, want square matrices of floats", t)
			return
		}
		if t.Shape[n-1] > 1<<10 {
			c.Errorf("V031", "operand 0 is %s; matrices have at most 1024 rows", t)
			return
		}
		c.Return(t.WithShape(slices.Clone(t.Shape[:n-2])))
	},
	Eval: func(c *ir.EvalCtx) {
		x, out := c.In[0], c.Result(0)
		n := x.Shape[len(x.Shape)-1]
		m := make([][]float64, n)
		for k := range out.Len() {
			for i := range m {
				m[i] = make([]float64, n)
				for j := range m[i] {
					m[i][j] = x.Real((k*n+i)*n + j)
				}
			}
			out.SetReal(k, determinant(m))
		}
	},
}

func determinant(m [][]float64) float64 {
	det := 1.
	for p := range m {
		best := p
		for i := p + 1; i < len(m); i++ {
			if math.Abs(m[i][p]) > math.Abs(m[best][p]) {
				best = i
			}
		}
		if m[best][p] == 0 {
			return 0
		}
		if best != p {
			m[p], m[best], det = m[best], m[p], -det
		}
		det = float64(det * m[p][p])
		for i := p + 1; i < len(m); i++ {
			f := m[i][p] / m[p][p]
			for j := p; j < len(m); j++ {
				m[i][j] -= float64(f * m[p][j])
			}
		}
	}
	return det
}
