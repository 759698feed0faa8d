package op

import (
	"fmt"
	"math"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/tensor"
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
	if c.In[0].DType == tensor.I16 {
		h, l := SplitCode(q.Offset[0])
		lo, hi := q.Min>>8, q.Max>>8
		return sumsFit(c, codes, make([]int32, len(bias)), int64(lo-h), int64(hi-h)) &&
			sumsFit(c, codes, bias, -int64(l), 255-int64(l))
	}
	return sumsFit(c, codes, bias, int64(q.Min)-int64(q.Offset[0]), int64(q.Max)-int64(q.Offset[0]))
}

// sumsFit reports the first channel whose bias and products with numbers in [low, high], which holds 0,
// may leave int32.
func sumsFit(c *ir.InferCtx, codes []int8, bias []int32, low, high int64) bool {
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
		if m < 0x1p-126 || m > 0x1p127 || m > 0x1p118 && c.In[0].DType == tensor.I16 {
			c.Errorf("V039", "the multiplier %.6g of output channel %d lies outside the range 2^-126 to 2^127", m, ch)
			return false
		}
	}
	return true
}

// An accumulator sums products of one output. Codes of int16 have two sums.
type accumulator struct {
	x, w      *tensor.Tensor
	o, oh, ol int64 // the zero point, and its halves for int16 codes
	sum, low  int64 // low: of int16 codes, then sum is that of the high halves
}

func newAccumulator(c *ir.EvalCtx) *accumulator {
	_, o := c.InType[0].Quant.At(0)
	h, l := SplitCode(o)
	return &accumulator{x: c.In[0], w: c.In[1], o: int64(o), oh: int64(h), ol: int64(l)}
}

// start begins an output with its bias.
func (a *accumulator) start(bias int32) {
	a.sum, a.low = int64(bias), 0
	if a.x.DType == tensor.I16 {
		a.sum, a.low = 0, int64(bias)
	}
}

// add adds the product of elements i of x and k of w.
func (a *accumulator) add(i, k int) {
	w := int64(a.w.I8[k])
	if a.x.DType == tensor.I16 {
		h, l := SplitCode(int32(a.x.I16[i]))
		a.sum += (int64(h) - a.oh) * w
		a.low += (int64(l) - a.ol) * w
		return
	}
	a.sum += (int64(a.x.I8[i]) - a.o) * w
}

// accWriter gives the function that takes the accumulator of output channel ch to result i.
func accWriter(c *ir.EvalCtx) func(i, ch int, a *accumulator) {
	out := c.Result(0)
	xs, _ := c.InType[0].Quant.At(0)
	wq := c.InType[1].Quant
	wide := c.InType[0].DType == tensor.I16
	kept := func(acc int32, _ int) int32 { return acc }
	if Shifts(c.Node) {
		kept = func(acc int32, ch int) int32 { return ShiftAcc(acc, Shift(c.Node, ch)) }
	}
	if c.OutType[0].IsFloat() {
		return func(i, ch int, a *accumulator) {
			ws, _ := wq.At(ch)
			d := DequantScale(c.Node, xs, ws)
			if wide {
				out.F32[i] = WideValue(narrow(c, a.sum), narrow(c, a.low), d)
				return
			}
			out.F32[i] = float32(float32(kept(narrow(c, a.sum), ch)) * d)
		}
	}
	y := c.OutType[0].Quant
	clip := c.Node.Ints("clip")
	return func(i, ch int, a *accumulator) {
		ws, _ := wq.At(ch)
		var q int32
		if wide {
			m := WideMultiplier(xs, ws, y.Scale[0])
			q = Fin(WideValue(narrow(c, a.sum), narrow(c, a.low), m), y.Offset[0], y.Min, y.Max)
		} else {
			q = Requantize(kept(narrow(c, a.sum), ch), Multiplier(xs, ws, y.Scale[0]), y.Offset[0], y.Min, y.Max)
		}
		out.I8[i] = int8(ClampCode(q, clip))
	}
}

// narrow takes an exact sum to int32. accFits has proven that it fits.
func narrow(c *ir.EvalCtx, acc int64) int32 {
	if acc < math.MinInt32 || acc > math.MaxInt32 {
		panic(fmt.Sprintf("%s: accumulator %d does not fit int32", c.Node.Subject(), acc))
	}
	return int32(acc)
}
