// SPDX-License-Identifier: MIT-0

package rt

import "unsafe"

// StripsArgs describe layers that are computed together, row by row, so that what lies between them
// stays near: an expansion, which is absent when its Out is 0, a depthwise convolution, a projection,
// and the sum of its codes, operand A, and another tensor. Expansion and projection have windows of one
// position, with a stride of 1, that read their source in place.
type StripsArgs struct {
	Expand  Conv
	Middle  DepthwiseArgs
	Project Conv
	Sum     Sum
}

// ring is the number of rows of the expansion that are kept.
func (a *StripsArgs) ring() int { return min((a.Middle.KH-1)*a.Middle.DH+1, a.Middle.H) }

// parts are the sizes of the parts of a worker's memory: the lines of the depthwise convolution, a row
// of its codes, the rows of the expansion.
func (a *StripsArgs) parts() (lines, middle, expanded int) {
	m := &a.Middle
	lines, middle = (m.Local()+63)/64*64, (m.OutW*m.C+63)/64*64
	if a.Expand.Out > 0 {
		expanded = a.ring() * m.rowBytes()
	}
	return lines, middle, expanded
}

// Local is the memory that every worker needs in bytes.
func (a *StripsArgs) Local() int {
	lines, middle, expanded := a.parts()
	return lines + middle + expanded
}

// Strips computes the layers. Without a sum, other is empty. expanded, middle and projected receive the
// codes of the layers when they are not empty; the last of the layers gives dst.
func Strips(w *Worker, a *StripsArgs, dst, src, other, expanded, middle, projected []uint8) {
	m, p := &a.Middle, &a.Project
	linesLen, middleLen, expandedLen := a.parts()
	kept := w.local[linesLen+middleLen:][:expandedLen]
	row := w.local[linesLen:][:m.OutW*m.C]
	var l lines
	l.begin(m, w.local[:linesLen])
	ring, image, next := m.H, -1, 0
	lo, hi := w.share(m.N*m.OutH, 1)
	for at := lo; at < hi; at++ {
		oy := at % m.OutH
		if at/m.OutH != image {
			image, next = at/m.OutH, 0
		}
		source := src[image*m.H*m.W*a.inputs():][:m.H*m.W*a.inputs()]
		if a.Expand.Out > 0 {
			first := oy*m.SH - m.Top
			last := min(first+(m.KH-1)*m.DH, m.H-1)
			ring = a.ring()
			for next = max(next, first); next <= last; next++ {
				to := kept[next%ring*m.rowBytes():][:m.rowBytes()]
				a.Expand.row(w, to, source[next*m.W*a.Expand.C:], m.W)
				if len(expanded) > 0 && (at > lo || next > first+(m.KH-1)*m.DH-m.SH || oy == 0) { // rows before are another worker's
					copy(expanded[(image*m.H+next)*m.rowBytes():], to)
				}
			}
			source = kept
		}
		l.row(row, source, ring, oy)
		if len(middle) > 0 {
			copy(middle[at*len(row):], row)
		}
		n := m.OutW * p.Out
		out := dst[at*n : (at+1)*n]
		p.row(w, out, row, m.OutW)
		if len(other) > 0 {
			if len(projected) > 0 {
				copy(projected[at*n:], out)
			}
			a.Sum.add(out, out, other[at*n:(at+1)*n])
		}
	}
	w.wait()
}

// inputs is the number of channels of the source.
func (a *StripsArgs) inputs() int {
	if a.Expand.Out > 0 {
		return a.Expand.C
	}
	return a.Middle.C
}

// row computes n positions that follow each other, of a convolution with a window of one position.
func (a *Conv) row(w *Worker, dst, src []uint8, n int) {
	var t tile
	t.segs, t.groups, t.ldd = 1, a.C/4, a.Out
	t.requantization(&a.Codes, &a.Packed)
	t.by(w)
	for i := range min(n, chunk) {
		w.offs[i] = int32(i * a.C)
	}
	for at := 0; at < n; at += chunk {
		t.n = min(chunk, n-at)
		t.src = unsafe.Pointer(&src[at*a.C])
		weights := 0
		for channel := 0; channel < a.Out; {
			rest := a.Out - channel
			lanes := PanelLanes(rest)
			t.dst = unsafe.Pointer(&dst[at*a.Out+channel])
			t.w, t.bias, t.m = &a.Weights[weights], &a.Bias[channel], &a.M[channel]
			t.mask = ^uint64(0)
			if rest < 64 {
				t.mask = 1<<rest - 1
			}
			t.run(lanes)
			weights += lanes * a.C
			channel += lanes
		}
	}
}
