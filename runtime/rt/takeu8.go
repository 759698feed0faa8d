// SPDX-License-Identifier: MIT-0

package rt

// TakeU8Args describe entries of an axis of Outer runs of N entries of Inner codes each. An index of -1
// stands for codes Zero.
type TakeU8Args struct {
	Outer, N, Inner int
	Zero            uint8
	Indices         []int32
}

// TakeU8 copies the listed entries.
func TakeU8(w *Worker, a *TakeU8Args, dst, src []uint8) {
	defer w.wait()
	lo, hi := w.share(a.Outer, 1)
	for o := lo; o < hi; o++ {
		from := src[o*a.N*a.Inner:][:a.N*a.Inner]
		to := dst[o*len(a.Indices)*a.Inner:]
		for i, k := range a.Indices {
			row := to[i*a.Inner : (i+1)*a.Inner]
			switch {
			case k < 0:
				for j := range row {
					row[j] = a.Zero
				}
			case a.Inner == 1:
				row[0] = from[k]
			default:
				copy(row, from[int(k)*a.Inner:])
			}
		}
	}
}
