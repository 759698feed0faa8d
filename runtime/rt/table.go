// SPDX-License-Identifier: MIT-0

package rt

// TableArgs hold what becomes of each of the 256 stored codes.
type TableArgs struct{ Table []uint8 }

// Table looks codes up.
func Table(w *Worker, a *TableArgs, dst, src []uint8) {
	defer w.wait()
	lo, hi := w.share(len(dst), 64)
	dst, src = dst[lo:hi], src[lo:hi]
	table := (*[256]uint8)(a.Table)
	for i, u := range src {
		dst[i] = table[u]
	}
}
