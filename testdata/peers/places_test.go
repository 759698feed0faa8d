package peers

import (
	"fmt"
	"testing"

	pb "github.com/amctc/amctc/parser/onnx/onnxpb"
)

func list(name string, v ...int64) *pb.AttributeProto {
	return &pb.AttributeProto{Name: name, Type: pb.AttributeProto_INTS, Ints: v}
}

// TestGridSample holds every mode and border against ONNX Runtime, at places inside and outside of images.
func TestGridSample(t *testing.T) {
	for _, mode := range []string{"linear", "nearest", "cubic"} {
		for _, border := range []string{"zeros", "border", "reflection"} {
			for align := range int64(2) {
				t.Run(fmt.Sprint(mode, " ", border, " ", align), func(t *testing.T) {
					n := node("GridSample", []string{"a", "b"}, "y", text("mode", mode), text("padding_mode", border), integer("align_corners", align))
					same(t, 20, [][]int64{{2, 3, 5, 7}, {2, 9, 8, 2}}, nil, n)
				})
			}
		}
	}
}

// TestRegions holds RoiAlign against ONNX Runtime, with regions inside an image, partly outside, far away, and turned round.
func TestRegions(t *testing.T) {
	known := []*pb.TensorProto{floats("rois", []float32{0, 0, 9, 7, 1.25, 2.5, 6, 5, -3, -2, 4, 12, 40, 40, 50, 50, 6, 5, 2, 1}, 5, 4), ints("images", pb.TensorProto_INT64, nil, 5)}
	known[1].Int64Data = []int64{0, 1, 1, 0, 1}
	for _, mode := range []string{"avg", "max"} {
		for _, place := range []string{"half_pixel", "output_half_pixel"} {
			for samples := range int64(3) {
				t.Run(fmt.Sprint(mode, " ", place, " ", samples), func(t *testing.T) {
					n := node("RoiAlign", []string{"a", "rois", "images"}, "y", text("mode", mode), text("coordinate_transformation_mode", place), integer("sampling_ratio", samples),
						integer("output_height", 3), integer("output_width", 2), number("spatial_scale", .75))
					same(t, 16, [][]int64{{2, 3, 8, 9}}, known, n)
				})
			}
		}
	}
}

// TestRootMeanSquare holds normalization by the root mean square against ONNX Runtime.
func TestRootMeanSquare(t *testing.T) {
	gamma := []*pb.TensorProto{floats("gamma", []float32{1, .5, 2, 1, .25, 1.5}, 6)}
	for name, n := range map[string]*pb.NodeProto{
		"of opset 23":     node("RMSNormalization", []string{"a", "gamma"}, "y", number("epsilon", .01)),
		"simplified":      node("SimplifiedLayerNormalization", []string{"a", "gamma"}, "y", number("epsilon", .01)),
		"behind a sum":    {OpType: "SkipSimplifiedLayerNormalization", Domain: "com.microsoft", Name: "y", Input: []string{"a", "b", "gamma"}, Output: []string{"y"}},
		"of the last two": node("RMSNormalization", []string{"a", "b"}, "y", integer("axis", -2)),
	} {
		t.Run(name, func(t *testing.T) {
			dims, known := [][]int64{{2, 4, 6}, {2, 4, 6}}, gamma
			if name == "of the last two" {
				dims, known = [][]int64{{2, 4, 6}, {4, 6}}, nil
			}
			if n.Input[1] == "gamma" {
				dims = dims[:1]
			}
			same(t, 23, dims, known, n)
		})
	}
}

// TestUnpool holds maxima that go back to where they came from against ONNX Runtime: samples count on, windows overlap.
func TestUnpool(t *testing.T) {
	for _, c := range []struct {
		name        string
		pool, again []*pb.AttributeProto
	}{
		{"windows side by side", []*pb.AttributeProto{list("kernel_shape", 2, 2), list("strides", 2, 2)}, []*pb.AttributeProto{list("kernel_shape", 2, 2), list("strides", 2, 2)}},
		{"windows that overlap", []*pb.AttributeProto{list("kernel_shape", 3, 2), list("strides", 1, 2), list("pads", 1, 0, 1, 0)},
			[]*pb.AttributeProto{list("kernel_shape", 3, 2), list("strides", 1, 2), list("pads", 1, 0, 1, 0)}},
	} {
		t.Run(c.name, func(t *testing.T) {
			same(t, 13, [][]int64{{2, 3, 6, 8}}, nil, &pb.NodeProto{OpType: "MaxPool", Name: "m", Input: []string{"a"}, Output: []string{"m", "i"}, Attribute: c.pool},
				node("MaxUnpool", []string{"m", "i"}, "y", c.again...))
		})
	}
}
