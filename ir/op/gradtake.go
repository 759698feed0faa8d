package op

import (
	"slices"

	"github.com/amctc/amctc/ir"
)

// gradTake adds up, for each entry of x's axis, the gradients of the entries that it became.
func gradTake(c *ir.GradCtx) {
	axis, list := c.Node.Int("axis"), c.Node.Ints("indices")
	n := c.Node.Operands[0].Type.Shape[axis]
	readers := make([][]int, n)
	most := 0
	for i, v := range list {
		if v >= 0 {
			readers[v] = append(readers[v], i)
			most = max(most, len(readers[v]))
		}
	}
	take := func(indices []int) *ir.Value {
		return c.Build("nn.take", ir.AttrsOf("axis", axis, "indices", indices), c.Out[0])
	}
	if n == 1 && most > 1 { // repeated along the axis
		v := c.Out[0]
		if len(readers[0]) < len(list) {
			v = take(readers[0])
		}
		c.In[0] = c.Build("nn.reduce_sum", ir.AttrsOf("axes", []int{axis}), v)
		return
	}
	if most > 1 {
		weights := make([]float32, n*most)
		indices := make([]int, n*most)
		for j, r := range readers {
			for t, i := range r {
				indices[j*most+t], weights[j*most+t] = i, 1
			}
		}
		c.In[0] = c.Build("nn.resample", ir.AttrsOf("axis", axis, "taps", most, "indices", indices, "weights", weights), c.Out[0])
		return
	}
	back := slices.Repeat([]int{-1}, n)
	for j, r := range readers {
		if len(r) > 0 {
			back[j] = r[0]
		}
	}
	c.In[0] = take(back)
}

// gradResample is the transposed sum.
func gradResample(c *ir.GradCtx) {
	axis, taps := c.Node.Int("axis"), c.Node.Int("taps")
	indices, weights := c.Node.Ints("indices"), Floats(c.Node, "weights")
	n := c.Node.Operands[0].Type.Shape[axis]
	count, most := make([]int, n), 1
	for _, v := range indices {
		count[v]++
		most = max(most, count[v])
	}
	clear(count)
	at, by := make([]int, n*most), make([]float32, n*most)
	for k, v := range indices {
		at[v*most+count[v]], by[v*most+count[v]] = k/taps, weights[k]
		count[v]++
	}
	c.In[0] = c.Build("nn.resample", ir.AttrsOf("axis", axis, "taps", most, "indices", at, "weights", by), c.Out[0])
}
