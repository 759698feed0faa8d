package calib

import (
	"fmt"
	"math"
)

// CheckWeights reports the first weight that is not finite, or is too large for any scale in
// [2^-23, 2^23] of bits-wide codes.
func CheckWeights(w []float32, bits int) error {
	_, hi := CodeRange(bits)
	for i, v := range w {
		if v-v != 0 {
			return fmt.Errorf("the weight to be quantized has the invalid value %v at element %d", v, i)
		}
		if float64(abs(v)) > float64(hi)/Eps {
			return fmt.Errorf("the weight %v at element %d is too large to be quantized", v, i)
		}
	}
	return nil
}

// ARQ gives the symmetric min-max scales of weights, channel-major with as many elements for
// each of the channels (AMCT 2.3): one scale, or one for each channel. A (nearly) zero channel
// takes scale 1. The codes are those of QuantizeWeights for bits-wide codes. The weights must pass
// CheckWeights.
func ARQ(w []float32, channels int, perChannel bool, bits int) (scale []float32, codes []int8) {
	n := 1
	if perChannel {
		n = channels
	}
	scale = make([]float32, n)
	per := len(w) / n
	for c := range n {
		var lo, hi float32
		for _, v := range w[c*per : (c+1)*per] {
			lo, hi = min(lo, v), max(hi, v)
		}
		s := symScale(lo, hi, bits)
		if s < Eps {
			s = 1
		}
		scale[c] = s
	}
	return scale, QuantizeWeights(w, scale, bits)
}

// QuantizeWeights gives bits-wide codes clamp(RNE(w/s)); scale has one entry or one for each channel.
func QuantizeWeights(w, scale []float32, bits int) []int8 {
	lo, hi := CodeRange(bits)
	out := make([]int8, len(w))
	per := len(w) / len(scale)
	for i, v := range w {
		q := math.RoundToEven(float64(float32(v / scale[i/per])))
		out[i] = int8(min(max(q, float64(lo)), float64(hi)))
	}
	return out
}

// FakeQuantWeights gives the numbers that the bits-wide codes of w stand for.
func FakeQuantWeights(w, scale []float32, bits int) []float32 {
	out := make([]float32, len(w))
	per := len(w) / len(scale)
	for i, q := range QuantizeWeights(w, scale, bits) {
		out[i] = float32(float32(q) * scale[i/per])
	}
	return out
}

// Bias gives b_q = RNE(b/(s_x*s_w)) in float64 (AMCT 4), and reports the first that does not fit
// int32.
func Bias(b []float32, scaleX float32, scaleW []float32) ([]int32, error) {
	out := make([]int32, len(b))
	for c, v := range b {
		s := float64(float64(scaleX) * float64(scaleW[c%len(scaleW)]))
		q := math.RoundToEven(float64(v) / s)
		if !(q >= math.MinInt32 && q <= math.MaxInt32) {
			return nil, fmt.Errorf("quantized bias %.0f of channel %d exceeds int32; the smallest weight scale that fits is %g", q, c, math.Abs(float64(v))/(float64(scaleX)*math.MaxInt32))
		}
		out[c] = int32(q)
	}
	return out, nil
}

// Raised is one weight scale that FloorScales changed.
type Raised struct {
	Channel  int
	From, To float32
	Bias     float32
}

// FloorScales raises weight scales so that every bias fits the accumulator with room: to at least
// |b|/(s_x*2^28); and where all codes of a scale would be 0 and a bias is not, the scale becomes
// |b|/(s_x*2^22), which keeps the bias exact to 22 bits. Applied to its own result it changes
// nothing.
func FloorScales(scaleW, weights, bias []float32, scaleX float32, bits int) ([]float32, []Raised) {
	out := append([]float32(nil), scaleW...)
	var raised []Raised
	per := len(weights) / len(scaleW)
	biases := len(bias) / len(scaleW)
	for c := range out {
		var b float32
		for _, v := range bias[c*biases : (c+1)*biases] {
			if abs(v) > abs(b) {
				b = v
			}
		}
		fit := func(power int) float32 {
			return float32(min(max(math.Ldexp(math.Abs(float64(b))/float64(scaleX), -power), Eps), 1/Eps))
		}
		s := max(out[c], fit(28))
		dead := b != 0
		for _, q := range QuantizeWeights(weights[c*per:(c+1)*per], []float32{s}, bits) {
			dead = dead && q == 0
		}
		if b == 0 {
			s = out[c]
		} else if dead {
			s = fit(22)
		}
		if s != out[c] {
			raised = append(raised, Raised{Channel: c, From: out[c], To: s, Bias: b})
			out[c] = s
		}
	}
	return out, raised
}
