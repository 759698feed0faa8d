package main

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/amctc/amctc/codegen/exec"
	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/tensor"
	"github.com/amctc/amctc/parser/dataset"
	"github.com/amctc/amctc/parser/onnx"
)

// TestNetwork holds the network against the published size, and that what flows through it neither
// dies out nor explodes.
func TestNetwork(t *testing.T) {
	data, err := proto.Marshal(network())
	if err != nil {
		t.Fatal(err)
	}
	parameters := 0
	for _, c := range network().Graph.Initializer {
		if n := len(c.RawData) / 4; n > 1 {
			parameters += n
		}
	}
	// 3,504,872 trained parameters, and mean and variance of 17,056 normalized channels.
	if want := 3504872 + 2*17056; parameters != want {
		t.Errorf("%d parameters, want %d", parameters, want)
	}
	m, diags := onnx.Import("mobilenetv2.onnx", data, onnx.Options{})
	if err := diags.Err(); err != nil {
		t.Fatal(err)
	}
	run, err := exec.Engine{}.Prepare(m.Main())
	if err != nil {
		t.Fatal(err)
	}
	out, err := run.Run(t.Context(), []*tensor.Tensor{tensor.FromF32(pictures(1), 1, 3, side, side)}, func(v *ir.Value, x *tensor.Tensor) {
		sum := 0.0
		for _, e := range x.F32 {
			sum += float64(e) * float64(e)
		}
		if rms := math.Sqrt(sum / float64(x.Len())); !(rms > 0.05 && rms < 20) {
			t.Errorf("%%%s %v: root mean square %.3g", v.Name, x.Shape, rms)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(out) != 1 || out[0].Len() != classes {
		t.Errorf("output %v", out[0].Shape)
	}
}

func TestDeterministic(t *testing.T) {
	dir := t.TempDir()
	read := func() (model, images []byte) {
		t.Helper()
		a, b := filepath.Join(dir, "m.onnx"), filepath.Join(dir, "x.npy")
		if err := run([]string{"-model", a, "-images", b, "-n", "1"}, os.Stderr); err != nil {
			t.Fatal(err)
		}
		model, err := os.ReadFile(a)
		if err != nil {
			t.Fatal(err)
		}
		if images, err = os.ReadFile(b); err != nil {
			t.Fatal(err)
		}
		shape, _, err := dataset.ReadNPY(b)
		if err != nil || len(shape) != 4 {
			t.Fatalf("images %v: %v", shape, err)
		}
		return model, images
	}
	m1, i1 := read()
	m2, i2 := read()
	if !bytes.Equal(m1, m2) || !bytes.Equal(i1, i2) {
		t.Error("two runs differ")
	}
}

func TestUsage(t *testing.T) {
	for _, args := range [][]string{{}, {"-n", "0", "-model", "x"}, {"-model", "x", "y"}} {
		if err := run(args, &bytes.Buffer{}); err == nil {
			t.Errorf("%q is accepted", args)
		}
	}
}
