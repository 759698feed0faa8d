package irtest

import (
	"math"

	"github.com/amctc/amctc/ir"
)

// places reads or writes images at places that are computed or given: regions where the batch is known, which they need.
func (r *random) places() {
	if x := r.pick(4); x != nil && !x.Type.IsFree() && r.IntN(4) > 0 {
		r.regions(x)
		return
	}
	[]func(){r.sample, r.unpool}[r.IntN(2)]()
}

// made is what add has made since the list of values had so many, or nil.
func (r *random) made(list int) *ir.Value {
	if len(r.live) == list {
		return nil
	}
	return r.live[len(r.live)-1]
}

// sample samples an image at places of a constant, somewhat beyond its edges, or at places that a layer makes.
func (r *random) sample() {
	x := r.pick(4)
	if x == nil {
		return
	}
	grid := r.data(.8, 1, 1+r.IntN(6), 1+r.IntN(6), 2)
	if y := r.pick(4); r.IntN(2) == 0 && y != nil {
		list, k := len(r.live), y.Type.Shape[3]
		r.add("nn.dense", nil, y, r.data(.7/math.Sqrt(float64(k)), 2, k), r.data(.3, 2))
		if grid = r.made(list); grid == nil {
			return
		}
	}
	r.add("nn.grid_sample", ir.AttrsOf("mode", []string{"nearest", "bilinear", "bicubic"}[r.IntN(3)], "border", []string{"zeros", "border", "reflection"}[r.IntN(3)],
		"align", r.IntN(2) == 0), x, grid)
}

// regions aligns regions of an image, some of them partly outside it, some turned round.
func (r *random) regions(x *ir.Value) {
	n, s := 1+r.IntN(3), x.Type.Shape
	rois, batch := r.data(1, n, 4), make([]int, n)
	for i := range rois.Const.Data.F32 {
		rois.Const.Data.F32[i] = float32(r.Float64()*1.5-.3) * float32(s[3-i%2])
	}
	for i := range batch {
		batch[i] = r.IntN(s[0])
	}
	r.add("nn.roi_align", ir.AttrsOf("batch", batch, "size", []int{1 + r.IntN(4), 1 + r.IntN(4)}, "samples", r.IntN(4), "scale", []float32{1, .5}[r.IntN(2)],
		"half_pixel", r.IntN(2) == 0, "greatest", r.IntN(3) == 0), x, rois)
}

// unpool takes maxima of an image, perhaps through a layer, and puts them back; or it looks at the places alone.
func (r *random) unpool() {
	x := r.pick(4)
	if x == nil {
		return
	}
	k, pad, stride, dil := r.window(x, 3)
	attrs := ir.AttrsOf("kernel", k, "pad", pad, "stride", stride, "dilation", dil)
	whole := !x.Type.IsFree() && r.IntN(2) == 0
	list := len(r.live)
	r.add("nn.max_pool2d_indices", attrs.With("whole", whole).With("columns", r.IntN(4) == 0), x)
	indices := r.made(list)
	r.live = r.live[:list]
	if indices == nil || r.IntN(6) == 0 {
		return
	}
	r.add("nn.max_pool2d", attrs, x)
	v := r.made(list)
	if v == nil {
		return
	}
	if c := x.Type.Shape[1]; r.IntN(2) == 0 {
		r.add("nn.conv2d", nil, v, r.data(1/math.Sqrt(float64(c)), c, c, 1, 1), r.data(.3, c))
		v = r.made(list)
	}
	list = len(r.live)
	r.add("nn.max_unpool2d", ir.AttrsOf("size", x.Type.Shape[2:], "whole", whole), v, indices)
	if v = r.made(list); v != nil && r.IntN(3) > 0 { // a layer wants the elements as codes
		c := v.Type.Shape[1]
		r.add("nn.conv2d", nil, v, r.data(1/math.Sqrt(float64(c)), 3, c, 1, 1), r.data(.3, 3))
	}
}
