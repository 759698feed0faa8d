package op

import (
	"math"
	"slices"

	"github.com/amctc/amctc/ir"
)

// The ways to sample an image and to read what lies outside it, in the order of the numbers that kernels know them by.
var (
	SampleModes   = []string{"nearest", "bilinear", "bicubic"}
	SampleBorders = []string{"zeros", "border", "reflection"}
)

// farthest bounds the coordinates of samples: whole numbers and halves up to it are exact in float32.
const farthest = 1 << 22

// GridSample reads images at computed places.
var GridSample = &ir.OpDef{
	Name:    "nn.grid_sample",
	Summary: "images sampled at the places that a grid names: spatial transformers, optical flow",
	Doc: "x is (N, C, H, W), grid (N or 1, OutH, OutW, 2) with places (x, y) from -1 to 1. Along an axis of n pixels g is at p = float32(float32(g+1)*float32(n-1))/2 " +
		"with align, else at float32(float32(float32(g+1)*n)-1)/2; NaN counts as -2^22, and p ends at -2^22 and 2^22. Reflection: r = fmod(|p-lo|, 2*span), 2*span-r where it is above span, " +
		"and lo more; lo is 0 and span n-1 with align (p is 0 where span is), else -1/2 and n. Border, and reflection at last, end at 0 and n-1. " +
		"Nearest and bilinear move p so and then find pixels: round half to even; or f = floor(p) and f+1 with weights float32(1-t) and t = float32(p-f). " +
		"Bicubic has the pixels f-1 to f+2, each moved alone, with the weights of A = -0.75 in float32: of distance d to 1 ((1.25*d-2.25)*d)*d+1, beyond ((-0.75*d+3.75)*d-6)*d+3. " +
		"The result starts at +0 and adds float32(float32(wy*wx)*x) by rows, then columns; pixels that do not exist are skipped.",
	Operands: []ir.Operand{{Name: "x"}, {Name: "grid"}},
	Attrs: []ir.AttrDef{
		{Name: "mode", Kind: ir.AttrString, Default: "bilinear", Doc: "nearest, bilinear or bicubic"},
		{Name: "border", Kind: ir.AttrString, Default: "zeros", Doc: "what lies outside: zeros, border or reflection"},
		{Name: "align", Kind: ir.AttrBool, Default: false, Doc: "whether -1 and 1 are the centres of the outermost pixels, not their outer edges"},
	},
	Stages: floatStages,
	Infer: func(c *ir.InferCtx) {
		if !wantFloat(c) || !wantRank(c, 0, 4) || !wantRank(c, 1, 4) {
			return
		}
		x, g := c.In[0].Shape, c.In[1].Shape
		if g[3] != 2 || g[0] != x[0] && g[0] != 1 {
			c.Errorf("V045", "operands are %s and %s, want as many grids as images, or one, of two numbers for each place", c.In[0], c.In[1])
			return
		}
		if x[2] < 1 || x[3] < 1 || x[2] > 1<<20 || x[3] > 1<<20 {
			c.Errorf("V043", "operand 0 is %s, want images of 1 to 2^20 rows and columns", c.In[0])
			return
		}
		if SampleMode(c.Node) < 0 || SampleBorder(c.Node) < 0 {
			c.Errorf("V052", "mode %v and border %v, want one of %v and one of %v", c.Node.Attr("mode"), c.Node.Attr("border"), SampleModes, SampleBorders)
			return
		}
		c.Return(ir.Float(x[0], x[1], g[1], g[2]))
	},
	Eval: func(c *ir.EvalCtx) {
		x, grid, out := c.In[0], c.In[1], c.Result(0)
		n, ch, h, w := x.Shape[0], x.Shape[1], x.Shape[2], x.Shape[3]
		places := out.Shape[2] * out.Shape[3]
		for i := range n {
			for p := range places {
				g := grid.F32[2*p:]
				if grid.Shape[0] > 1 {
					g = grid.F32[2*(i*places+p):]
				}
				cols, rows := samples(c.Node, g[0], w), samples(c.Node, g[1], h)
				for k := range ch {
					var sum float32
					for _, r := range rows {
						for _, q := range cols {
							if r.at >= 0 && r.at < h && q.at >= 0 && q.at < w {
								sum = float32(sum + float32(float32(r.weight*q.weight)*x.F32[((i*ch+k)*h+r.at)*w+q.at]))
							}
						}
					}
					out.F32[(i*ch+k)*places+p] = sum
				}
			}
		}
	},
}

// SampleMode is the number of a node's mode, -1 when there is none of that name.
func SampleMode(n *ir.Node) int { return numbered(n, "mode", SampleModes) }

// SampleBorder is the number of a node's border.
func SampleBorder(n *ir.Node) int { return numbered(n, "border", SampleBorders) }

func numbered(n *ir.Node, attr string, names []string) int {
	name, _ := n.Attr(attr).(string)
	return slices.Index(names, name)
}

// A sampled pixel is at a place along an axis.
type sampled struct {
	at     int
	weight float32
}

// samples are the pixels of an axis of n that make the sample at g.
func samples(node *ir.Node, g float32, n int) []sampled {
	mode, border, align := SampleMode(node), SampleBorder(node), node.Bool("align")
	move := func(p float32) float32 {
		if border == 2 {
			p = reflected(p, n, align)
		}
		if border > 0 {
			p = min(max(p, 0), float32(n-1))
		}
		return p
	}
	p := float32(g + 1)
	if align {
		p = float32(p*float32(n-1)) / 2
	} else {
		p = float32(float32(p*float32(n))-1) / 2
	}
	if !(p > -farthest) {
		p = -farthest
	}
	p = min(p, farthest)
	if mode < 2 {
		p = move(p)
	}
	if mode == 0 {
		return []sampled{{int(math.RoundToEven(float64(p))), 1}}
	}
	f := float32(math.Floor(float64(p)))
	t := float32(p - f)
	if mode == 1 {
		return []sampled{{int(f), float32(1 - t)}, {int(f) + 1, t}}
	}
	s := float32(1 - t)
	list := []sampled{{weight: cubicFar(float32(t + 1))}, {weight: cubicNear(t)}, {weight: cubicNear(s)}, {weight: cubicFar(float32(s + 1))}}
	for i := range list {
		list[i].at = int(move(float32(f + float32(i-1))))
	}
	return list
}

func cubicNear(d float32) float32 {
	v := float32(float32(1.25*d) - 2.25)
	return float32(float32(float32(v*d)*d) + 1)
}

func cubicFar(d float32) float32 {
	v := float32(float32(-0.75*d) + 3.75)
	v = float32(float32(v*d) - 6)
	return float32(float32(v*d) + 3)
}

// reflected is p between the edges of an axis of n pixels, mirrored at them as often as it takes.
func reflected(p float32, n int, align bool) float32 {
	lo, span := float32(-.5), float32(n)
	if align {
		lo, span = 0, float32(n-1)
	}
	if span == 0 {
		return 0
	}
	period := float32(2 * span)
	r := float32(math.Mod(math.Abs(float64(float32(p-lo))), float64(period)))
	if r > span {
		r = float32(period - r)
	}
	return float32(r + lo)
}
