package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/amctc/amctc"
	"github.com/amctc/amctc/ir/tensor"
	"github.com/amctc/amctc/parser"
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

// TestFaceSplits holds that no square is in two parts of a split, that all are in one, and that squares of the photograph
// unlike others, and of those to test on, calibrate and choose only where all are shuffled.
func TestFaceSplits(t *testing.T) {
	of := func(from, n int) (s samples) {
		for i := range n {
			s = append(s, []*tensor.Tensor{tensor.FromF32([]float32{float32(from + i)}, 1)})
		}
		return s
	}
	splits := faceSplits(of(0, 72), of(72, 32), of(104, 8))
	for i, s := range splits {
		var all []float32
		for k, part := range []samples{s.calib, s.held, s.test, s.beyond} {
			for _, x := range part {
				v := x[0].F32[0]
				if i == 1 && (k < 2) != (v < 72) {
					t.Errorf("%s: square %v is in part %d", s.name, v, k)
				}
				all = append(all, v)
			}
		}
		slices.Sort(all)
		if len(all) != 112 || len(slices.Compact(all)) != 112 {
			t.Errorf("%s has %d squares", s.name, len(all))
		}
	}
	if a, b := splits[0], splits[1]; len(a.calib) != 56 || len(a.held) != 28 || len(a.test) != 28 || len(b.calib) != 48 || len(b.held) != 24 || len(b.test) != 32 {
		t.Errorf("parts of %d, %d, %d and of %d, %d, %d", len(a.calib), len(a.held), len(a.test), len(b.calib), len(b.held), len(b.test))
	}
}

// TestOthers holds how layers that are not int8 are told.
func TestOthers(t *testing.T) {
	s := &searched{Layers: []amctc.AutoLayer{{Name: "f/conv/Conv", Variant: "int8-mse"}, {Name: "f/b/Conv", Variant: "int16"}, {Name: "a", Variant: "float"}, {Name: "f/c/Add", Variant: "int16"}}}
	if got, want := s.others(), "float: a; int16: b c"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if got := (&searched{}).others(); got != "no layer needs more" {
		t.Error(got)
	}
}

// TestMultiplyAdds holds what is told of multiply-adds of a network that is not quantized.
func TestMultiplyAdds(t *testing.T) {
	m, found := parser.Parse("float.amir", []byte(`amir 1

const @w : tensor<2x2x1x1xf32> = [1, 2, 3, 4]

func @main(%x: tensor<1x2x8x8xf32>) -> (tensor<1x2x8x8xf32>) attributes {stage = float} {
  %a = nn.conv2d %x, @w : tensor<1x2x8x8xf32> loc("a")
  return %a
}
`))
	if err := found.Err(); err != nil {
		t.Fatal(err)
	}
	if got, err := multiplyAdds(m); err != nil || got != "multiply-adds 0 % int8, 100 % float" {
		t.Errorf("%s, %v", got, err)
	}
}
