// SPDX-License-Identifier: MIT-0

package rt

// FakeQuantizeArgs describe quantize and dequantize at once. The tensor is rows of len(S) entries
// of Inner numbers each; every entry has its scale S, reciprocal R and map Q.
type FakeQuantizeArgs struct {
	Inner int
	S, R  []float32
	Q     []Codes
}

// FakeQuantize replaces every number by what its code stands for.
func FakeQuantize(w *Worker, a *FakeQuantizeArgs, dst, src []float32) {
	defer w.wait()
	if !w.alone() {
		return
	}
	for at := 0; at < len(dst); {
		for c := range a.S {
			q, s, r := &a.Q[c], a.S[c], a.R[c]
			for range a.Inner {
				dst[at] = float32(float32(int32(q.code(float32(src[at]*r)))-q.Zero) * s)
				at++
			}
		}
	}
}
