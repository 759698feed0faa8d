// SPDX-License-Identifier: MIT-0

package rt

// ConvPackedF32Args describe a float32 convolution whose weights change from call to call, of enough
// positions that packing them pays.
type ConvPackedF32Args struct {
	N, C, Out, Group int
	Window
}

// Scratch is how many numbers of memory a call needs.
func (a *ConvPackedF32Args) Scratch() int {
	return a.Group * panelsF32(a.KH*a.KW*(a.C/a.Group), a.Out/a.Group)
}

// panelsF32 is the size of the panels and biases of out channels of k taps.
func panelsF32(k, out int) int {
	n := 0
	for first := 0; first < out; {
		lanes := PanelLanes(out - first)
		n += (k + 1) * lanes
		first += lanes
	}
	return n
}

// packInto packs weights [out][k] into memory as packF32 does, every worker some of the taps. All
// workers must wait before the panels are used.
func packInto(w *Worker, memory, weights, bias []float32, k, out int) packedF32 {
	size := panelsF32(k, out)
	channels := size / (k + 1)
	p := packedF32{out: out, k: k, w: memory[:size-channels], bias: memory[size-channels : size]}
	lo, hi := w.share(k, 1)
	if w.alone() {
		clear(p.bias)
		copy(p.bias, bias)
	}
	at := 0
	for first := 0; first < out; {
		lanes := PanelLanes(out - first)
		n := min(lanes, out-first)
		for i := lo; i < hi; i++ {
			row := p.w[at+i*lanes:][:lanes]
			for c := range n {
				row[c] = weights[(first+c)*k+i]
			}
			clear(row[n:])
		}
		at += k * lanes
		first += lanes
	}
	return p
}

// ConvPackedF32 is ConvF32 with weights [out][kh][kw][in/group] and a bias from memory; the bias may be
// empty.
func ConvPackedF32(w *Worker, a *ConvPackedF32Args, dst, src, weights, bias, scratch []float32) {
	k, og := a.KH*a.KW*(a.C/a.Group), a.Out/a.Group
	size := panelsF32(k, og)
	c := ConvF32Args{N: a.N, C: a.C, Out: a.Out, Group: a.Group, Window: a.Window, Bias: bias, groups: make([]packedF32, a.Group)}
	for g := range c.groups {
		var b []float32
		if len(bias) > 0 {
			b = bias[g*og : (g+1)*og]
		}
		c.groups[g] = packInto(w, scratch[g*size:], weights[g*og*k:(g+1)*og*k], b, k, og)
	}
	w.wait()
	ConvF32(w, &c, dst, src)
}

// DensePackedF32Args describe a float32 product whose weights change from call to call.
type DensePackedF32Args struct{ Rows, K, Out int }

// Scratch is how many numbers of memory a call needs.
func (a *DensePackedF32Args) Scratch() int { return panelsF32(a.K, a.Out) }

// DensePackedF32 is DenseF32 with weights [out][k] and a bias from memory; the bias may be empty.
func DensePackedF32(w *Worker, a *DensePackedF32Args, dst, src, weights, bias, scratch []float32) {
	d := DenseF32Args{Rows: a.Rows, K: a.K, Out: a.Out, packed: packInto(w, scratch, weights, bias, a.K, a.Out)}
	w.wait()
	DenseF32(w, &d, dst, src)
}
