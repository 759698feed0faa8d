// SPDX-License-Identifier: MIT-0

package rt

// panelF32 is panel for float32 weights.
type panelF32 struct {
	k, out int
	w      [][lanesF32]float32
	bias   [][lanesF32]float32
}

const lanesF32 = 8

func makePanelF32(weights, bias []float32, k, out int) panelF32 {
	blocks := (out + lanesF32 - 1) / lanesF32
	p := panelF32{k: k, out: out, w: make([][lanesF32]float32, blocks*k), bias: make([][lanesF32]float32, blocks)}
	for o := range out {
		for i, v := range weights[o*k : (o+1)*k] {
			p.w[o/lanesF32*k+i][o%lanesF32] = v
		}
		if len(bias) > 0 {
			p.bias[o/lanesF32][o%lanesF32] = bias[o]
		}
	}
	return p
}

// dotF32 adds the products of x with a run of weights to the sums of a block of channels, in order;
// each product and each sum is rounded.
func dotF32(s *[lanesF32]float32, x []float32, w [][lanesF32]float32) {
	s0, s1, s2, s3, s4, s5, s6, s7 := s[0], s[1], s[2], s[3], s[4], s[5], s[6], s[7]
	w = w[:len(x)]
	for i, v := range x {
		r := &w[i]
		s0 = float32(s0 + float32(v*r[0]))
		s1 = float32(s1 + float32(v*r[1]))
		s2 = float32(s2 + float32(v*r[2]))
		s3 = float32(s3 + float32(v*r[3]))
		s4 = float32(s4 + float32(v*r[4]))
		s5 = float32(s5 + float32(v*r[5]))
		s6 = float32(s6 + float32(v*r[6]))
		s7 = float32(s7 + float32(v*r[7]))
	}
	*s = [lanesF32]float32{s0, s1, s2, s3, s4, s5, s6, s7}
}
