// SPDX-License-Identifier: MIT-0

package rt

// ExportWide moves stored codes of int16 out as signed ones.
func ExportWide(w *Worker, a *Permute, dst []int16, src []uint8) {
	defer w.wait()
	if !w.alone() {
		return
	}
	n := len(src) / 2
	join(a.Dims, a.From, dst, src[:n], src[n:])
}

func join(dims, from []int, dst []int16, high, low []uint8) []int16 {
	n, s := dims[0], from[0]
	if len(dims) > 1 {
		for i := range n {
			dst = join(dims[1:], from[1:], dst, high[i*s:], low[i*s:])
		}
		return dst
	}
	for i := range dst[:n] {
		dst[i] = int16(high[i*s]^0x80)<<8 | int16(low[i*s])
	}
	return dst[n:]
}
