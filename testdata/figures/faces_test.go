package main

import (
	"strings"
	"testing"

	"github.com/amctc/amctc/ir/tensor"
	"github.com/amctc/amctc/parser"
	"github.com/amctc/amctc/passes"
)

// scored is one sample of two score outputs.
func scored(fine, coarse []float32) []*tensor.Tensor {
	return []*tensor.Tensor{tensor.FromF32(fine, 1, len(fine), 1), tensor.FromF32(coarse, 1, len(coarse), 1)}
}

// TestDetections holds what is told of a face found in both, at one anchor and at another, one missed, and none in
// both, where the anchor does not count.
func TestDetections(t *testing.T) {
	float := samples{
		scored([]float32{-9, 4}, []float32{-1, -2, -3}),
		scored([]float32{-9, -4}, []float32{-1, 2, -3}),
		scored([]float32{0, -4}, []float32{-1, -2, -3}),
		scored([]float32{-9, -40}, []float32{-30, -20, -10}),
	}
	integer := samples{
		scored([]float32{-9, 4}, []float32{-1, -2, -3}),
		scored([]float32{-9, -4}, []float32{-1, -3, 2}),
		scored([]float32{-100, -100}, []float32{-100, -100, -100}),
		scored([]float32{-40, -9}, []float32{-30, -20, -10}),
	}
	if a, s := bestAnchor(float, 1); a != 3 || s < 0.88 || s > 0.89 {
		t.Errorf("best anchor %d with %v, want 3 with 0.8808", a, s)
	}
	got := detections(float, integer)
	want := "a face with a score ≥ 0.5 or none agrees on 3 of 4, best anchor on 1 of 2 with a face in both, best score moves 0.125 in the mean, 0.500 at most"
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if !strings.Contains(detections(float, float), "agrees on 4 of 4, best anchor on 3 of 3") {
		t.Error(detections(float, float))
	}
}

// TestSplit holds which nodes are wide and which float, that a network without the named nodes is refused, and what is
// told of multiply-adds.
func TestSplit(t *testing.T) {
	const text = `amir 1

const @w : tensor<2x2x1x1xf32> = [1, 2, 3, 4]

func @main(%x: tensor<1x2x8x8xf32>) -> (tensor<1x2x2x2xf32>) attributes {stage = float} {
  %a = nn.conv2d %x, @w : tensor<1x2x8x8xf32> loc("a")
  %p = nn.max_pool2d %a {kernel = [2, 2], stride = [2, 2]} : tensor<1x2x4x4xf32> loc("p")
  %b = nn.conv2d %p, @w : tensor<1x2x4x4xf32> loc("b")
  %q = nn.max_pool2d %b {kernel = [2, 2], stride = [2, 2]} : tensor<1x2x2x2xf32> loc("q")
  %c = nn.conv2d %q, @w : tensor<1x2x2x2xf32> loc("c")
  return %c
}
`
	m, found := parser.Parse("split.amir", []byte(text))
	if err := found.Err(); err != nil {
		t.Fatal(err)
	}
	s := passes.NewSettings()
	if err := split(s, m.Main(), "p", "q"); err != nil {
		t.Fatal(err)
	}
	if a, b, c := s.For("a", true), s.For("b", true), s.For("c", true); a.Activation.Bits != 16 || b.Activation.Bits != 8 || a.Skip || b.Skip || !c.Skip {
		t.Errorf("a has %d bits, b %d, c float: %v", a.Activation.Bits, b.Activation.Bits, c.Skip)
	}
	for _, names := range [][2]string{{"z", "q"}, {"p", "z"}} {
		if split(s, m.Main(), names[0], names[1]) == nil {
			t.Errorf("nodes %q are accepted", names)
		}
	}
	if got, err := multiplyAdds(m); err != nil || got != "multiply-adds 0 % int8, 100 % float" {
		t.Errorf("%s, %v", got, err)
	}
}
