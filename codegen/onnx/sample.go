package onnx

import (
	"github.com/amctc/amctc/ir"
)

// The first opsets that have GridSample and RoiAlign with a choice of coordinates, and in which GridSample calls two of
// its modes otherwise.
const (
	sampleOpset = 16
	linearOpset = 20
)

func (e *exporter) gridSample(n *ir.Node) {
	mode, _ := n.Attr("mode").(string)
	border, _ := n.Attr("border").(string)
	if later := map[string]string{"bilinear": "linear", "bicubic": "cubic"}[mode]; later != "" && e.opset >= linearOpset {
		mode = later
	}
	in := []string{e.float(n.Operands[0]), e.float(n.Operands[1])}
	if x, g := n.Operands[0].Type.Shape, n.Operands[1].Type.Shape; g[0] == 1 && x[0] != 1 {
		in[1] = e.repeated(n, in[0], in[1])
	}
	e.compute(n, "GridSample", in, flagAttr("align_corners", n.Bool("align")), stringAttr("mode", mode), stringAttr("padding_mode", border))
}

// repeated writes the grid of one image for as many as x has.
func (e *exporter) repeated(n *ir.Node, x, grid string) string {
	name := n.Result().Name
	shape, count, all, wide := fresh(name+"_shape", e.names), fresh(name+"_count", e.names), fresh(name+"_all", e.names), fresh(name+"_grids", e.names)
	e.node("Shape", shape, []string{x}, shape)
	e.node("Gather", count, []string{shape, e.ints(name+"_first", []int{0})}, count, intAttr("axis", 0))
	e.node("Concat", all, []string{count, e.ints(name+"_grid", n.Operands[1].Type.Shape[1:])}, all, intAttr("axis", 0))
	e.node("Expand", wide, []string{grid, all}, wide)
	return wide
}

func (e *exporter) roiAlign(n *ir.Node) {
	mode, place := "avg", "output_half_pixel"
	if n.Bool("greatest") {
		mode = "max"
	}
	if n.Bool("half_pixel") {
		place = "half_pixel"
	}
	size := n.Ints("size")
	in := []string{e.float(n.Operands[0]), e.float(n.Operands[1]), e.ints(n.Result().Name+"_images", n.Ints("batch"))}
	e.compute(n, "RoiAlign", in, stringAttr("mode", mode), stringAttr("coordinate_transformation_mode", place), intAttr("output_height", size[0]),
		intAttr("output_width", size[1]), intAttr("sampling_ratio", n.Int("samples")), floatAttr("spatial_scale", n.Float("scale")))
}
