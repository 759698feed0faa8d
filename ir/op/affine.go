package op

import "math"

// This file is the integer arithmetic of amctc, in words and then in code. Every engine means
// exactly this; codegen and target/sim write it again, faster or from the hardware's rules, and
// are held against it.
//
// All float steps are single float32 operations, each rounded once to nearest even, subnormals
// kept; a product that feeds a sum is written float32(a*b) so that no compiler fuses it.
// RNE is round half to even. lo and hi are the ends of the code range.
//
//   - fin(f; o, lo, hi): NaN gives o; clip f to [lo-o, hi-o]; RNE; + o. It is the only way from
//     float to code, because converting an unclipped float differs between machines. For int8
//     it equals the Fixpipe's order: clip to [-256, 255], RNE, + o, clamp.
//   - quantize(x) = fin(x*r), r = 1/s rounded once. dequantize(q) = (q-o)*s.
//   - accumulate: bias + sum of (q_x - o_x)*w_q over the taps inside the tensor, exact.
//   - requantize(acc) = fin(float32(acc)*m), m a float32 whose low 13 bits are zero.
//   - dequantize accumulator = float32(acc)*d, d = s_x*s_w.
//   - add = fin((a-o_a)*m_a + (b-o_b)*m_b), m = s_in/s_out.
//   - sub is add with -m_b in the place of m_b.
//   - mul = fin((a-o_a)*(b-o_b)*m), the integer product exact, m = s_a*s_b/s_out.
//   - rescale = fin((q-o)*m), m = s_in/s_out.
//   - average = fin(S*m_n), S the exact sum of q-o over the n counted positions,
//     m_n = s_in/(s_out*n).
//   - a matrix product of two computed operands: both offsets are 0, the bias is 0, s_x*s_w is s_a*s_b.
//   - int16 codes: q = 256*h + l and o = 256*o_h + o_l with h, o_h in [-128, 127] and l, o_l in
//     [0, 255]. acc_h = sum of (h-o_h)*w, acc_l = bias + sum of (l-o_l)*w, both exact, and
//     wide(acc_h, acc_l; m) = float32(acc_h)*(256*m) + float32(acc_l)*m, each product rounded, then
//     the sum. requantize is fin(wide) with m = s_x*s_w/s_y rounded once to float32, because 19 bits
//     would be off by 16 codes at full scale; dequantize accumulator is wide with d.
//   - a shift N of a channel, in 1 to 16, puts clip16(floor(acc/2^N))*2^N in the place of acc, clip16 to
//     [-2^15, 2^15-1]: the number that the accumulator becomes on a machine that keeps 16 bits of it.
//   - with deq19, d loses its low 13 bits.
//   - a clip after any of them is a pair of codes: min(max(q, c_lo), c_hi).

// Fin is the only way from float to code.
func Fin(f float32, o, lo, hi int32) int32 {
	if f != f {
		return o
	}
	f = min(max(f, float32(lo-o)), float32(hi-o))
	return int32(math.RoundToEven(float64(f))) + o
}

// QuantizeCode is the code of x; r is Reciprocal of the scale.
func QuantizeCode(x, r float32, o, lo, hi int32) int32 { return Fin(float32(x*r), o, lo, hi) }

// Reciprocal is 1/s, rounded once.
func Reciprocal(s float32) float32 { return float32(1 / s) }

// DequantizeCode is the number that code q stands for.
func DequantizeCode(q int32, s float32, o int32) float32 { return float32(float32(q-o) * s) }

// RN19 rounds v half to even to a float32 whose low 13 bits are zero: sign, 8 bits of exponent
// and 10 of fraction, which is what the Fixpipe keeps of a scale. The result is normal: v must
// lie in [2^-126, 2^127].
func RN19(v float64) float32 {
	const drop = 52 - 10
	bits := math.Float64bits(v)
	half := uint64(1)<<(drop-1) - 1 + bits>>drop&1
	return float32(math.Float64frombits((bits + half) &^ (1<<drop - 1)))
}

// Multiplier is m of requantize for input scale sx, weight scale sw and result scale sy.
func Multiplier(sx, sw, sy float32) float32 {
	return RN19(float64(sx) * float64(sw) / float64(sy))
}

// WideMultiplier is m of requantize for int16 codes.
func WideMultiplier(sx, sw, sy float32) float32 {
	return float32(float64(sx) * float64(sw) / float64(sy))
}

// SplitCode is h and l of q = 256*h + l.
func SplitCode(q int32) (h, l int32) { return q >> 8, q & 255 }

// WideValue is what the two accumulators of int16 codes stand for in units of 1/m.
func WideValue(high, low int32, m float32) float32 {
	return float32(float32(float32(high)*float32(256*m)) + float32(float32(low)*m))
}

// AccScale is d of dequantize accumulator.
func AccScale(sx, sw float32) float32 { return float32(float64(sx) * float64(sw)) }

// Ratio is m of add and rescale.
func Ratio(in, out float32) float32 { return float32(float64(in) / float64(out)) }

// MulScale is m of mul.
func MulScale(sa, sb, sy float32) float32 {
	return float32(float64(sa) * float64(sb) / float64(sy))
}

// MeanScale is m_n of average for n counted positions.
func MeanScale(sx, sy float32, n int) float32 {
	return float32(float64(sx) / (float64(sy) * float64(n)))
}

// Requantize takes an accumulator to a code.
func Requantize(acc int32, m float32, o, lo, hi int32) int32 {
	return Fin(float32(float32(acc)*m), o, lo, hi)
}

// ShiftAcc is what is left of an accumulator that is kept in 16 bits, shifted right by n; 0 is no shift.
func ShiftAcc(acc int32, n int) int32 {
	if n == 0 {
		return acc
	}
	return min(max(acc>>n, math.MinInt16), math.MaxInt16) << n
}

// AddCode is the sum of two codes in the result's map.
func AddCode(a, oa int32, ma float32, b, ob int32, mb float32, o, lo, hi int32) int32 {
	fa := float32(float32(a-oa) * ma)
	fb := float32(float32(b-ob) * mb)
	return Fin(float32(fa+fb), o, lo, hi)
}

// MulCode is the product of two codes in the result's map.
func MulCode(a, oa, b, ob int32, m float32, o, lo, hi int32) int32 {
	return Fin(float32(float32((a-oa)*(b-ob))*m), o, lo, hi)
}

// RescaleCode moves a code to another map.
func RescaleCode(q, oq int32, m float32, o, lo, hi int32) int32 {
	return Fin(float32(float32(q-oq)*m), o, lo, hi)
}

// MeanCode takes a window's sum to a code.
func MeanCode(sum int32, m float32, o, lo, hi int32) int32 {
	return Fin(float32(float32(sum)*m), o, lo, hi)
}

// ClampCode applies a clip that is a pair of codes.
func ClampCode(q int32, clip []int) int32 {
	return min(max(q, int32(clip[0])), int32(clip[1]))
}
