package target

import "math"

// QuantWord packs the u64 requantization parameter of Fixpipe: scale in bits 31..13 (lower mantissa bits are dropped, as the unit does),
// the offset, clamped to [-256, 255], in bits 45..37, bit 46 set for a signed result.
func QuantWord(scale float32, offset int, signed bool) uint64 {
	w := uint64(math.Float32bits(scale) &^ 0x1fff)
	w |= uint64(min(max(offset, -256), 255)&0x1ff) << 37
	if signed {
		w |= 1 << 46
	}
	return w
}
