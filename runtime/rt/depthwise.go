// SPDX-License-Identifier: MIT-0

package rt

import "unsafe"

// DepthwiseArgs describe a convolution of codes with one filter for each channel. Taps outside are
// the stored code Zero. Weights are packed in panels of channels as in Packed, each panel holding
// for every group of four kernel rows and every kernel column the weights of its channels:
// Weights[rows/4][column][channel][4]; Bias and M have an entry for every channel of the panels.
type DepthwiseArgs struct {
	N, C int
	Window
	Packed
	Zero uint8
	Codes
}

// rowGroups is the number of groups of four kernel rows.
func (a *DepthwiseArgs) rowGroups() int { return groups(a.KH) }

// line is the number of positions of a row with its border, as far as windows reach.
func (a *DepthwiseArgs) line() int { return (a.OutW-1)*a.SW + (a.KW-1)*a.DW + 1 }

// Local is the memory that every worker needs in bytes: a row of codes outside, and the lines of
// columns with room for a whole vector behind the last.
func (a *DepthwiseArgs) Local() int {
	return (a.rowBytes()+63)/64*64 + a.rowGroups()*a.lineBytes()
}

// rowBytes is the number of codes of a row of the image.
func (a *DepthwiseArgs) rowBytes() int { return a.W * a.C }

// lineBytes is the size of one line of columns.
func (a *DepthwiseArgs) lineBytes() int { return (4*a.line()*a.C + 4*64 + 63) / 64 * 64 }

// columns is one call of the kernel that brings four rows of codes into one line of columns: byte
// 4*i+r of dst is code i of row r. The fields are read by assembly.
type columns struct {
	dst  *uint8
	rows [4]*uint8
	n    int
}

func (c *columns) runGeneric() {
	dst := unsafe.Slice(c.dst, 4*c.n)
	for r, row := range c.rows {
		for i, u := range unsafe.Slice(row, c.n) {
			dst[4*i+r] = u
		}
	}
}

// spots is one call of the kernel that computes a row of n outputs of one panel from lines of
// columns. For every output it sums over groups of kernel rows, plane bytes apart, and kernel
// columns, step bytes apart; outputs are stride bytes apart in src and ldd in dst. The rest is as in
// tile.
type spots struct {
	dst, src            *uint8
	n                   int
	w                   *int8
	bias                *int32
	m                   *float32
	planes, taps        int
	plane, step, stride int
	ldd                 int
	mask                uint64
	zero, lo, hi        int
	plain               int
	lanes               int        // set by run
	scratch             [128]uint8 // of the assembly
}

func (s *spots) runGeneric(lanes int) {
	k := s.planes * s.taps
	w := unsafe.Slice(s.w, 4*k*lanes)
	bias, m := unsafe.Slice(s.bias, lanes), unsafe.Slice(s.m, lanes)
	q := Codes{Lo: float32(s.lo - s.zero), Hi: float32(s.hi - s.zero), Zero: int32(s.zero)}
	for i := range s.n {
		for c := range lanes {
			if s.mask>>c&1 == 0 {
				break
			}
			sum := bias[c]
			for p := range s.planes {
				for t := range s.taps {
					x := (*[4]uint8)(unsafe.Add(unsafe.Pointer(s.src), i*s.stride+p*s.plane+t*s.step+4*c))
					r := (*[4]int8)(w[4*((p*s.taps+t)*lanes+c):])
					sum += int32(x[0])*int32(r[0]) + int32(x[1])*int32(r[1]) + int32(x[2])*int32(r[2]) + int32(x[3])*int32(r[3])
				}
			}
			*(*uint8)(unsafe.Add(unsafe.Pointer(s.dst), i*s.ldd+c)) = q.code(float32(float32(sum) * m[c]))
		}
	}
}

// Depthwise convolves each channel and requantizes.
func Depthwise(w *Worker, a *DepthwiseArgs, dst, src []uint8) {
	var l lines
	l.begin(a, w.local)
	lo, hi := w.share(a.N*a.OutH, 1)
	for row := lo; row < hi; row++ {
		image := row / a.OutH
		l.row(dst[row*a.OutW*a.C:(row+1)*a.OutW*a.C], src[image*a.H*a.rowBytes():(image+1)*a.H*a.rowBytes()], a.H, row%a.OutH)
	}
	w.wait()
}
