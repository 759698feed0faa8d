package passes

import (
	"fmt"
	"slices"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/op"
	"github.com/amctc/amctc/ir/tensor"
	"github.com/amctc/amctc/passes/calib"
)

// searchShifts finds how far the accumulators of every quantized layer of 8-bit activations are shifted to be kept in
// 16 bits, and puts it into the factors: one shift for each output channel, or one for a layer whose result has one
// position or whose weights have one scale (AMCT 2.6). The accumulators are those of the fake-quantized network on all
// data.
func searchShifts(c *Context, e ir.Engine, m *ir.Module, d Data) error {
	names := slices.Concat(correctable(c, m.Main())...)
	names = slices.DeleteFunc(names, func(s string) bool { return c.Factors.Get(s).ActBits > 8 })
	if len(names) == 0 {
		return nil
	}
	fake, err := fakeQuantized(c, m)
	if err != nil {
		return err
	}
	part, layers, err := resultsOf(c, fake.Main(), names)
	if err != nil {
		return err
	}
	r, err := e.Prepare(part)
	if err != nil {
		return fmt.Errorf("shift search: %w", err)
	}
	searches := make(map[string]*calib.ShiftSearch)
	var bad error
	err = runAll(c, r, d, "shift search", func(v *ir.Value, t *tensor.Tensor) {
		n := layers[v]
		if n == nil || bad != nil {
			return
		}
		k, axis := c.Factors.Get(n.Name), channelAxis(n)
		ch, inner := t.Shape[axis], product(t.Shape[axis+1:])
		s := searches[n.Name]
		if s == nil {
			s = calib.NewShiftSearch(shiftCount(n, k))
			searches[n.Name] = s
		}
		for i := 0; i < t.Len()/inner && bad == nil; i++ {
			scale, channel := op.AccScale(k.ScaleD, k.ScaleW[i%ch%len(k.ScaleW)]), 0
			if shiftCount(n, k) > 1 {
				channel = i % ch
			}
			if err := s.Add(channel, t.F32[i*inner:(i+1)*inner], scale); err != nil {
				bad = unfit("shift search", n.Name, err)
			}
		}
	})
	if err == nil {
		err = bad
	}
	if err != nil {
		return err
	}
	for _, name := range names {
		s := searches[name]
		if s == nil {
			continue
		}
		shifts, _, err := s.Result()
		if err != nil {
			return unfit("shift search", name, err)
		}
		k := c.Factors.Get(name)
		k.ShiftBit = nil
		for _, n := range shifts {
			k.ShiftBit = append(k.ShiftBit, uint32(n))
		}
	}
	return nil
}

// shiftCount is how many shifts a layer with factors k has.
func shiftCount(n *ir.Node, k *LayerFactors) int {
	shape := n.Result().Type.Shape
	if len(k.ScaleW) == 1 || len(shape) != 4 || shape[2]*shape[3] == 1 {
		return 1
	}
	return len(k.ScaleW)
}

// narrowAccumulators gives every integer layer the shifts of its factors, and the precision of their scale.
func narrowAccumulators(c *Context, m *ir.Module, f *ir.Func) error {
	for _, n := range f.Nodes {
		n.Attrs, _ = c.narrowed(n)
	}
	return nil
}

// narrowed are the attributes of n with what the factors say of its accumulators; changed says that they say something.
func (c *Context) narrowed(n *ir.Node) (attrs ir.Attrs, changed bool) {
	attrs = n.Attrs
	if n.Op.Name != "q.conv2d" && n.Op.Name != "q.dense" || c.Factors == nil {
		return attrs, false
	}
	k := c.Factors.Get(n.Name)
	if k == nil {
		return attrs, false
	}
	if slices.ContainsFunc(k.ShiftBit, func(b uint32) bool { return b > 0 }) {
		shift := make([]int, len(k.ShiftBit))
		for i, b := range k.ShiftBit {
			shift[i] = int(b)
		}
		attrs, changed = attrs.With("shift", shift), true
	}
	if k.Half && n.Result().Type.IsFloat() {
		attrs, changed = attrs.With("deq19", true), true
	}
	return attrs, changed
}
