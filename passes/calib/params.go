// Package calib finds quantization factors over plain slices: observers of activations, scales
// of weights, integer biases, and the proof that an accumulator holds.
package calib

import (
	"errors"
	"fmt"
	"math"
)

// Eps is the float32 epsilon, AMCT's smallest scale (AMCT 2.0).
const Eps = 1.192092896e-7

// Params are the factors of one tensor. ClipMin and ClipMax are the numbers that the lowest and the
// highest code stand for; Index is the winning candidate of a search, or -1.
type Params struct {
	Scale            float32
	Offset           int32
	ClipMin, ClipMax float32
	Index            int
}

// ErrEmpty says that an observer saw no data.
var ErrEmpty = errors.New("no data was observed")

// CodeRange is the range of n-bit codes.
func CodeRange(bits int) (lo, hi int32) { return -1 << (bits - 1), 1<<(bits-1) - 1 }

// ProcessScale replaces a scale below Eps by 1, with the offset that goes with it (AMCT 2.0).
// It reports a scale that is not finite or whose reciprocal is not.
func ProcessScale(scale float32, offset int32, asym bool, bits int) (float32, int32, error) {
	if scale < Eps {
		scale = 1
		if asym {
			offset, _ = CodeRange(bits)
		}
	}
	if r := 1 / scale; scale-scale != 0 || r-r != 0 || scale > 1/Eps {
		return 0, 0, fmt.Errorf("scale %v is not between 2^-23 and 2^23", scale)
	}
	return scale, offset, nil
}

// MinMax gives the factors of a range (AMCT 2.0, minmax_scale_offset). An asymmetric range is
// widened to hold zero; a symmetric one uses 2^(n-1) codes on the side of the negative end when
// that end dominates.
func MinMax(lowest, highest float32, asym bool, bits int) (Params, error) {
	lo, hi := CodeRange(bits)
	var scale float32
	var offset int32
	if asym {
		highest, lowest = max(highest, 0), min(lowest, 0)
		scale = float32(float32(highest-lowest) / float32(hi-lo))
		offset = asymOffset(lowest, scale, bits)
	} else {
		scale = symScale(lowest, highest, bits)
	}
	scale, offset, err := ProcessScale(scale, offset, asym, bits)
	if err != nil {
		return Params{}, err
	}
	return params(scale, offset, bits, -1), nil
}

func asymOffset(lowest, scale float32, bits int) int32 {
	lo, hi := CodeRange(bits)
	if scale < Eps {
		return lo
	}
	o := int32(math.RoundToEven(float64(float32(float32(lo) - float32(lowest/scale)))))
	return min(max(o, lo), hi)
}

func symScale(lowest, highest float32, bits int) float32 {
	a, b := abs(highest), abs(lowest)
	_, hi := CodeRange(bits)
	if a < b {
		return float32(b / float32(hi+1))
	}
	return float32(a / float32(hi))
}

func params(scale float32, offset int32, bits, index int) Params {
	lo, hi := CodeRange(bits)
	return Params{Scale: scale, Offset: offset, ClipMin: float32(float32(lo-offset) * scale), ClipMax: float32(float32(hi-offset) * scale), Index: index}
}

func abs(x float32) float32 { return math.Float32frombits(math.Float32bits(x) &^ (1 << 31)) }

// checkFinite reports the first element that is not finite; start is the number of elements
// seen before x.
func checkFinite(x []float32, start uint64) error {
	for i, v := range x {
		if v-v != 0 {
			return fmt.Errorf("the activation to be quantized has the invalid value %v at element %d", v, start+uint64(i))
		}
	}
	return nil
}
