// SPDX-License-Identifier: MIT-0

package rt

// DepthwiseToF32 convolves each channel and gives the accumulators' values.
func DepthwiseToF32(w *Worker, a *DepthwiseArgs, dst []float32, src []uint8) {
	lo, hi := w.share(a.N*a.OutH*a.OutW, 1)
	for at := lo; at < hi; at++ {
		image, oy, ox := at/(a.OutW*a.OutH), at/a.OutW%a.OutH, at%a.OutW
		weights := 0
		for first := 0; first < a.C; {
			lanes := PanelLanes(a.C - first)
			for c := first; c < min(first+lanes, a.C); c++ {
				sum := a.Bias[c]
				for ky := range a.KH {
					y := oy*a.SH - a.Top + ky*a.DH
					for kx := range a.KW {
						x := ox*a.SW - a.Left + kx*a.DW
						u := a.Zero
						if y >= 0 && y < a.H && x >= 0 && x < a.W {
							u = src[((image*a.H+y)*a.W+x)*a.C+c]
						}
						sum += int32(u) * int32(a.Weights[weights+4*((ky/4*a.KW+kx)*lanes+c-first)+ky%4])
					}
				}
				dst[at*a.C+c] = float32(float32(sum) * a.M[c])
			}
			weights += lanes * 4 * a.rowGroups() * a.KW
			first += lanes
		}
	}
	w.wait()
}
