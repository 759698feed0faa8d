package op

import (
	"math"

	"github.com/amctc/amctc/ir"
)

// accFits proves that the accumulators of an integer layer fit int32: for each output channel, the
// bias and every partial sum of (q-o)*w in any order, from the actual weights and the code range of
// the input. It reports the first channel for which that fails. Constants whose data do not fit their
// types are left to the verifier.
func accFits(c *ir.InferCtx) bool {
	w, b := c.Node.Operands[1], c.Node.Operands[2]
	if w.Const == nil || b.Const == nil {
		return true
	}
	codes, bias := w.Const.Data.I8, b.Const.Data.I32
	if len(bias) == 0 || len(codes)%len(bias) != 0 {
		return true
	}
	q := c.In[0].Quant
	low, high := int64(q.Min)-int64(q.Offset[0]), int64(q.Max)-int64(q.Offset[0])
	per := len(codes) / len(bias)
	for ch, start := range bias {
		var up, down int64 // sums of the positive and of the negative weights
		for _, v := range codes[ch*per : (ch+1)*per] {
			if v > 0 {
				up += int64(v)
			} else {
				down += int64(v)
			}
		}
		// The offset lies in the code range, so that low <= 0 <= high.
		least, most := int64(start)+low*up+high*down, int64(start)+high*up+low*down
		if least < math.MinInt32 || most > math.MaxInt32 {
			c.Errorf("V038", "the accumulator of output channel %d may reach [%d, %d], beyond int32", ch, least, most)
			return false
		}
	}
	return true
}

// multipliersFit reports the first output channel whose multiplier is not what RN19 takes, because
// the scales of input, weights and result lie too far apart. ws are the weights, y is the result.
func multipliersFit(c *ir.InferCtx, ws, y *ir.Quant) bool {
	xs := c.In[0].Quant.Scale[0]
	for ch, s := range ws.Scale {
		m := float64(xs) * float64(s) / float64(y.Scale[0])
		if m < 0x1p-126 || m > 0x1p127 {
			c.Errorf("V039", "the multiplier %.6g of output channel %d lies outside the range 2^-126 to 2^127", m, ch)
			return false
		}
	}
	return true
}
