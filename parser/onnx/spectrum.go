package onnx

import (
	"slices"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/tensor"
	"github.com/amctc/amctc/runtime/f32"
)

// Spectra are products with constant matrices: layers like any other, with an integer form.

// buildDFT is the discrete Fourier transform along an axis of (…, N, …, 1 or 2), real numbers or pairs; its result is pairs.
func buildDFT(c *call) {
	x := c.x(0)
	if x == nil || !c.fixed(x) {
		return
	}
	s := x.Type.Shape
	parts, axis := 0, c.intAttr("axis", 1)
	if c.has(2) { // since operator set 20
		v, ok := c.intsOf(2, "axis")
		if !ok {
			return
		}
		if len(v) != 1 {
			c.errorf(codeShape, "its axis has %d elements, want one", len(v))
			return
		}
		axis = v[0]
	} else if c.im.opset >= 20 {
		axis = -2
	}
	if len(s) > 2 {
		parts = s[len(s)-1]
	}
	at, ok := axisOf(axis, len(s))
	if !ok || at == len(s)-1 || parts != 1 && parts != 2 {
		c.errorf(codeShape, "axis %d of %s, want one before the last of a shape (…, 1) or (…, 2)", axis, shapeText(s))
		return
	}
	n := s[at]
	if c.has(1) {
		v, ok := c.intsOf(1, "dft_length")
		if !ok {
			return
		}
		if len(v) != 1 || v[0] < 1 || v[0] > limit {
			c.errorf(codeShape, "its length is %v", v)
			return
		}
		n = v[0]
	}
	inverse, onesided := c.intAttr("inverse", 0) != 0, c.intAttr("onesided", 0) != 0
	if onesided && (inverse || parts == 2) {
		c.errorf(codeForm, "onesided is for the forward transform of real numbers")
		return
	}
	list := span(0, min(n, s[at]), 1)
	for len(list) < n {
		list = append(list, -1)
	}
	perm := append(slices.Delete(span(0, len(s)-1, 1), at, at+1), at, len(s)-1) // the axis, and then the parts
	v := c.turned(c.take(x, at, list), perm...)
	if v == nil {
		c.failed = true
		return
	}
	lead := slices.Clone(v.Type.Shape[:len(s)-2])
	y, bins := c.transformed(c.reshaped(v, append(slices.Clone(lead), n*parts)...), nil, n, parts, inverse, onesided)
	y = c.reshaped(y, append(lead, bins, 2)...)
	back := make([]int, len(perm))
	for i, p := range perm {
		back[p] = i
	}
	c.finish(0, c.turned(y, back...))
}

// buildSTFT is the transform of frames of a signal (batch, length) or (batch, length, 1 or 2): (batch, frames, bins, 2).
func buildSTFT(c *call) {
	x := c.x(0)
	if x == nil || !c.fixed(x) {
		return
	}
	s := x.Type.Shape
	parts := 1
	if len(s) == 3 {
		parts = s[2]
	}
	step, ok := c.intsOf(1, "frame_step")
	if !ok {
		return
	}
	var size []int
	switch {
	case c.has(3):
		if size, ok = c.intsOf(3, "frame_length"); !ok {
			return
		}
	case c.has(2):
		size = c.in[2].shape()
	}
	if len(s) < 2 || len(s) > 3 || parts != 1 && parts != 2 || len(step) != 1 || step[0] < 1 || len(size) != 1 || size[0] < 1 || size[0] > s[1] {
		c.errorf(codeShape, "frames of %v numbers, every %v, of a signal %s", size, step, shapeText(s))
		return
	}
	n, frames := size[0], (s[1]-size[0])/step[0]+1
	onesided := c.intAttr("onesided", 1) != 0
	if onesided && parts == 2 {
		c.errorf(codeForm, "onesided is for real signals")
		return
	}
	if !c.charge(frames * n) {
		return
	}
	list := make([]int, 0, frames*n)
	for f := range frames {
		list = append(list, span(f*step[0], n, 1)...)
	}
	v := c.reshaped(c.take(x, 1, list), s[0], frames, n, parts)
	var weights []float32
	if c.has(2) {
		if w := c.in[2].shape(); len(w) != 1 || w[0] != n {
			c.errorf(codeShape, "a window %s for frames of %d numbers", shapeText(w), n)
			return
		}
		if l := c.in[2].lit; l != nil && l.tensor().DType == tensor.F32 {
			weights = l.tensor().F32
		} else {
			v = c.two("nn.mul", v, c.reshaped(c.x(2), n, 1))
		}
	}
	y, bins := c.transformed(c.reshaped(v, s[0], frames, n*parts), weights, n, parts, false, onesided)
	c.finish(0, c.reshaped(y, s[0], frames, bins, 2))
}

// transformed are the bins of n numbers, or n pairs, along the last axis; weights multiply the numbers, unless nil.
func (c *call) transformed(v *ir.Value, weights []float32, n, parts int, inverse, onesided bool) (y *ir.Value, bins int) {
	bins = n
	if onesided {
		bins = n/2 + 1
	}
	if v == nil || !c.chargeShape([]int{2 * bins, n * parts}) {
		c.failed = true
		return nil, bins
	}
	sign, scale := -1, 1.0
	if inverse {
		sign, scale = 1, 1/float64(n)
	}
	w := make([]float32, 2*bins*n*parts)
	for k := range bins {
		for i := range n {
			sin, cos := f32.Turn(sign*(k*i%n), n)
			f := scale
			if weights != nil {
				f = float64(weights[i])
			}
			re, im := w[2*k*n*parts+i*parts:], w[(2*k+1)*n*parts+i*parts:]
			re[0], im[0] = float32(cos*f), float32(sin*f)
			if parts == 2 {
				re[1], im[1] = float32(-sin*f), float32(cos*f)
			}
		}
	}
	bank := c.konst(literalOf(tensor.FromF32(w, 2*bins, n*parts)))
	return c.do("nn.dense", []*ir.Value{v, bank}), bins
}
