package op

import (
	"math"

	"github.com/amctc/amctc/ir"
)

// ULQ quantizes activations between two trained bounds.
var ULQ = &ir.OpDef{
	Name:    "t.ulq",
	Summary: "fake quantization of an activation between trained bounds",
	Doc: "hi and lo are one element each, hi the upper, lo the lower bound; lo counts as 0 with fixed_min. The map is that of the asymmetric range from min(lo, 0) to max(hi, 0) in codes of bits (AMCT 2.0), " +
		"q = clamp(RNE(float32(float32(x/s)+o))), y = float32(float32(q-o)*s) (AMCT 2.0, 2.8).",
	Operands: []ir.Operand{{Name: "x"}, {Name: "hi"}, {Name: "lo"}},
	Attrs:    []ir.AttrDef{bitsAttr, {Name: "fixed_min", Kind: ir.AttrBool, Default: false, Doc: "the lower bound is 0"}},
	Stages:   trainStages,
	Grad: func(c *ir.GradCtx) {
		n := c.Node
		d := c.Build("t.ulq_dx", n.Attrs.Clone(), n.Operands[0], n.Operands[1], n.Operands[2], c.Out[0])
		copy(c.In, ir.Results(d))
	},
	Infer: func(c *ir.InferCtx) {
		if wantFloat(c) && gradShape(c, 1, []int{1}) && gradShape(c, 2, []int{1}) && wantBits(c) {
			c.Return(c.In[0])
		}
	},
	Eval: func(c *ir.EvalCtx) {
		s, o, lo, hi := ulqMap(c)
		out := c.Result(0)
		for i, v := range c.In[0].F32 {
			q := Fin(float32(float32(v/s)+float32(o)), 0, lo, hi)
			out.F32[i] = DequantizeCode(q, s, o)
		}
	},
}

var bitsAttr = ir.AttrDef{Name: "bits", Kind: ir.AttrInt, Default: 8, Doc: "width of the codes, 2 to 16"}

func wantBits(c *ir.InferCtx) bool {
	b := c.Node.Int("bits")
	if b < 2 || b > 16 {
		c.Errorf("V055", "bits is %d, want 2 to 16", b)
		return false
	}
	return true
}

// CodeEnds are the ends of the range of n-bit codes.
func CodeEnds(bits int) (lo, hi int32) { return -1 << (bits - 1), 1<<(bits-1) - 1 }

// smallestScale is AMCT's: a smaller one becomes 1 (AMCT 2.0).
const smallestScale = 1.192092896e-7

// AsymmetricMap is the map of a range widened to hold 0, in n-bit codes (AMCT 2.0).
func AsymmetricMap(lowest, highest float32, bits int) (scale float32, offset int32) {
	lo, hi := CodeEnds(bits)
	highest, lowest = max(highest, 0), min(lowest, 0)
	scale = float32(float32(highest-lowest) / float32(hi-lo))
	if !(scale >= smallestScale) {
		return 1, lo
	}
	o := int32(math.RoundToEven(float64(float32(float32(lo) - float32(lowest/scale)))))
	return scale, min(max(o, lo), hi)
}

func ulqMap(c *ir.EvalCtx) (s float32, o, lo, hi int32) {
	low := c.In[2].F32[0]
	if c.Node.Bool("fixed_min") {
		low = 0
	}
	lo, hi = CodeEnds(c.Node.Int("bits"))
	s, o = AsymmetricMap(low, c.In[1].F32[0], c.Node.Int("bits"))
	return s, o, lo, hi
}

// ULQDX is the gradient of t.ulq.
var ULQDX = &ir.OpDef{
	Name:    "t.ulq_dx",
	Summary: "gradients of trained bounds",
	Doc: "With scale, offset and the ends lo and hi of the codes: up = x > scale*(hi-offset), low = x < scale*(lo-offset); v = hi bound, lo bound or x, divided by scale; e = (RNE(v)-v)/(2^bits-1). dx = dy where neither up nor low; " +
		"the gradient of the upper bound is the sum of (e+up)*dy, of the lower that of (low-e)*dy: the elements of a sample in float64, position by position and by channel within, rounded to float32, then the samples in float64; the latter is 0 with fixed_min (AMCT 2.8).",
	Operands: []ir.Operand{{Name: "x"}, {Name: "hi"}, {Name: "lo"}, {Name: "dy"}},
	Attrs:    []ir.AttrDef{bitsAttr, {Name: "fixed_min", Kind: ir.AttrBool, Default: false, Doc: "the lower bound is 0"}},
	Results:  3,
	Stages:   trainStages,
	Infer: func(c *ir.InferCtx) {
		if wantFloat(c) && gradShape(c, 1, []int{1}) && gradShape(c, 2, []int{1}) && gradShape(c, 3, c.In[0].Shape) && wantBits(c) {
			c.Return(c.In[0], ir.Float(1), ir.Float(1))
		}
	},
	Eval: func(c *ir.EvalCtx) {
		s, o, lo, hi := ulqMap(c)
		dx, dhi, dlo := c.Result(0), c.Result(1), c.Result(2)
		fixed := c.Node.Bool("fixed_min")
		top, bottom := float32(s*float32(hi-o)), float32(s*float32(lo-o))
		low := c.In[2].F32[0]
		if fixed {
			low = 0
		}
		samples, channels := 1, 1 // of a sample, positions follow each other, and channels within them
		if s := c.In[0].Shape; len(s) > 1 {
			samples, channels = s[0], s[1]
		}
		per := len(c.In[0].F32) / samples
		var totalHi, totalLo, sumHi, sumLo float64
		for k := range c.In[0].F32 {
			i := k/per*per + k%per%channels*(per/channels) + k%per/channels
			x, dy := c.In[0].F32[i], float64(c.In[3].F32[i])
			up, down := x > top, x < bottom
			switch {
			case up:
				x = c.In[1].F32[0]
			case down:
				x = low
			default:
				dx.F32[i] = c.In[3].F32[i]
			}
			v := float64(float32(x / s))
			e := (math.RoundToEven(v) - v) / float64(hi-lo)
			sumHi += float64((e + one(up)) * dy)
			sumLo += float64((one(down) - e) * dy)
			if (k+1)%per == 0 {
				totalHi, totalLo = totalHi+float64(float32(sumHi)), totalLo+float64(float32(sumLo))
				sumHi, sumLo = 0, 0
			}
		}
		dhi.F32[0] = float32(totalHi)
		if !fixed {
			dlo.F32[0] = float32(totalLo)
		}
	},
}

func one(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// LSQ quantizes weights with trained scales.
var LSQ = &ir.OpDef{
	Name:     "t.lsq",
	Summary:  "fake quantization of weights with trained scales",
	Doc:      "w is (O, ...), scale has one element or O. y = float32(clamp(RNE(float32(w/scale)))*scale) with symmetric codes of bits (AMCT 2.9, ulq_retrain).",
	Operands: []ir.Operand{{Name: "w"}, {Name: "scale"}},
	Attrs:    []ir.AttrDef{bitsAttr},
	Stages:   trainStages,
	Grad: func(c *ir.GradCtx) {
		d := c.Build("t.lsq_dx", c.Node.Attrs.Clone(), c.Node.Operands[0], c.Node.Operands[1], c.Out[0])
		copy(c.In, ir.Results(d))
	},
	Infer: func(c *ir.InferCtx) {
		if wantScales(c) && wantBits(c) {
			c.Return(c.In[0])
		}
	},
	Eval: func(c *ir.EvalCtx) {
		w, scale, out := c.In[0], c.In[1].F32, c.Result(0)
		lo, hi := CodeEnds(c.Node.Int("bits"))
		per := w.Len() / len(scale)
		for i, v := range w.F32 {
			s := scale[i/per]
			out.F32[i] = float32(float32(Fin(float32(v/s), 0, lo, hi)) * s)
		}
	},
}

// wantScales checks weights with one scale or one for each output channel.
func wantScales(c *ir.InferCtx) bool {
	if !wantFloat(c) {
		return false
	}
	w, s := c.In[0], c.In[1]
	if len(w.Shape) < 2 || len(s.Shape) != 1 || s.Shape[0] != 1 && s.Shape[0] != w.Shape[0] {
		c.Errorf("V055", "scales are %s for weights %s, want one or one for each output channel", s, w)
		return false
	}
	return true
}

// LSQDX is the gradient of t.lsq.
var LSQDX = &ir.OpDef{
	Name:    "t.lsq_dx",
	Summary: "gradients of weights and of their trained scales",
	Doc: "v = w/scale. dw = dy where lo <= v <= hi, else +0. The gradient of a scale is the sum over its weights, in float64 in ascending order, of dy*(RNE(v)-v) inside, dy*lo below and dy*hi above, " +
		"divided by sqrt(number of its weights times hi) (AMCT 2.9).",
	Operands: []ir.Operand{{Name: "w"}, {Name: "scale"}, {Name: "dy"}},
	Attrs:    []ir.AttrDef{bitsAttr},
	Results:  2,
	Stages:   trainStages,
	Infer: func(c *ir.InferCtx) {
		if wantScales(c) && gradShape(c, 2, c.In[0].Shape) && wantBits(c) {
			c.Return(c.In[0], c.In[1])
		}
	},
	Eval: func(c *ir.EvalCtx) {
		w, scale, dy := c.In[0], c.In[1].F32, c.In[2]
		dw, ds := c.Result(0), c.Result(1)
		lo, hi := CodeEnds(c.Node.Int("bits"))
		per := w.Len() / len(scale)
		for k, s := range scale {
			var sum float64
			for i := k * per; i < (k+1)*per; i++ {
				g, x := float64(dy.F32[i]), w.F32[i]
				switch {
				case x < float32(s*float32(lo)):
					sum += float64(g * float64(lo))
				case x > float32(s*float32(hi)):
					sum += float64(g * float64(hi))
				default:
					v := float64(float32(x / s))
					sum += float64(g * (math.RoundToEven(v) - v))
					dw.F32[i] = dy.F32[i]
				}
			}
			ds.F32[k] = float32(sum / math.Sqrt(float64(per)*float64(hi)))
		}
	},
}

// StraightARQ quantizes weights by their range, which is found anew every time.
var StraightARQ = &ir.OpDef{
	Name:    "t.arq",
	Summary: "fake quantization of weights by their range, straight through in the gradient",
	Doc: "w is (O, ...). The scale of the tensor, or of each output channel with per_channel, is ARQ's (AMCT 2.3) in codes of bits; y as in t.lsq. The gradient passes through unchanged (AMCT 2.9, arq_retrain). " +
		"Results are y and the scales.",
	Operands: []ir.Operand{{Name: "w"}},
	Attrs:    []ir.AttrDef{bitsAttr, {Name: "per_channel", Kind: ir.AttrBool, Default: false, Doc: "a scale for each output channel"}},
	Results:  2,
	Stages:   trainStages,
	Grad:     func(c *ir.GradCtx) { c.In[0] = c.Out[0] },
	Infer: func(c *ir.InferCtx) {
		if !wantFloat(c) || !wantBits(c) {
			return
		}
		n := 1
		if len(c.In[0].Shape) < 2 {
			c.Errorf("V031", "operand 0 is %s, want rank 2 or more", c.In[0])
			return
		}
		if c.Node.Bool("per_channel") {
			n = c.In[0].Shape[0]
		}
		c.Return(c.In[0], ir.Float(n))
	},
	Eval: func(c *ir.EvalCtx) {
		w, out, scale := c.In[0], c.Result(0), c.Result(1)
		lo, hi := CodeEnds(c.Node.Int("bits"))
		per := w.Len() / len(scale.F32)
		for k := range scale.F32 {
			s := SymmetricScale(w.F32[k*per:(k+1)*per], c.Node.Int("bits"))
			scale.F32[k] = s
			for i := k * per; i < (k+1)*per; i++ {
				out.F32[i] = float32(float32(Fin(float32(w.F32[i]/s), 0, lo, hi)) * s)
			}
		}
	},
}

// SymmetricScale is ARQ's scale of some weights in n-bit codes: the negative end has one code more
// (AMCT 2.0, 2.3).
func SymmetricScale(w []float32, bits int) float32 {
	var lowest, highest float32
	for _, v := range w {
		lowest, highest = min(lowest, v), max(highest, v)
	}
	_, hi := CodeEnds(bits)
	s := float32(highest / float32(hi))
	if highest < -lowest {
		s = float32(-lowest / float32(hi+1))
	}
	if !(s >= smallestScale) {
		return 1
	}
	return s
}
