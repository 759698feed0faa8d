package irtest

import (
	"slices"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/tensor"
)

// Wide says whether the function computes codes of int16.
func Wide(f *ir.Func) bool {
	return slices.ContainsFunc(f.Nodes, func(n *ir.Node) bool {
		return slices.ContainsFunc(n.Results, func(v *ir.Value) bool { return v.Type.DType == tensor.I16 })
	})
}
