package diagnose

import (
	"context"
	"math"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/tensor"
)

// cosine adds up the angle between two vectors.
type cosine struct{ dot, a, b float64 }

func (c *cosine) add(a, b []float32) {
	for i, v := range a {
		x, y := float64(v), float64(b[i])
		c.dot += float64(x * y)
		c.a += float64(x * x)
		c.b += float64(y * y)
	}
}

func (c *cosine) value() float64 {
	if c.a == 0 || c.b == 0 {
		return boolFloat(c.a == c.b)
	}
	return math.Round(c.dot/math.Sqrt(c.a*c.b)*1e9) / 1e9
}

func boolFloat(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// capture runs one sample of f and copies the wanted values.
func capture(ctx context.Context, r ir.Runner, f *ir.Func, in []*tensor.Tensor, wanted map[*ir.Value]bool) (at map[*ir.Value]*tensor.Tensor, out []*tensor.Tensor, err error) {
	at = make(map[*ir.Value]*tensor.Tensor)
	for i, p := range f.Params {
		if wanted[p] {
			at[p] = in[i]
		}
	}
	out, err = r.Run(ctx, in, func(v *ir.Value, t *tensor.Tensor) {
		if wanted[v] && t.DType == tensor.F32 {
			at[v] = tensor.FromF32(append([]float32(nil), t.F32...), t.Shape...)
		}
	})
	return at, out, err
}

// values are the operands that units quantize, each once.
func (b *base) values() map[*ir.Value]bool {
	out := make(map[*ir.Value]bool)
	for _, u := range b.units {
		for _, a := range u.acts {
			out[a.value] = true
		}
	}
	return out
}

// watch gathers statistics of the units' operands over calls of the base.
type watch struct {
	of map[*ir.Value]*stats
}

func newWatch(b *base) *watch {
	w := &watch{of: make(map[*ir.Value]*stats)}
	for v := range b.values() {
		w.of[v] = newStats(v.Type)
		if v.IsConst() {
			w.of[v].add(v.Const.Data)
		}
	}
	return w
}

func (w *watch) run(ctx context.Context, r ir.Runner, f *ir.Func, in []*tensor.Tensor) error {
	for i, p := range f.Params {
		if s := w.of[p]; s != nil {
			s.add(in[i])
		}
	}
	_, err := r.Run(ctx, in, func(v *ir.Value, t *tensor.Tensor) {
		if s := w.of[v]; s != nil && t.DType == tensor.F32 {
			s.add(t)
		}
	})
	return err
}
