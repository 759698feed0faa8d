package amct

import "math"

// A DequantParam is what AscendDequant needs for one output channel (AMCT 4): y = acc*Scale, after the
// accumulator went through 16 bits when Shift is not zero.
type DequantParam struct {
	Scale   float32 // scale_d*scale_w
	Shift   uint8   // N: 0, or 1 to 16
	OffsetW int8    // offset of the weights
}

// Pack is the parameter as the deploy model holds it: the bits of the scale in 31..0, the shift in
// 39..32, the offset of the weights in 47..40.
func (p DequantParam) Pack() uint64 {
	return uint64(math.Float32bits(p.Scale)) | uint64(p.Shift)<<32 | uint64(uint8(p.OffsetW))<<40
}

// UnpackDequant is the inverse of Pack; ok is false when one of the upper 16 bits is set.
func UnpackDequant(w uint64) (p DequantParam, ok bool) {
	return DequantParam{Scale: math.Float32frombits(uint32(w)), Shift: uint8(w >> 32), OffsetW: int8(w >> 40)}, w>>48 == 0
}

// PackInt4 puts pairs of 4-bit codes into bytes, the even index in the low nibble. The number of codes
// is even.
func PackInt4(codes []int8) []byte {
	out := make([]byte, len(codes)/2)
	for i := range out {
		out[i] = byte(codes[2*i])&15 | byte(codes[2*i+1])<<4
	}
	return out
}

// UnpackInt4 is the inverse of PackInt4.
func UnpackInt4(b []byte) []int8 {
	out := make([]int8, 2*len(b))
	for i, v := range b {
		out[2*i], out[2*i+1] = int8(v<<4)>>4, int8(v)>>4
	}
	return out
}
