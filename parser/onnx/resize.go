package onnx

import (
	"math"
	"slices"

	"github.com/amctc/amctc/ir"
)

// A resizing goes axis by axis; where every position of the result comes from is known.

// resizeAxes reads how large the result is along every axis: the scale as ONNX means it, and the size.
func (c *call) resizeAxes(s []int) (scales []float64, sizes []int, axes []int, ok bool) {
	axes = span(0, len(s), 1)
	if c.hasAttr("axes") {
		axes = c.intsAttr("axes")
		if _, ok = c.axes(axes, len(s)); !ok {
			return
		}
		for i := range axes {
			axes[i], _ = axisOf(axes[i], len(s))
		}
	}
	at := 2 // of the input with scales; opset 10 has no region of interest
	if c.im.opset < 11 {
		at = 1
	}
	var given []float32
	switch {
	case c.im.opset < 9 && c.hasAttr("scales"):
		given = c.floatsAttr("scales")
	case c.has(at) && len(c.in[at].shape()) == 1 && c.in[at].shape()[0] > 0:
		l := c.floats(at, "scales")
		if l == nil {
			return
		}
		given = l.f
	case c.has(3):
		list, fits := c.intsOf(3, "sizes")
		if !fits {
			return
		}
		if len(list) != len(axes) {
			c.errorf(codeShape, "it has %d sizes for %d axes", len(list), len(axes))
			return
		}
		for i, a := range axes {
			if list[i] < 1 || list[i] > maxTaps || s[a] == ir.Free && list[i] != 1 {
				c.errorf(codeShape, "size %d of axis %d is not possible", list[i], a)
				return
			}
			sizes = append(sizes, list[i])
			scales = append(scales, float64(list[i])/float64(max(s[a], 1)))
		}
		if policy := c.stringAttr("keep_aspect_ratio_policy", "stretch"); policy != "stretch" {
			c.errorf(codeForm, "keep_aspect_ratio_policy %q is not supported; give the sizes that it results in", policy)
			return
		}
		return scales, sizes, axes, !c.failed
	default:
		c.errorf(codeArity, "it has neither scales nor sizes")
		return
	}
	if len(given) != len(axes) {
		c.errorf(codeShape, "it has %d scales for %d axes", len(given), len(axes))
		return
	}
	for i, a := range axes {
		f := float64(given[i])
		if s[a] == ir.Free && f == 1 {
			scales, sizes = append(scales, 1), append(sizes, ir.Free)
			continue
		}
		n := math.Floor(float64(s[a]) * f)
		if !(f > 0) || s[a] == ir.Free || n < 1 || n > maxTaps {
			c.errorf(codeShape, "scale %v of axis %d of %s is not possible", f, a, shapeText(s))
			return
		}
		scales, sizes = append(scales, f), append(sizes, int(n))
	}
	return scales, sizes, axes, !c.failed
}

func buildResize(c *call) {
	s := c.in[0].shape()
	scales, sizes, axes, ok := c.resizeAxes(s)
	if !ok {
		return
	}
	transform := c.stringAttr("coordinate_transformation_mode", "half_pixel")
	if c.im.opset < 11 {
		transform = "asymmetric"
	}
	var roi []float32
	if transform == "tf_crop_and_resize" {
		if !c.has(1) {
			c.errorf(codeArity, "its region of interest is missing")
			return
		}
		l := c.floats(1, "region of interest")
		if l == nil {
			return
		}
		if roi = l.f; len(roi) != 2*len(axes) {
			c.errorf(codeShape, "its region of interest has %d numbers, want %d", len(roi), 2*len(axes))
			return
		}
	}
	mode := c.stringAttr("mode", "nearest")
	v := c.x(0)
	for i, a := range axes {
		if s[a] == ir.Free || scales[i] == 1 && roi == nil {
			continue
		}
		r := resizer{in: s[a], out: sizes[i], scale: scales[i]}
		if roi != nil {
			r.from, r.to = float64(roi[i]), float64(roi[len(axes)+i])
		}
		r.extrapolate = roi != nil
		if !r.transform(transform) {
			c.errorf(codeAttr, "coordinate_transformation_mode %q is not known", transform)
			return
		}
		v = c.resizeAxis(v, a, mode, &r)
	}
	if v != nil && roi != nil {
		v = c.extrapolated(v, s, sizes, axes, scales, roi, float64(c.floatAttr("extrapolation_value", 0)))
	}
	c.finish(0, v)
}

// A resizer knows where the positions of one axis come from.
type resizer struct {
	in, out     int
	scale       float64
	from, to    float64 // region of interest, as parts of the axis
	extrapolate bool
	at          []float64 // coordinate of every position
}

func (r *resizer) transform(mode string) bool {
	for o := range r.out {
		x, n := float64(o), float64(r.scale*float64(r.in)) // n: size before rounding
		switch mode {
		case "half_pixel":
			x = float64(float64(x+0.5)/r.scale) - 0.5
		case "pytorch_half_pixel":
			if x = float64(float64(x+0.5)/r.scale) - 0.5; n <= 1 {
				x = 0
			}
		case "half_pixel_symmetric":
			adjust := float64(float64(r.out) / n)
			center := float64(r.in) / 2
			x = float64(center*float64(1-adjust)) + float64(float64(x+0.5)/r.scale) - 0.5
		case "align_corners":
			if n <= 1 {
				x = 0
			} else {
				x = float64(x * float64(float64(r.in-1)/float64(n-1)))
			}
		case "asymmetric":
			x = float64(x / r.scale)
		case "tf_half_pixel_for_nn":
			x = float64(float64(x+0.5) / r.scale)
		case "tf_crop_and_resize":
			w := float64(r.in - 1)
			if r.out > 1 {
				x = float64(r.from*w) + float64(x*float64(float64(float64(r.to-r.from)*w)/float64(r.out-1)))
			} else {
				x = float64(0.5 * float64(float64(r.from+r.to)*w))
			}
		default:
			return false
		}
		r.at = append(r.at, x)
	}
	return true
}

func (r *resizer) clamped(i int) int { return min(max(i, 0), r.in-1) }

// outside says whether position o lies outside the axis, where the result is the extrapolation value.
func (r *resizer) outside(o int) bool { return r.at[o] < 0 || r.at[o] > float64(r.in-1) }

func (c *call) resizeAxis(v *ir.Value, axis int, mode string, r *resizer) *ir.Value {
	if c.intAttr("antialias", 0) != 0 && r.scale < 1 && mode != "nearest" {
		c.errorf(codeForm, "antialias=1 is not supported; resize with a pooling in front of it")
		return nil
	}
	switch mode {
	case "nearest":
		list := make([]int, r.out)
		rounding := c.stringAttr("nearest_mode", "round_prefer_floor")
		if c.im.opset < 11 {
			rounding = "floor"
		}
		for o, x := range r.at {
			switch rounding {
			case "round_prefer_floor":
				x = math.Ceil(x - 0.5)
			case "round_prefer_ceil":
				x = math.Floor(x + 0.5)
			case "floor":
				x = math.Floor(x)
			case "ceil":
				x = math.Ceil(x)
			default:
				c.errorf(codeAttr, "nearest_mode %q is not known", rounding)
				return nil
			}
			list[o] = r.clamped(int(x))
		}
		return c.take(v, axis, list)
	case "linear", "bilinear":
		return c.resample(v, axis, 2, r, func(t float64) []float64 { return []float64{1 - t, t} }, 0)
	case "cubic":
		a := float64(c.floatAttr("cubic_coeff_a", -0.75))
		return c.resample(v, axis, 4, r, func(t float64) []float64 { return cubic(a, t) }, 1)
	}
	c.errorf(codeAttr, "mode %q is not known", mode)
	return nil
}

// cubic are the weights of the four neighbours of a position t behind the second.
func cubic(a, t float64) []float64 {
	near := func(d float64) float64 {
		return float64(float64(float64(float64(a+2)*d)-float64(a+3))*float64(d*d)) + 1
	}
	far := func(d float64) float64 {
		return float64(float64(float64(float64(float64(a*d)-float64(5*a))*d)+float64(8*a))*d) - float64(4*a)
	}
	return []float64{far(t + 1), near(t), near(1 - t), far(2 - t)}
}

// resample makes the weighted sums of so many neighbours of every position, the first of them before the
// one below it.
func (c *call) resample(v *ir.Value, axis, taps int, r *resizer, weights func(t float64) []float64, before int) *ir.Value {
	exclude := c.intAttr("exclude_outside", 0) != 0 && taps == 4
	list, w := make([]int, 0, taps*r.out), make([]float32, 0, taps*r.out)
	for _, x := range r.at {
		low := math.Floor(x)
		all := weights(x - low)
		sum := 0.0
		for t := range all {
			if i := int(low) - before + t; exclude && (i < 0 || i >= r.in) {
				all[t] = 0
			}
			sum = float64(sum + all[t])
		}
		for t, f := range all {
			if exclude {
				f = float64(f / sum)
			}
			list, w = append(list, r.clamped(int(low)-before+t)), append(w, float32(f))
		}
	}
	return c.one1("nn.resample", v, "axis", axis, "taps", taps, "indices", list, "weights", w)
}

// extrapolated puts a value where the region of interest reaches beyond the axis.
func (c *call) extrapolated(v *ir.Value, s, sizes, axes []int, scales []float64, roi []float32, value float64) *ir.Value {
	keep := v
	for i, a := range axes {
		r := resizer{in: s[a], out: sizes[i], scale: scales[i], from: float64(roi[i]), to: float64(roi[len(axes)+i])}
		if s[a] == ir.Free || !r.transform("tf_crop_and_resize") {
			continue
		}
		mask, fill, any := make([]float32, r.out), make([]float32, r.out), false
		for o := range mask {
			mask[o] = 1
			if r.outside(o) {
				mask[o], fill[o], any = 0, float32(value), true
			}
		}
		if any {
			shape := span(1, len(s), 0)
			shape[a] = r.out
			keep = c.two("nn.add", c.two("nn.mul", keep, c.constFloats("inside", mask, shape...)), c.constFloats("outside", fill, shape...))
		}
	}
	return keep
}

// buildUpsample is Resize as it was up to opset 9.
func buildUpsample(c *call) {
	s := c.in[0].shape()
	var given []float32
	if c.im.opset >= 9 {
		if !c.has(1) {
			c.errorf(codeArity, "its scales are missing")
			return
		}
		l := c.floats(1, "scales")
		if l == nil {
			return
		}
		given = l.f
	} else {
		given = c.floatsAttr("scales")
	}
	if len(given) != len(s) {
		c.errorf(codeShape, "it has %d scales for rank %d", len(given), len(s))
		return
	}
	v := c.x(0)
	for a, f := range given {
		if f == 1 {
			continue
		}
		n := math.Floor(float64(s[a]) * float64(f))
		if s[a] == ir.Free || !(f > 1) || n > maxTaps {
			c.errorf(codeShape, "scale %v of axis %d of %s is not possible", f, a, shapeText(s))
			return
		}
		r := resizer{in: s[a], out: int(n), scale: float64(f)}
		r.transform("asymmetric")
		if mode := c.stringAttr("mode", "nearest"); mode == "nearest" {
			list := make([]int, r.out)
			for o, x := range r.at {
				list[o] = r.clamped(int(x))
			}
			v = c.take(v, a, list)
		} else {
			v = c.resizeAxis(v, a, mode, &r)
		}
	}
	c.finish(0, v)
}

// borderIndices are the entries that a border of so many before and after takes from an axis of n.
func borderIndices(mode string, n, before, after int) []int {
	out := make([]int, 0, n+before+after)
	for i := -before; i < n+after; i++ {
		k := i
		switch mode {
		case "edge":
			k = min(max(i, 0), n-1)
		case "wrap":
			k = ((i % n) + n) % n
		case "reflect":
			if n > 1 {
				period := 2 * (n - 1)
				if k = ((i % period) + period) % period; k >= n {
					k = period - k
				}
			} else {
				k = 0
			}
		}
		out = append(out, k)
	}
	return out
}

// bordered adds or cuts borders that hold elements of the tensor itself; negative pads cut.
func (c *call) bordered(mode string, full []int) {
	s := c.in[0].shape()
	v := c.x(0)
	for a := range s {
		before, after := full[a], full[len(s)+a]
		if before == 0 && after == 0 {
			continue
		}
		if s[a] == ir.Free || before > limit || after > limit || s[a]+min(before, 0)+min(after, 0) < 1 || s[a] < 1 {
			c.errorf(codeForm, "pads %d and %d of axis %d of %s", before, after, a, shapeText(s))
			return
		}
		v = c.take(v, a, slices.Clone(borderIndices(mode, s[a], before, after)))
	}
	c.finish(0, v)
}
