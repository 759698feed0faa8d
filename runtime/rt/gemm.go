// SPDX-License-Identifier: MIT-0

package rt

// lanes is the number of output channels that one pass over a patch computes; strip the number of
// pairs of patches between two epilogues.
const (
	lanes = 8
	strip = 4
)

// panel is a matrix of weights for one group, out channels by k taps, in blocks of lanes channels:
// w[block*k+tap] holds one weight of each channel of the block. bias starts the sums.
type panel struct {
	k, out int
	w      [][lanes]int8
	bias   []int32
}

// makePanel packs weights [out][k] and folds the zero point: codes are used as stored, u = q+128,
// so that sum (q-o)*w + b = sum u*w + b - (128+o)*sum w, where taps in the padding read code o.
// The compiler has proven that every partial sum fits int32.
func makePanel(weights []int8, bias []int32, k int, zero int32) panel {
	out := len(bias)
	blocks := (out + lanes - 1) / lanes
	p := panel{k: k, out: out, w: make([][lanes]int8, blocks*k), bias: make([]int32, out)}
	for o := range out {
		sum := int32(0)
		for i, v := range weights[o*k : (o+1)*k] {
			p.w[o/lanes*k+i][o%lanes] = v
			sum += int32(v)
		}
		p.bias[o] = bias[o] - zero*sum
	}
	return p
}

// multiply computes the accumulators of two patches for every channel of the panel. x holds code i
// of both patches, the second 32 bits up: one multiplication serves two sums, because the product
// with a weight w is u0*w + 2^32*u1*w, and sums that fit int32 separate exactly.
func (p *panel) multiply(x []int64, acc0, acc1 []int32) {
	for o := 0; o < p.out; o += lanes {
		var s [lanes]int64
		dot(&s, x, p.w[o/lanes*p.k:])
		for j := range min(lanes, p.out-o) {
			lo := int32(s[j])
			hi := int32((s[j] - int64(lo)) >> 32)
			acc0[o+j], acc1[o+j] = p.bias[o+j]+lo, p.bias[o+j]+hi
		}
	}
}

func dot(s *[lanes]int64, x []int64, w [][lanes]int8) {
	var s0, s1, s2, s3, s4, s5, s6, s7 int64
	w = w[:len(x)]
	for i, v := range x {
		r := &w[i]
		s0 += v * int64(r[0])
		s1 += v * int64(r[1])
		s2 += v * int64(r[2])
		s3 += v * int64(r[3])
		s4 += v * int64(r[4])
		s5 += v * int64(r[5])
		s6 += v * int64(r[6])
		s7 += v * int64(r[7])
	}
	*s = [lanes]int64{s0, s1, s2, s3, s4, s5, s6, s7}
}

// put stores a row of codes into lane 0 or 1 of a patch.
func put(x []int64, row []uint8, lane int) {
	x = x[:len(row)]
	if lane == 0 {
		for i, u := range row {
			x[i] = int64(u)
		}
		return
	}
	for i, u := range row {
		x[i] |= int64(u) << 32
	}
}

// fill stores one code n times.
func fill(x []int64, u uint8, lane int) {
	if lane == 0 {
		for i := range x {
			x[i] = int64(u)
		}
		return
	}
	for i := range x {
		x[i] |= int64(u) << 32
	}
}
