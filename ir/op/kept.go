package op

import (
	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/tensor"
)

// MaxShift is the greatest shift of an accumulator.
const MaxShift = 16

// shiftAttr are the shifts N of a layer's accumulators.
var shiftAttr = ir.AttrDef{Name: "shift", Kind: ir.AttrInts, Default: []int{},
	Doc: "right shifts of the accumulators to 16 bits, one or one for each output channel; none keeps all 32 bits"}

// Shift is the shift of output channel ch of n; 0 is none. n may be of any operator.
func Shift(n *ir.Node, ch int) int {
	v, _ := n.Attrs.Get(shiftAttr.Name)
	switch s, _ := v.([]int); len(s) {
	case 0:
		return 0
	case 1:
		return s[0]
	default:
		return s[ch]
	}
}

// Shifts says whether the accumulators of n are shifted; n may be of any operator.
func Shifts(n *ir.Node) bool {
	v, _ := n.Attrs.Get(shiftAttr.Name)
	s, _ := v.([]int)
	return len(s) > 0
}

// shiftsFit checks the shifts of a layer.
func shiftsFit(c *ir.InferCtx) bool {
	s := c.Node.Ints("shift")
	if len(s) == 0 {
		return true
	}
	if outs := c.In[1].Shape[0]; len(s) != 1 && len(s) != outs {
		c.Errorf("V058", "shift has %d numbers, want 1, or one for each of %d output channels", len(s), outs)
		return false
	}
	for _, n := range s {
		if n < 1 || n > MaxShift {
			c.Errorf("V058", "shift has %d, want numbers from 1 to %d", n, MaxShift)
			return false
		}
	}
	if c.In[0].DType == tensor.I16 {
		c.Errorf("V058", "shift stands at a layer of int16 codes, whose accumulators have two parts")
		return false
	}
	return true
}
