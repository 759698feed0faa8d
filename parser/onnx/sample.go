package onnx

import (
	"strings"

	"github.com/amctc/amctc/ir"
)

// buildGridSample samples images. Opset 20 calls two of the modes otherwise.
func buildGridSample(c *call) {
	if !c.image() {
		return
	}
	if g := c.in[1]; g.each != nil {
		c.in[1] = &value{name: g.name, lit: g.each}
	}
	mode, ok := map[string]string{"bilinear": "bilinear", "linear": "bilinear", "nearest": "nearest", "bicubic": "bicubic", "cubic": "bicubic"}[c.stringAttr("mode", "bilinear")]
	border := c.stringAttr("padding_mode", "zeros")
	if !ok || border != "zeros" && border != "border" && border != "reflection" {
		c.errorf(codeAttr, "attributes mode=%q and padding_mode=%q, want linear, nearest or cubic and zeros, border or reflection", c.stringAttr("mode", "bilinear"), border)
		return
	}
	c.node("nn.grid_sample", []*ir.Value{c.x(0), c.x(1)}, "mode", mode, "border", border, "align", c.intAttr("align_corners", 0) != 0)
}

// buildRoiAlign: the image of each region must be known.
func buildRoiAlign(c *call) {
	batch, ok := c.intsOf(2, "batch_indices")
	if !ok || !c.image() {
		return
	}
	half := "half_pixel"
	if c.im.opset < 16 {
		half = "output_half_pixel"
	}
	mode, place := strings.ToLower(c.stringAttr("mode", "avg")), c.stringAttr("coordinate_transformation_mode", half)
	if mode != "avg" && mode != "max" || place != "half_pixel" && place != "output_half_pixel" {
		c.errorf(codeAttr, "attributes mode=%q and coordinate_transformation_mode=%q, want avg or max and half_pixel or output_half_pixel", mode, place)
		return
	}
	size := []int{c.intAttr("output_height", 1), c.intAttr("output_width", 1)}
	c.node("nn.roi_align", []*ir.Value{c.x(0), c.x(1)}, "batch", batch, "size", size, "samples", c.intAttr("sampling_ratio", 0),
		"scale", c.floatAttr("spatial_scale", 1), "half_pixel", place == "half_pixel", "greatest", mode == "max")
}
