package train

import (
	"math"
	"testing"
)

// TestCrop scales windows of a plane that rises evenly, whose cut rises evenly too, and holds that every
// element lies between the window's ends.
func TestCrop(t *testing.T) {
	const h, w = 6, 9
	src := make([]float32, 2*h*w)
	for y := range h {
		for x := range w {
			src[y*w+x], src[(h+y)*w+x] = float32(x), float32(10*y)
		}
	}
	a := Augmentation{Crop: 0.5}
	seen := map[float32]bool{}
	for seed := range uint64(50) {
		dst := make([]float32, len(src))
		a.Image(NewRandom(seed), dst, src, 2, h, w)
		seen[dst[w/2]] = true
		step := dst[w/2+1] - dst[w/2]
		if step < 0.4999 || step > 1 {
			t.Fatalf("seed %d: the step is %v, want between 0.5 and 1", seed, step)
		}
		for i, v := range dst {
			if v < 0 || v > 50 || i < h*w && v > w-1 {
				t.Fatalf("element %d is %v", i, v)
			}
		}
		if d := math.Abs(float64(dst[(h+3)*w]-dst[(h+2)*w])/10 - float64(step)); d > 1e-5 {
			t.Fatalf("seed %d: rows and columns are scaled apart by %v", seed, d)
		}
	}
	if len(seen) < 40 {
		t.Errorf("only %d windows", len(seen))
	}
}

// TestFlipAndShift holds images against what the definition says.
func TestFlipAndShift(t *testing.T) {
	src := []float32{1, 2, 3, 4}
	found := map[[4]float32]int{}
	for seed := range uint64(400) {
		var dst [4]float32
		(&Augmentation{Shift: 1, Flip: true}).Image(NewRandom(seed), dst[:], src, 1, 2, 2)
		found[dst]++
	}
	for _, want := range [][4]float32{{1, 2, 3, 4}, {2, 1, 4, 3}, {0, 1, 0, 3}, {0, 0, 1, 2}, {0, 0, 0, 1}, {4, 0, 0, 0}, {0, 4, 0, 0}} {
		if found[want] == 0 {
			t.Errorf("%v does not occur among %d images", want, len(found))
		}
	}
	if len(found) > 18 {
		t.Errorf("%d different images, at most 18 are possible", len(found))
	}
}

// TestBlend moves a target towards the softmax of logits.
func TestBlend(t *testing.T) {
	target := []float32{1, 0, 0}
	Blend(target, []float32{0, 0, float32(math.Log(2))}, 0.5)
	for i, want := range []float64{0.625, 0.125, 0.25} {
		if math.Abs(float64(target[i])-want) > 1e-6 {
			t.Errorf("%v", target)
		}
	}
}
