package op

import (
	"slices"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/tensor"
)

// PoolIndices says where the maxima of windows lie.
var PoolIndices = &ir.OpDef{
	Name:    "nn.max_pool2d_indices",
	Summary: "where the maximum of each window lies: the second result of MaxPool",
	Doc: "x is (N, C, H, W), float32 or codes; the maximum is that of nn.max_pool2d, the first of equal elements. The result is int64: element (c, y, x) of a sample is (c*H+y)*W+x, or (c*W+x)*H+y by columns; " +
		"with whole, C*H*W more for each sample in front.",
	Operands: []ir.Operand{{Name: "x"}},
	Attrs: []ir.AttrDef{kernelAttr, padAttr, strideAttr, dilationAttr,
		{Name: "columns", Kind: ir.AttrBool, Default: false, Doc: "whether the elements of an image are counted by columns"},
		wholeAttr},
	Traits: ir.Ranks,
	Stages: floatStages,
	Infer: func(c *ir.InferCtx) {
		if !wantRanked(c) || !wantWhole(c) {
			return
		}
		if shape, ok := poolShape(c); ok {
			c.Return(ir.TensorType(tensor.I64, shape...))
		}
	},
	Eval: func(c *ir.EvalCtx) {
		x, out := c.In[0], c.Result(0)
		h, w := x.Shape[2], x.Shape[3]
		sample := x.Shape[1] * h * w
		poolEach(c, func(i, _ int, taps func(func(at int))) {
			best := -1
			taps(func(at int) {
				if best < 0 || compare(x, at, best) > 0 {
					best = at
				}
			})
			index := best
			if c.Node.Bool("columns") {
				index = best/(h*w)*h*w + best%w*h + best/w%h
			}
			if !c.Node.Bool("whole") {
				index -= best / sample * sample
			}
			out.I64[i] = int64(index)
		})
	},
}

var wholeAttr = ir.AttrDef{Name: "whole", Kind: ir.AttrBool, Default: false, Doc: "whether indices count from the first sample's first element, not from their own sample's"}

func wantWhole(c *ir.InferCtx) bool {
	if c.Node.Bool("whole") && c.In[0].IsFree() {
		c.Errorf("V046", "indices count over all samples; give --input-shape to fix the batch")
		return false
	}
	return true
}

// MaxUnpool puts elements where indices say.
var MaxUnpool = &ir.OpDef{
	Name:    "nn.max_unpool2d",
	Summary: "elements put back at the places that a pooling took them from, with zeros elsewhere",
	Doc: "x is (N, C, h, w), indices of its shape are those of nn.max_pool2d_indices by rows, of images of the size given. Elements are put in ascending order, the last of equal places stays; " +
		"an index that does not lie in the sample, or with whole in the tensor, is left out. Codes keep their map.",
	Arithmetic: "moves codes; elsewhere stands the code of zero",
	Operands:   []ir.Operand{{Name: "x"}, {Name: "indices", Index: true}},
	Attrs: []ir.AttrDef{
		{Name: "size", Kind: ir.AttrInts, Doc: "rows and columns of the result"},
		wholeAttr,
	},
	Traits: ir.KeepsParams,
	Stages: floatStages,
	Grad: func(c *ir.GradCtx) {
		c.In[0] = c.Build("t.max_unpool2d_dx", ir.AttrsOf("whole", c.Node.Bool("whole")), c.Out[0], c.Node.Operands[1])
	},
	Infer: func(c *ir.InferCtx) {
		t, u := c.In[0], c.In[1]
		if t.IsQuant() && !wantCodes(c, 0) || !wantRank(c, 0, 4) || !wantWhole(c) {
			return
		}
		size := c.Node.Ints("size")
		switch {
		case u.DType != tensor.I64 || u.IsQuant() || !slices.Equal(u.Shape, t.Shape):
			c.Errorf("V045", "operand 1 is %s, want int64 indices of the shape of %s", u, t)
		case len(size) != 2 || size[0] < t.Shape[2] || size[1] < t.Shape[3] || slices.Max(size) > 1<<20:
			c.Errorf("V043", "size %v, want at least the rows and columns of %s, and at most 2^20", size, t)
		default:
			c.Return(t.WithShape([]int{t.Shape[0], t.Shape[1], size[0], size[1]}))
		}
	},
	Eval: func(c *ir.EvalCtx) {
		x, out := c.In[0], c.Result(0)
		if zero := PadCode(c.InType[0], 0); out.DType == tensor.I8 {
			for i := range out.I8 {
				out.I8[i] = zero
			}
		}
		places(c, x, out, func(i, at int) { out.Move(at, x, i) })
	},
}

// MaxUnpoolDX is the gradient of nn.max_unpool2d.
var MaxUnpoolDX = &ir.OpDef{
	Name:     "t.max_unpool2d_dx",
	Summary:  "gradient of elements put back at places",
	Doc:      "Each element has the gradient of its place, also where several share it; 0 where its index was left out.",
	Operands: []ir.Operand{{Name: "dy"}, {Name: "indices", Index: true}},
	Attrs:    []ir.AttrDef{wholeAttr},
	Stages:   trainStages,
	Infer: func(c *ir.InferCtx) {
		t, u := c.In[0], c.In[1]
		if !t.IsFloat() || u.DType != tensor.I64 || len(t.Shape) != 4 || len(u.Shape) != 4 || !slices.Equal(t.Shape[:2], u.Shape[:2]) {
			c.Errorf("V045", "operands are %s and %s, want images of float32 and int64 indices for as many channels", t, u)
			return
		}
		c.Return(ir.Float(u.Shape...))
	},
	Eval: func(c *ir.EvalCtx) {
		dy, dx := c.In[0], c.Result(0)
		places(c, dx, dy, func(i, at int) { dx.F32[i] = dy.F32[at] })
	},
}

// places gives the place at in the images for each element i of the pooled, in ascending order, where operand 1 has one that exists.
func places(c *ir.EvalCtx, pooled, images *tensor.Tensor, each func(i, at int)) {
	from, to := tensor.Elems(pooled.Shape[1:]), tensor.Elems(images.Shape[1:])
	for i, at := range c.In[1].I64 {
		base, size := i/from*to, to
		if c.Node.Bool("whole") {
			base, size = 0, images.Len()
		}
		if at >= 0 && at < int64(size) {
			each(i, base+int(at))
		}
	}
}
