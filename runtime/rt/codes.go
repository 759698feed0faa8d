// SPDX-License-Identifier: MIT-0

package rt

import "math"

// Codes says how a float32 becomes a stored code: clip to [Lo, Hi], round half to even, add Zero.
// Lo and Hi are integers of magnitude at most 255: the ends of the code range, or of a fused
// activation, less the offset. Zero is the offset plus 128. NaN becomes the code NaN.
type Codes struct {
	Lo, Hi float32
	Zero   int32
	NaN    uint8
}

// round is 1.5*2^23. Adding it to a float32 of magnitude below 2^22 rounds half to even, because
// the sum's last place is 1, and leaves the integer in the low bits.
const (
	round     = 12582912
	roundBits = 0x4b400000
)

// code is the only way from float32 to a stored code. Callers pass a rounded product or sum.
func (q *Codes) code(f float32) uint8 {
	if f != f {
		return q.NaN
	}
	f = min(max(f, q.Lo), q.Hi)
	return uint8(int32(math.Float32bits(f+round)) - roundBits + q.Zero)
}

// ends are the zero point, the least and the greatest code, and 1 when packing with saturation is all
// that is left to do after rounding.
func (q *Codes) ends(p *Packed) (zero, lo, hi, plain int) {
	zero, lo, hi = int(q.Zero), int(int32(q.Lo)+q.Zero), int(int32(q.Hi)+q.Zero)
	if p.Bounded && zero == 0 && lo == 0 && hi == 255 {
		plain = 1
	}
	return zero, lo, hi, plain
}

// requantize takes a row of accumulators to codes, one multiplier each.
func requantize(dst []uint8, acc []int32, m []float32, q *Codes) {
	acc, m = acc[:len(dst)], m[:len(dst)]
	for i := range dst {
		dst[i] = q.code(float32(float32(acc[i]) * m[i]))
	}
}

// scaleRow takes a row of accumulators to the numbers they stand for.
func scaleRow(dst []float32, acc []int32, m []float32) {
	acc, m = acc[:len(dst)], m[:len(dst)]
	for i := range dst {
		dst[i] = float32(float32(acc[i]) * m[i])
	}
}
