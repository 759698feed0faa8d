package passes

import (
	"context"
	"fmt"
	"math"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/tensor"
)

// Validation executes functions before and after every pass and compares them: translation validation. It does
// not look at what a pass did, but at the numbers that come out, against what the pass promises.
//
// Both functions are interpreted side by side. A value that has the same name in both is a cut: it is compared, and
// the function before goes on with the value of the function after. So a difference does not grow on its way through
// the network, bounds are those of the few operators between two cuts, and the first value that differs is the one
// that was miscompiled.
type Validation struct {
	// Samples gives the inputs; nil stands for Noise. Each has one tensor for each parameter.
	Samples func(f *ir.Func) [][]*tensor.Tensor
	// Passes and Values count what was compared.
	Passes, Values int
	// Unbounded counts values that no bound is known for: an operator without a rule read a rounded one.
	Unbounded int
}

// Miscompiled is the first value that breaks the promise of a pass. Values are numbers that the elements stand for.
type Miscompiled struct {
	Func, Value string
	Sample      int
	Index       int // of the element, row-major; -1 for a difference of the whole value
	Before      float64
	After       float64
	Bound       float64 // what the promise allows between them
	Promise     Promise
	Why         string // what else was expected, when the value alone does not say it
}

func (m *Miscompiled) Error() string {
	if m.Index < 0 {
		return fmt.Sprintf("miscompiled, the promise is %q: %%%s of @%s: %s", m.Promise, m.Value, m.Func, m.Why)
	}
	s := fmt.Sprintf("miscompiled, the promise is %q: %%%s[%d] of @%s was %v and is %v in sample %d", m.Promise, m.Value, m.Index, m.Func, m.Before, m.After, m.Sample)
	if m.Bound > 0 {
		s += fmt.Sprintf(", off by %.3g where %.3g is allowed", math.Abs(m.Before-m.After), m.Bound)
	}
	if m.Why != "" {
		s += ": " + m.Why
	}
	return s
}

// Noise is two samples for every parameter, spread about zero as sums of four equally distributed numbers are, with
// some far out and some exactly zero, the same ones every time. A free dimension has two rows in the second.
func Noise(f *ir.Func) [][]*tensor.Tensor {
	var out [][]*tensor.Tensor
	state := uint64(1)
	next := func() uint64 { // Steele, Lea and Flood's SplitMix64
		state += 0x9e3779b97f4a7c15
		z := state
		z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
		z = (z ^ z>>27) * 0x94d049bb133111eb
		return z ^ z>>31
	}
	for batch := 1; batch <= 2; batch++ {
		var in []*tensor.Tensor
		for _, p := range f.Params {
			t := tensor.New(p.Type.DType, p.Type.Bind(batch).Shape...)
			for i := range t.F32 {
				bits := next()
				sum := int64(bits&0xfff) + int64(bits>>12&0xfff) + int64(bits>>24&0xfff) + int64(bits>>36&0xfff) - 2*0xfff
				switch kind := bits >> 60; {
				case kind == 0:
				case kind == 1:
					t.F32[i] = float32(sum) / (1 << 8) // within 32
				default:
					t.F32[i] = float32(sum) / (1 << 11) // within 4
				}
			}
			if p.Type.DType == tensor.U8 {
				for i := range t.I64 {
					t.I64[i] = int64(next() >> 56)
				}
			}
			in = append(in, t)
		}
		out = append(out, in)
	}
	return out
}

// pass compares every function of two modules, and gives the first *Miscompiled. was are the factors before the pass.
func (v *Validation) pass(c *Context, p Pass, before, after *ir.Module, was *Factors) error {
	keeps := p.Keeps
	if keeps == Divided && (before.Balanced || !c.hasBalance()) {
		keeps = Exact
	}
	if c.Fuel == 0 && keeps > Recognized {
		return nil // the pass stopped on its way
	}
	v.Passes++
	if ir.Equal(before, after) == "" {
		return nil
	}
	for i, f := range before.Funcs {
		f := f.Clone()
		if p.In == ir.StageFloat {
			UniqueNames(f) // as passes do that name operators: partners are found by name
		}
		samples := v.Samples
		if samples == nil {
			samples = Noise
		}
		for k, in := range samples(f) {
			l := &lockstep{c: c, v: v, was: was, keeps: keeps, sample: k, before: f, after: after.Funcs[i], in: in}
			if err := l.run(c.Context); err != nil {
				return err
			}
		}
	}
	return nil
}

// real are the numbers that the elements of t stand for, as float32; integers without a map as they are.
func real(t *tensor.Tensor, typ ir.Type) *tensor.Tensor {
	if t.DType == tensor.F32 {
		return t
	}
	out := tensor.New(tensor.F32, t.Shape...)
	inner, axis := 1, 1
	q := typ.Quant
	if q != nil && q.Axis >= 0 {
		inner, axis = tensor.Elems(t.Shape[q.Axis+1:]), t.Shape[q.Axis]
	}
	for i := range out.F32 {
		code := t.Real(i)
		if q == nil {
			out.F32[i] = float32(code)
			continue
		}
		s, o := q.At(i / inner % axis)
		out.F32[i] = float32(float32(int32(code)-o) * s)
	}
	return out
}

// execute interprets one node.
func execute(ctx context.Context, n *ir.Node, in []*tensor.Tensor, batch int) ([]*tensor.Tensor, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	c := &ir.EvalCtx{Node: n, In: in, Out: make([]*tensor.Tensor, len(n.Results))}
	for _, v := range n.Operands {
		c.InType = append(c.InType, v.Type.Bind(batch))
	}
	for _, v := range n.Results {
		c.OutType = append(c.OutType, v.Type.Bind(batch))
	}
	n.Op.Eval(c)
	return c.Out, nil
}
