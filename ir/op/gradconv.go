package op

import (
	"github.com/amctc/amctc/ir"
)

// Conv2DDX is the gradient of nn.conv2d by its input.
var Conv2DDX = &ir.OpDef{
	Name:    "t.conv2d_dx",
	Summary: "gradient of a convolution by its input",
	Doc: "dy is (N, O, OH, OW), w is (O, C/group, kh, kw); the result is (N, C, H, W) with size = [H, W]. Every element starts at +0 and adds float32(dy*w) " +
		"in descending order of kernel row and kernel column and ascending order of the group's output channels, over the outputs that read it.",
	Operands: []ir.Operand{{Name: "dy"}, {Name: "w"}},
	Attrs:    append(append([]ir.AttrDef{}, convAttrs...), ir.AttrDef{Name: "size", Kind: ir.AttrInts, Doc: "height and width of the input"}),
	Stages:   trainStages,
	Infer: func(c *ir.InferCtx) {
		if !wantFloat(c) || !wantRank(c, 0, 4) || !wantRank(c, 1, 4) {
			return
		}
		dy, w, g, size := c.In[0].Shape, c.In[1].Shape, c.Node.Int("group"), c.Node.Ints("size")
		if g < 1 || w[0]%g != 0 || dy[1] != w[0] || len(size) != 2 {
			c.Errorf("V040", "%d gradients of channels for %d output channels in %d groups", dy[1], w[0], g)
			return
		}
		shape := []int{dy[0], w[1] * g, size[0], size[1]}
		if windowFits(c, shape, w[2], w[3], dy) {
			c.Return(ir.Float(shape...))
		}
	},
	Eval: func(c *ir.EvalCtx) {
		dy, w, dx := c.In[0], c.In[1], c.Result(0)
		win, _ := WindowOf(c.Node, dx.Shape, w.Shape[2], w.Shape[3])
		g := c.Node.Int("group")
		cg, og := w.Shape[1], w.Shape[0]/g
		i := 0
		for n := range dx.Shape[0] {
			for ch := range dx.Shape[1] {
				for y := range win.H {
					for x := range win.W {
						var sum float32
						for ky := win.KH - 1; ky >= 0; ky-- {
							oy, ok := reads(y+win.Top-ky*win.DH, win.SH, win.OutH)
							if !ok {
								continue
							}
							for kx := win.KW - 1; kx >= 0; kx-- {
								ox, ok := reads(x+win.Left-kx*win.DW, win.SW, win.OutW)
								if !ok {
									continue
								}
								for oi := range og {
									o := ch/cg*og + oi
									d := dy.F32[((n*dy.Shape[1]+o)*win.OutH+oy)*win.OutW+ox]
									k := w.F32[((o*cg+ch%cg)*win.KH+ky)*win.KW+kx]
									sum = float32(sum + float32(d*k))
								}
							}
						}
						dx.F32[i] = sum
						i++
					}
				}
			}
		}
	},
}

// reads gives the output whose window begins at the padded position at.
func reads(at, stride, n int) (int, bool) {
	return at / stride, at >= 0 && at%stride == 0 && at/stride < n
}

// windowFits checks that a window over an input of the given shape gives outputs as many as dy has.
func windowFits(c *ir.InferCtx, in []int, kh, kw int, dy []int) bool {
	win, problem := WindowOf(c.Node, in, kh, kw)
	if problem == "" && (win.OutH != dy[2] || win.OutW != dy[3]) {
		problem = "the gradient has another height or width than the output"
	}
	if problem != "" {
		c.Errorf("V043", "%s", problem)
	}
	return problem == ""
}

// Conv2DDW is the gradient of nn.conv2d by its weights.
var Conv2DDW = &ir.OpDef{
	Name:    "t.conv2d_dw",
	Summary: "gradient of a convolution by its weights",
	Doc: "x is (N, C, H, W), dy is (N, O, OH, OW); the result is (O, C/group, kh, kw) with kernel = [kh, kw]. Within a sample every element starts at +0 and adds float32(x*dy) in " +
		"ascending order of output row and output column, x in the padding counting as +0; then the samples' sums are added in ascending order from +0.",
	Operands: []ir.Operand{{Name: "x"}, {Name: "dy"}},
	Attrs:    append(append([]ir.AttrDef{}, convAttrs...), kernelAttr),
	Stages:   trainStages,
	Infer: func(c *ir.InferCtx) {
		if !wantFloat(c) || !wantRank(c, 0, 4) || !wantRank(c, 1, 4) {
			return
		}
		x, dy, g, k := c.In[0].Shape, c.In[1].Shape, c.Node.Int("group"), c.Node.Ints("kernel")
		if g < 1 || x[1]%g != 0 || dy[1]%g != 0 || len(k) != 2 || x[0] != dy[0] {
			c.Errorf("V040", "group %d does not divide %d input and %d output channels", g, x[1], dy[1])
			return
		}
		if windowFits(c, x, k[0], k[1], dy) {
			c.Return(ir.Float(dy[1], x[1]/g, k[0], k[1]))
		}
	},
	Eval: func(c *ir.EvalCtx) {
		x, dy, dw := c.In[0], c.In[1], c.Result(0)
		k := c.Node.Ints("kernel")
		win, _ := WindowOf(c.Node, x.Shape, k[0], k[1])
		g := c.Node.Int("group")
		cg, og := x.Shape[1]/g, dy.Shape[1]/g
		i := 0
		for o := range dw.Shape[0] {
			for ci := range cg {
				ch := o/og*cg + ci
				for ky := range win.KH {
					for kx := range win.KW {
						var sum float32
						for n := range x.Shape[0] {
							var s float32
							for oy := range win.OutH {
								for ox := range win.OutW {
									var v float32
									y, xx := oy*win.SH-win.Top+ky*win.DH, ox*win.SW-win.Left+kx*win.DW
									if y >= 0 && y < win.H && xx >= 0 && xx < win.W {
										v = x.F32[((n*x.Shape[1]+ch)*win.H+y)*win.W+xx]
									}
									d := dy.F32[((n*dy.Shape[1]+o)*win.OutH+oy)*win.OutW+ox]
									s = float32(s + float32(v*d))
								}
							}
							sum = float32(sum + s)
						}
						dw.F32[i] = sum
						i++
					}
				}
			}
		}
	},
}

func gradConv(c *ir.GradCtx) {
	n, dy := c.Node, c.Out[0]
	x, w := n.Operands[0], n.Operands[1]
	attrs := func(name string, v any) ir.Attrs {
		return append(ir.AttrsOf(name, v), n.Attrs.Clone()...)
	}
	if c.Want[0] {
		c.In[0] = c.Build("t.conv2d_dx", attrs("size", []int{x.Type.Shape[2], x.Type.Shape[3]}), dy, w)
	}
	if c.Want[1] {
		c.In[1] = c.Build("t.conv2d_dw", attrs("kernel", []int{w.Type.Shape[2], w.Type.Shape[3]}), x, dy)
	}
	if len(c.Want) > 2 && c.Want[2] {
		c.In[2] = c.Build("t.channel_sum", nil, dy)
	}
}

// gradDense writes the gradients as products of transposed matrices; x has rank 2.
func gradDense(c *ir.GradCtx) {
	n, dy := c.Node, c.Out[0]
	x, w := n.Operands[0], n.Operands[1]
	turned := func(v *ir.Value) *ir.Value { return c.Build("nn.transpose", ir.AttrsOf("perm", []int{1, 0}), v) }
	rows := func(v *ir.Value) *ir.Value {
		if s := v.Type.Shape; len(s) > 2 {
			return c.Build("nn.reshape", ir.AttrsOf("shape", []int{-1, s[len(s)-1]}), v)
		}
		return v
	}
	if c.Want[0] {
		d := c.Build("nn.dense", nil, rows(dy), turned(w))
		if len(x.Type.Shape) > 2 {
			d = c.Build("nn.reshape", ir.AttrsOf("shape", x.Type.Shape), d)
		}
		c.In[0] = d
	}
	if c.Want[1] {
		c.In[1] = c.Build("nn.dense", nil, turned(rows(dy)), turned(rows(x)))
	}
	if len(c.Want) > 2 && c.Want[2] {
		c.In[2] = c.Build("t.channel_sum", nil, rows(dy))
	}
}
