// SPDX-License-Identifier: MIT-0

package rt

// PixelsArgs describe N images of C channels of P positions whose uint8 elements are looked up. Element (c, p) of an
// image comes from First+c*FromC+p*FromP of the source and goes to c*ToC+p*ToP. The table has 256 entries for each
// channel, or 256 for all.
type PixelsArgs struct {
	N, C, P             int
	First, FromC, FromP int
	ToC, ToP            int
}

// Pixels takes pixels to stored codes.
func Pixels(w *Worker, a *PixelsArgs, dst, src, table []uint8) { lookUp(w, a, dst, src, table) }

// PixelsF32 takes pixels to numbers.
func PixelsF32(w *Worker, a *PixelsArgs, dst []float32, src []uint8, table []float32) {
	lookUp(w, a, dst, src, table)
}

func lookUp[T uint8 | float32](w *Worker, a *PixelsArgs, dst []T, src []uint8, table []T) {
	lo, hi := w.share(a.P, 64)
	image := a.C * a.P
	for i := range a.N {
		to, from := dst[i*image:(i+1)*image], src[i*image:(i+1)*image]
		for c := range a.C {
			row := (*[256]T)(table)
			if len(table) > 256 {
				row = (*[256]T)(table[256*c:])
			}
			at, put := a.First+c*a.FromC+lo*a.FromP, c*a.ToC+lo*a.ToP
			for range hi - lo {
				to[put] = row[from[at]]
				at += a.FromP
				put += a.ToP
			}
		}
	}
	w.wait()
}
