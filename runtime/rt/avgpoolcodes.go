// SPDX-License-Identifier: MIT-0

package rt

// AvgPoolCodesArgs describe means of codes. Zero is the input's offset plus 128. A window with n
// taps inside is multiplied by M[i] where Counts[i] is n.
type AvgPoolCodesArgs struct {
	Pool
	Zero   int32
	Counts []int
	M      []float32
	Codes
}

// AvgPoolCodes sums exactly, then requantizes. acc is scratch of C numbers.
func AvgPoolCodes(w *Worker, a *AvgPoolCodesArgs, dst, src []uint8, acc []int32) {
	defer w.wait()
	if !w.alone() {
		return
	}
	acc = acc[:a.C]
	for at := range a.N * a.OutH * a.OutW {
		clear(acc)
		n := a.taps(at, func(first int) {
			for i, v := range src[first : first+len(acc)] {
				acc[i] += int32(v)
			}
		})
		k := 0
		for a.Counts[k] != n {
			k++
		}
		m, zero := a.M[k], int32(n)*a.Zero
		row := dst[at*a.C : (at+1)*a.C]
		for i, s := range acc {
			row[i] = a.code(float32(float32(s-zero) * m))
		}
	}
}
