package op

import (
	"math"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/tensor"
)

// halfAttr says that the scale of a float32 result is kept in 19 bits.
var halfAttr = ir.AttrDef{Name: "deq19", Kind: ir.AttrBool, Default: false,
	Doc: "d of a float32 result loses its low 13 bits, as a machine does that keeps 19 bits of it"}

// S19 is v without the low 13 bits: 19 bits, rounded towards zero.
func S19(v float32) float32 { return math.Float32frombits(math.Float32bits(v) &^ (1<<13 - 1)) }

// DequantScale is d of dequantize accumulator at n, an integer layer.
func DequantScale(n *ir.Node, sx, sw float32) float32 {
	d := AccScale(sx, sw)
	if v, _ := n.Attrs.Get(halfAttr.Name); v == true {
		return S19(d)
	}
	return d
}

// HalfScale is a scale as a machine has it that keeps float16: the nearest float16, and outside of the normal ones, 2^-14
// to 65504, the square of the nearest float16 of its root (AMCT 4, FORCE_FP16_QUANT). ok is false where that is no positive
// number.
func HalfScale(s float32) (half float32, ok bool) {
	if s >= 0x1p-14 && s <= 65504 {
		return float32(tensor.F16.Round(float64(s))), true
	}
	root := tensor.F16.Round(math.Sqrt(float64(s)))
	half = float32(float64(root * root))
	return half, half > 0 && half <= math.MaxFloat32
}
