package ascend

import (
	"math"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/op"
	"github.com/amctc/amctc/target"
)

// An accumulation is what q.conv2d and q.dense share: int8 weights, an int32 bias with the zero point's share, and how sums leave the cube.
type accumulation struct {
	outs   int     // output channels
	per    int     // weights of each
	w      []int8  // [outs][per]
	bias   []int32 // b - o_x * sum of w: the cube multiplies codes as they are, and padding reads the code o_x
	word   []uint64
	same   bool      // all words are equal
	scale  []float32 // of a float32 result: one for each channel; nil for codes
	relu   bool      // Fixpipe clamps negative sums
	clip   []int     // clamp that is left for a pass of the vector unit; nil: none
	zero   bool      // every bias is zero
	offset int       // o_x
	bound  int64     // no sum is larger, whatever its sign

	// Without Fixpipe, the vector unit multiplies and clamps:
	factor []float32 // one for each channel; those of a float32 result are scale
	code   *ir.Quant // the result's codes; nil for float32
	clamp  []int     // what is left of them
	keep   keep      // of shifted sums
}

// accumulate reads operands 1 and 2 of the node.
func (k *kernel) accumulate(x, y tensorGM) *accumulation {
	wt, b := k.node.Operands[1], k.node.Operands[2]
	a := k.sums(int(x.Offset()), b.Const.Data.I32)
	if a.keep = k.keepOf(a.outs); a.keep.mask != nil {
		a.bound = min(a.bound+1<<op.MaxShift, 1<<31) // floor takes a negative sum further
	}
	if y.Type == target.F32 {
		for o := range a.outs {
			s, _ := wt.Type.Quant.At(o)
			a.scale = append(a.scale, op.DequantScale(k.node, x.Scale(), s))
		}
		return a
	}
	a.same = true
	for o := range a.outs {
		s, _ := wt.Type.Quant.At(o)
		m := op.Multiplier(x.Scale(), s, y.Scale())
		a.factor = append(a.factor, m)
		a.word = append(a.word, target.QuantWord(m, int(y.Offset()), true))
		a.same = a.same && a.word[o] == a.word[0]
	}
	k.leave(a, y)
	return a
}

// leave chooses what Fixpipe does of the node's clip, and what is left for the vector unit; without Fixpipe that does all of it.
func (k *kernel) leave(a *accumulation, y tensorGM) {
	if !k.fixpipe() {
		a.code, a.clamp = y.Quant, k.node.Ints("clip")
		return
	}
	clip := k.node.Ints("clip")
	clip = []int{max(clip[0], int(y.Quant.Min)), min(clip[1], int(y.Quant.Max))}
	switch {
	case clip[0] == -128 && clip[1] == 127:
	case clip[0] == int(y.Offset()) && clip[1] == 127 && k.desc.Fixpipe.ReLU:
		a.relu = true // a negative sum counts as zero, whose code is the offset
	default:
		a.clip = clip
	}
}

// sums are the accumulators of the node's weights with codes of int8 whose zero point is offset; how they leave the cube is not yet said.
func (k *kernel) sums(offset int, bias []int32) *accumulation {
	wt := k.node.Operands[1]
	a := &accumulation{outs: wt.Type.Shape[0], w: wt.Const.Data.I8, offset: offset, zero: true}
	a.per = len(a.w) / a.outs
	for o := range a.outs {
		up, down := int64(0), int64(0) // sums of the positive and of the negative weights
		for _, v := range a.w[o*a.per : (o+1)*a.per] {
			up, down = up+max(int64(v), 0), down+min(int64(v), 0)
		}
		folded := int64(bias[o]) - int64(a.offset)*(up+down)
		// The cube starts at the folded bias and adds codes times weights; any partial sum lies between these.
		least, most := folded-128*up+127*down, folded+127*up-128*down
		if !k.fixpipe() { // there the cube starts at zero, and the vector unit adds the bias
			least, most = min(least, least-folded), max(most, most-folded)
		}
		a.bound = max(a.bound, -least, most)
		if least < math.MinInt32 || most > math.MaxInt32 {
			k.fail(codeRange, "the sum of output channel %d may reach [%d, %d], beyond int32", o, least, most)
		}
		a.bias = append(a.bias, int32(folded))
		a.zero = a.zero && folded == 0
	}
	return a
}

// pick is element i of v, or rest beyond its end: the channels that fill up a tile.
func pick[T any](v []T, i int, rest T) T {
	if i < len(v) {
		return v[i]
	}
	return rest
}

// A columns is a run of output channels that the cube computes at once, from the 32-channel planes first..first+planes-1 of the input.
type columns struct {
	from, n       int // channels; n is a multiple of 32
	valid         int // of them; the others fill up the tile
	first, planes int
}

// A section is several columns of one shape, side by side: element i covers the channels and planes of the first one plus i times the steps.
type section struct {
	columns
	count     int
	planeStep int
}

// sections groups columns into runs that one loop can walk.
func sections(all []columns) []section {
	var out []section
	for _, t := range all {
		if len(out) > 0 {
			s := &out[len(out)-1]
			if t.n == s.n && t.valid == s.valid && t.planes == s.planes && t.from == s.from+s.count*s.n {
				step := t.first - (s.first + (s.count-1)*s.planeStep)
				if step >= 0 && (s.count == 1 || step == s.planeStep) {
					s.planeStep = step
					s.count++
					continue
				}
			}
		}
		out = append(out, section{columns: t, count: 1})
	}
	return out
}

// pack is the FRACTAL_Z image of the weights of a section, column tile after column tile: [planes*taps][n/16][16][32], with zeros where an output channel doesn't
// see an input channel. channel gives the first input channel that an output channel sees; each sees per/taps of them.
func (a *accumulation) pack(s section, taps int, channel func(o int) int) []byte {
	width := a.per / taps
	tile := s.planes * taps * s.n * 32
	out := make([]byte, s.count*tile)
	for i := range s.count {
		for j := range s.n {
			o := s.from + i*s.n + j
			if o >= a.outs {
				break
			}
			base := (s.first + i*s.planeStep) * 32
			for c := range width {
				at := channel(o) + c - base
				for t := range taps {
					row := at/32*taps + t
					out[i*tile+((row*(s.n/16)+j/16)*16+j%16)*32+at%32] = byte(a.w[o*a.per+c*taps+t])
				}
			}
		}
	}
	return out
}
