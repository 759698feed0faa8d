// SPDX-License-Identifier: MIT-0

package rt

// ImportCodes moves signed codes into the stored form.
func ImportCodes(w *Worker, a *Permute, dst []uint8, src []int8) {
	defer w.wait()
	if !w.alone() {
		return
	}
	flip(a.Dims, a.From, dst, src)
}

// ExportCodes moves stored codes out as signed ones.
func ExportCodes(w *Worker, a *Permute, dst []int8, src []uint8) {
	defer w.wait()
	if !w.alone() {
		return
	}
	flip(a.Dims, a.From, dst, src)
}

// flip is move between both forms of a code, which differ in the top bit.
func flip[D, S int8 | uint8](dims, from []int, dst []D, src []S) []D {
	n, s := dims[0], from[0]
	if len(dims) > 1 {
		for i := range n {
			dst = flip(dims[1:], from[1:], dst, src[i*s:])
		}
		return dst
	}
	at := 0
	for i := range dst[:n] {
		dst[i] = D(uint8(src[at]) ^ 0x80)
		at += s
	}
	return dst[n:]
}
