package onnx

import (
	"github.com/amctc/amctc/ir"
	pb "github.com/amctc/amctc/parser/onnx/onnxpb"
)

func flagAttr(name string, on bool) *pb.AttributeProto {
	if on {
		return intAttr(name, 1)
	}
	return intAttr(name, 0)
}

func (e *exporter) argMax(n *ir.Node) {
	name := "ArgMax"
	if n.Bool("least") {
		name = "ArgMin"
	}
	e.simple(n, name, intAttr("axis", n.Int("axis")), flagAttr("keepdims", n.Bool("keep")), flagAttr("select_last_index", n.Bool("last")))
}

// topK writes one node with both results. Values of codes are quantized again with the map that they have, which is exact.
func (e *exporter) topK(n *ir.Node) {
	values, indices := n.Results[0], n.Results[1]
	in := []string{e.float(n.Operands[0]), e.ints(values.Name+"_k", []int{n.Int("k")})}
	real := e.value(values)
	if values.Type.IsQuant() {
		real = fresh(values.Name+"_float", e.names)
	}
	e.graph.Node = append(e.graph.Node, &pb.NodeProto{OpType: "TopK", Name: fresh(nodeName(n), e.nodes), Input: in, Output: []string{real, e.value(indices)},
		Attribute: []*pb.AttributeProto{intAttr("axis", n.Int("axis")), flagAttr("largest", !n.Bool("least")), flagAttr("sorted", true)}})
	if values.Type.IsQuant() {
		e.finish(n, real)
	}
}

// poolIndices writes a MaxPool whose maxima nobody reads. ONNX counts elements of all samples; what is left of an index when those of the
// samples in front are taken away counts its own sample's.
func (e *exporter) poolIndices(n *ir.Node) {
	indices, s := n.Result(), n.Operands[0].Type.Shape
	unread, out := fresh(indices.Name+"_maxima", e.names), e.value(indices)
	own := s[0] != 1 && !n.Bool("whole")
	if own {
		out = fresh(indices.Name+"_all", e.names)
		e.places[indices] = out
	}
	attrs := append(poolAttrs(n), intsAttr("dilations", n.Ints("dilation")), flagAttr("storage_order", n.Bool("columns")))
	e.graph.Node = append(e.graph.Node, &pb.NodeProto{OpType: "MaxPool", Name: fresh(nodeName(n), e.nodes), Input: []string{e.float(n.Operands[0])},
		Output: []string{unread, out}, Attribute: attrs})
	if own {
		e.node("Mod", nodeName(n)+"_own", []string{out, e.ints(indices.Name+"_sample", []int{s[1] * s[2] * s[3]})}, e.value(indices))
	}
}

// maxUnpool writes a MaxUnpool of windows that give an image of the size that indices count in.
func (e *exporter) maxUnpool(n *ir.Node) {
	s, size := n.Operands[0].Type.Shape, n.Ints("size")
	kernel := []int{size[0] - s[2] + 1, size[1] - s[3] + 1}
	at, ok := e.places[n.Operands[1]]
	if !ok {
		at = e.value(n.Operands[1])
	}
	e.compute(n, "MaxUnpool", []string{e.float(n.Operands[0]), at}, intsAttr("kernel_shape", kernel), intsAttr("strides", []int{1, 1}))
}
