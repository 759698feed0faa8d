package onnx

import (
	"slices"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/op"
	"github.com/amctc/amctc/ir/tensor"
	pb "github.com/amctc/amctc/parser/onnx/onnxpb"
)

// lookup writes a table of codes as the function that it was made of, between DequantizeLinear and QuantizeLinear,
// where it still holds what that function gives; otherwise as a Gather from it.
func (e *exporter) lookup(n *ir.Node) {
	x, table := n.Operands[0], n.Operands[1]
	if f := tabulated(n); f != nil {
		if t := op.TableOf(f, x.Type.Quant, table.Type.Quant); slices.Equal(t.I8, table.Const.Data.I8) {
			e.family(f)
			return
		}
	}
	index := fresh(n.Result().Name+"_index", e.names)
	e.node("Cast", index, []string{e.value(x)}, index, intAttr("to", int(pb.TensorProto_INT32)))
	if rows := table.Type.Shape; len(rows) == 2 { // each channel's table begins 256 codes behind the one before
		first, at := make([]int32, rows[0]), fresh(n.Result().Name+"_place", e.names)
		for c := range first {
			first[c] = int32(256 * c)
		}
		shape := []int{rows[0]}
		for range x.Type.Shape[2:] {
			shape = append(shape, 1)
		}
		starts := e.init(table.Name+"_first", pb.TensorProto_INT32, shape, tensor.FromI32(first, shape...).Bytes())
		e.node("Add", at, []string{index, starts}, at)
		index = at
	}
	codes := e.init(table.Name, pb.TensorProto_UINT8, []int{table.Type.Elems()}, biased(table.Const.Data.I8))
	e.node("Gather", nodeName(n), []string{codes, index}, e.value(n.Result()), intAttr("axis", 0))
}

// tabulated is the node of a function that stands for a q.table, on the same values, or nil where it names none.
func tabulated(n *ir.Node) *ir.Node {
	name, _ := n.Attr("function").(string)
	def := op.All().Lookup(name)
	if def == nil {
		return nil
	}
	f := &ir.Node{Op: def, Name: n.Name, Operands: n.Operands[:1], Results: n.Results}
	for _, a := range def.Attrs {
		f.Attrs = f.Attrs.With(a.Name, n.Float(a.Name))
	}
	return f
}
