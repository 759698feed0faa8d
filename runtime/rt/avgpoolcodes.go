// SPDX-License-Identifier: MIT-0

package rt

import "unsafe"

// AvgPoolCodesArgs describe means of codes. Zero is the input's offset plus 128. A window with n
// taps inside is multiplied by M[i] where Counts[i] is n.
type AvgPoolCodesArgs struct {
	Pool
	Zero   int32
	Counts []int
	M      []float32
	Codes
}

// Local is the memory that every worker needs in bytes.
func (a *AvgPoolCodesArgs) Local() int { return 4 * a.C }

// AvgPoolCodes sums exactly, then requantizes.
func AvgPoolCodes(w *Worker, a *AvgPoolCodesArgs, dst, src []uint8) {
	sums := unsafe.Slice((*int32)(unsafe.Pointer(unsafe.SliceData(w.local[:4*a.C]))), a.C)
	lo, hi := w.share(a.N*a.OutH*a.OutW, 1)
	var p windows
	for at := lo; at < hi; at++ {
		p.fill(&a.Pool, at/a.OutW, at%a.OutW, src)
		p.n, p.dst = 1, unsafe.Pointer(&sums[0])
		p.sums()
		taps := p.rows * p.cols
		k := 0
		for a.Counts[k] != taps {
			k++
		}
		m, zero := a.M[k], int32(taps)*a.Zero
		row := dst[at*a.C:][:len(sums)]
		for i, s := range sums {
			row[i] = a.code(float32(float32(s-zero) * m))
		}
	}
	w.wait()
}
