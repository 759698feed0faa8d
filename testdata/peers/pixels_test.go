package peers

import (
	"testing"

	"github.com/amctc/amctc/codegen/onnx"
	"github.com/amctc/amctc/passes/passtest"
	"github.com/amctc/amctc/testdata/peers/ort"
)

// TestPixelsExport: random networks whose images are bytes mean the same in ONNX Runtime, and nearly the same as integers.
func TestPixelsExport(t *testing.T) {
	near, all := 0, 0
	for seed := uint64(6); seed < 300; seed += 7 {
		float, integer, err := passtest.Quantized(seed, "ascend910b3")
		if err != nil {
			t.Fatal(err)
		}
		data, err := onnx.Export(float, onnx.Options{})
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		in := inputs(float, seed)
		got, err := open(t, data, ort.Options{NoPadFusion: true}).Run(in)
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		for i, want := range eval(t, float, in) {
			if d := distance(want, got[i]); d > 1e-8 {
				t.Errorf("seed %d: result %d differs by %.2g", seed, i, d)
			}
		}
		if integer == nil {
			continue
		}
		if data, err = onnx.Export(integer, onnx.Options{}); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		if got, err = open(t, data, ort.Options{NoPadFusion: true}).Run(in); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		for i, want := range eval(t, integer, in) {
			if all++; distance(want, got[i]) < 1e-3 {
				near++
			}
		}
	}
	if all < 20 || near < all*9/10 {
		t.Errorf("only %d of %d results come near", near, all)
	}
	t.Logf("%d of %d results of integer networks come near", near, all)
}
