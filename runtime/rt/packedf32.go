// SPDX-License-Identifier: MIT-0

package rt

// packedF32 are weights of one group of channels in panels as in Packed, each W[tap][channel]; bias has
// an entry for every channel of the panels.
type packedF32 struct {
	out, k  int
	w, bias []float32
}

// packF32 packs weights [out][k]; bias may be empty.
func packF32(weights, bias []float32, k, out int) packedF32 {
	p := packedF32{out: out, k: k}
	for first := 0; first < out; {
		lanes := PanelLanes(out - first)
		n := min(lanes, out-first)
		w, b := make([]float32, k*lanes), make([]float32, lanes)
		for c := range n {
			for i, v := range weights[(first+c)*k : (first+c+1)*k] {
				w[i*lanes+c] = v
			}
			if len(bias) > 0 {
				b[c] = bias[first+c]
			}
		}
		p.w, p.bias = append(p.w, w...), append(p.bias, b...)
		first += lanes
	}
	return p
}

// multiply runs a tile for every panel. first is the tap of the weights with which windows begin, skip
// the number of taps that are left out between segments.
func (p *packedF32) multiply(t *tileF32, first, skip int) {
	dst := t.dst
	weights := 0
	for channel := 0; channel < p.out; {
		rest := p.out - channel
		lanes := PanelLanes(rest)
		t.w, t.bias = &p.w[weights+first*lanes], &p.bias[channel]
		t.row, t.skip = 4*lanes, 4*lanes*skip
		t.mask = ^uint64(0)
		if rest < 64 {
			t.mask = 1<<rest - 1
		}
		t.dst = element(dst, channel)
		t.run(lanes)
		weights += lanes * p.k
		channel += lanes
	}
	t.dst = dst
}
