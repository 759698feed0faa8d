package op

import (
	"math"
	"slices"

	"github.com/amctc/amctc/ir"
)

// RoiAlign averages regions of images.
var RoiAlign = &ir.OpDef{
	Name:    "nn.roi_align",
	Summary: "regions of images, each divided into bins, with the mean or maximum of samples of each bin",
	Doc: "x is (N, C, H, W), rois (R, 4) with (x1, y1, x2, y2); batch names the image of each. Along an axis a region begins at s = float32(float32(x1*scale)-o) and has the size z = float32(float32(float32(x2*scale)-o)-s), o 1/2 with half_pixel, else 0 and z at least 1; " +
		"a bin has b = float32(z/bins) and n samples: samples, or where that is 0 ceil(b) up to 256. Sample i of bin k is at p = float32(float32(s+float32(k*b))+float32(float32((i+0.5)*b)/n)); " +
		"one that is not between -1 and the axis' size counts as 0. Others go to at least 0 and lie between f = floor(p) and f+1, with weights float32(1-t) and t = float32(p-f), or on the last pixel. " +
		"A mean adds from +0 float32(float32(wy*wx)*x) by samples, rows, columns, and divides by the samples; a maximum is the greatest of these products, as ONNX Runtime has it. Without samples the result is 0.",
	Operands: []ir.Operand{{Name: "x"}, {Name: "rois"}},
	Attrs: []ir.AttrDef{
		{Name: "batch", Kind: ir.AttrInts, Doc: "image of each region"},
		{Name: "size", Kind: ir.AttrInts, Doc: "rows and columns of bins"},
		{Name: "samples", Kind: ir.AttrInt, Default: 0, Doc: "samples of a bin along each axis; 0 follows the region's size"},
		{Name: "scale", Kind: ir.AttrFloat, Default: float32(1), Doc: "pixels of x for one of the regions' units"},
		{Name: "half_pixel", Kind: ir.AttrBool, Default: true, Doc: "whether pixel centres lie at halves of the regions' units"},
		{Name: "greatest", Kind: ir.AttrBool, Default: false, Doc: "whether bins have maxima, not means"},
	},
	Stages: floatStages,
	Infer: func(c *ir.InferCtx) {
		if !wantFloat(c) || !wantRank(c, 0, 4) || !wantRank(c, 1, 2) {
			return
		}
		x, r := c.In[0].Shape, c.In[1].Shape
		size, batch := c.Node.Ints("size"), c.Node.Ints("batch")
		switch {
		case x[0] == ir.Free || r[0] == ir.Free:
			c.Errorf("V046", "regions belong to images of any sample; give --input-shape to fix the batch")
			return
		case r[1] != 4 || len(batch) != r[0]:
			c.Errorf("V045", "operand 1 is %s with %d images, want four numbers and one image for each region", c.In[1], len(batch))
			return
		case len(size) != 2 || slices.Min(size) < 1 || slices.Max(size) > 1<<12 || slices.Max(x[2:]) > 1<<20:
			c.Errorf("V043", "bins %v of %s, want 1 to 4096 rows and columns of bins, and images of at most 2^20 rows and columns", size, c.In[0])
			return
		case c.Node.Int("samples") < 0 || c.Node.Int("samples") > mostSamples || !finite(c.Node.Float("scale")):
			c.Errorf("V052", "%d samples and scale %v, want 0 to %d and a number", c.Node.Int("samples"), c.Node.Float("scale"), mostSamples)
			return
		}
		for _, b := range batch {
			if b < 0 || b >= x[0] {
				c.Errorf("V050", "there is no image %d in %s", b, c.In[0])
				return
			}
		}
		c.Return(ir.Float(r[0], x[1], size[0], size[1]))
	},
	Eval: func(c *ir.EvalCtx) {
		x, out := c.In[0], c.Result(0)
		ch, h, w := x.Shape[1], x.Shape[2], x.Shape[3]
		size := c.Node.Ints("size")
		for r, image := range c.Node.Ints("batch") {
			roi := c.In[1].F32[4*r:]
			rows, cols := bins(c.Node, roi[1], roi[3], size[0], h), bins(c.Node, roi[0], roi[2], size[1], w)
			for k := range ch {
				plane := x.F32[(image*ch+k)*h*w:]
				for i, ys := range rows {
					for j, xs := range cols {
						var sum, best float32
						first := true
						for _, a := range ys {
							for _, b := range xs {
								for _, p := range a {
									for _, q := range b {
										var v float32
										if p.at >= 0 && q.at >= 0 {
											v = float32(float32(p.weight*q.weight) * plane[p.at*w+q.at])
										}
										sum = float32(sum + v)
										if first || v > best || v != v && best == best {
											best, first = v, false
										}
									}
								}
							}
						}
						if n := len(ys) * len(xs); n > 0 {
							sum = float32(sum / float32(n))
						}
						if c.Node.Bool("greatest") {
							sum = best
						}
						out.F32[((r*ch+k)*size[0]+i)*size[1]+j] = sum
					}
				}
			}
		}
	},
}

// mostSamples bounds the samples of a bin along an axis.
const mostSamples = 256

// bins are the samples of each of count bins of a region along an axis of n pixels: two pixels each.
func bins(node *ir.Node, from, to float32, count, n int) [][][2]sampled {
	scale, offset := node.Float("scale"), float32(0)
	if node.Bool("half_pixel") {
		offset = .5
	}
	start := float32(float32(from*scale) - offset)
	size := float32(float32(float32(to*scale)-offset) - start)
	if !node.Bool("half_pixel") && !(size > 1) {
		size = 1
	}
	bin := float32(size / float32(count))
	many := node.Int("samples")
	if many == 0 && bin > 0 {
		many = int(min(math.Ceil(float64(bin)), mostSamples))
	}
	list := make([][][2]sampled, count)
	for k := range list {
		for i := range many {
			p := float32(float32(start+float32(float32(k)*bin)) + float32(float32((float32(i)+.5)*bin)/float32(many)))
			list[k] = append(list[k], between(p, n))
		}
	}
	return list
}

// between are the pixels of an axis of n beside p; a place outside has none.
func between(p float32, n int) [2]sampled {
	if !(p >= -1 && p <= float32(n)) {
		return [2]sampled{{at: -1}, {at: -1}}
	}
	p = max(p, 0)
	if int(p) >= n-1 {
		return [2]sampled{{n - 1, 1}, {n - 1, 0}}
	}
	f := int(p)
	t := float32(p - float32(f))
	return [2]sampled{{f, float32(1 - t)}, {f + 1, t}}
}
