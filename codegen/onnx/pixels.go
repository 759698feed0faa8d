package onnx

import (
	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/op"
	"github.com/amctc/amctc/ir/tensor"
	pb "github.com/amctc/amctc/parser/onnx/onnxpb"
)

// pixels writes the look-up as a Gather from the rows of the table, one after another: the bytes are brought into the
// network's layout, and each channel's are moved to its row.
func (e *exporter) pixels(n *ir.Node) {
	x, v, table := e.value(n.Operands[0]), n.Result(), n.Operands[1]
	shape := v.Type.Shape
	then := func(opType, what string, in []string, attrs ...*pb.AttributeProto) {
		x = fresh(v.Name+"_"+what, e.names)
		e.node(opType, x, in, x, attrs...)
	}
	if n.Attr("layout") == op.NHWC {
		then("Transpose", "planes", []string{x}, intsAttr("perm", []int{0, 3, 1, 2}))
	}
	if n.Bool("reverse") {
		order := make([]int, shape[1])
		for i := range order {
			order[i] = len(order) - 1 - i
		}
		then("Gather", "reversed", []string{x, e.ints(v.Name+"_order", order)}, intAttr("axis", 1))
	}
	then("Cast", "index", []string{x}, intAttr("to", int(pb.TensorProto_INT32)))
	if rows := table.Type.Shape[0]; rows > 1 {
		first := make([]int32, rows)
		for i := range first {
			first[i] = int32(256 * i)
		}
		then("Add", "entry", []string{x, e.init(v.Name+"_rows", pb.TensorProto_INT32, []int{rows, 1, 1}, tensor.FromI32(first, rows).Bytes())})
	}
	flat := []int{table.Type.Elems()}
	name := ""
	if v.Type.IsQuant() {
		name = e.init(table.Name, pb.TensorProto_UINT8, flat, biased(table.Const.Data.I8))
	} else {
		name = e.floats(table.Name, flat, table.Const.Data.F32)
	}
	e.node("Gather", nodeName(n), []string{name, x}, e.value(v), intAttr("axis", 0))
}
