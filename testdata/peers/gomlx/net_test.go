package main

import (
	"math"
	"testing"

	"github.com/amctc/amctc/parser/dataset"
)

// TestOpen repeats an output that the trainer recorded.
func TestOpen(t *testing.T) {
	const base = "../../models/lenet"
	_, x, err := dataset.ReadNPY(base + ".in.npy")
	if err != nil {
		t.Fatal(err)
	}
	_, want, err := dataset.ReadNPY(base + ".out.npy")
	if err != nil {
		t.Fatal(err)
	}
	n, err := open(base+".onnx", 1)
	if err != nil {
		t.Fatal(err)
	}
	copy(n.In, x)
	if err := n.Run(); err != nil {
		t.Fatal(err)
	}
	for i, y := range n.Out {
		if math.Abs(float64(y-want[i])) > 1e-3 {
			t.Errorf("element %d is %v, want %v", i, y, want[i])
		}
	}
	if _, err := open(base+".onnx", 2); err == nil {
		t.Error("two threads are accepted")
	}
}
