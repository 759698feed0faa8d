// SPDX-License-Identifier: MIT-0

package rt

// DenseF32Args describe a float32 product of Rows rows of K numbers with Weights [Out][K]; Bias may
// be empty.
type DenseF32Args struct {
	Rows, K, Out  int
	Weights, Bias []float32

	panel panelF32
}

// Prepare packs the weights.
func (a *DenseF32Args) Prepare() { a.panel = makePanelF32(a.Weights, a.Bias, a.K, a.Out) }

// DenseF32 multiplies. Every output starts at its bias, or +0, and adds in ascending k.
func DenseF32(w *Worker, a *DenseF32Args, dst, src []float32) {
	defer w.wait()
	if !w.alone() {
		return
	}
	p := &a.panel
	for o := 0; o < a.Out; o += lanesF32 {
		for r := range a.Rows {
			s := p.bias[o/lanesF32]
			dotF32(&s, src[r*a.K:(r+1)*a.K], p.w[o/lanesF32*a.K:])
			copy(dst[r*a.Out+o:][:min(lanesF32, a.Out-o)], s[:])
		}
	}
}
