// SPDX-License-Identifier: MIT-0

package rt

// AvgPoolF32Args describe means; Count, when positive, is the divisor of every window, otherwise
// the number of its taps inside is.
type AvgPoolF32Args struct {
	Pool
	Count int
}

// AvgPoolF32 adds from +0 in ascending order of row and column, then divides.
func AvgPoolF32(w *Worker, a *AvgPoolF32Args, dst, src []float32) {
	defer w.wait()
	lo, end := w.share(a.N*a.OutH*a.OutW, 1)
	for at := lo; at < end; at++ {
		row := dst[at*a.C : (at+1)*a.C]
		clear(row)
		n := a.taps(at, func(first int) {
			for i, v := range src[first : first+len(row)] {
				row[i] = float32(row[i] + v)
			}
		})
		if a.Count > 0 {
			n = a.Count
		}
		d := float32(n)
		for i := range row {
			row[i] = float32(row[i] / d)
		}
	}
}
