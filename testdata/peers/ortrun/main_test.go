package main

import (
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/amctc/amctc/parser/dataset"
)

func TestMain(m *testing.M) {
	if os.Getenv("ORT_LIB") == "" {
		lib, err := filepath.Abs("../../data/ort/libonnxruntime.so")
		if _, bad := os.Stat(lib); err == nil && bad == nil {
			os.Setenv("ORT_LIB", lib)
		}
	}
	os.Exit(m.Run())
}

// TestRun repeats the outputs that the trainer recorded, one sample and three at a time.
func TestRun(t *testing.T) {
	const base = "../../models/lenet"
	shape, want, err := dataset.ReadNPY(base + ".out.npy")
	if err != nil {
		t.Fatal(err)
	}
	for _, batch := range []string{"1", "3"} {
		out := filepath.Join(t.TempDir(), "y.npy")
		var text strings.Builder
		if err := run([]string{"-model", base + ".onnx", "-input", base + ".in.npy", "-output", out, "-batch", batch, "-time"}, &text); err != nil {
			t.Fatal(err)
		}
		got, data, err := dataset.ReadNPY(out)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got, shape) {
			t.Fatalf("shape %v, want %v", got, shape)
		}
		for i, v := range want {
			if math.Abs(float64(v-data[i])) > 1e-3 {
				t.Fatalf("element %d is %v, want %v", i, data[i], v)
			}
		}
		if text.Len() == 0 {
			t.Error("no time printed")
		}
	}
}

func TestUsage(t *testing.T) {
	const base = "../../models/lenet"
	for _, c := range []struct {
		args string
		want string
	}{
		{"", "are needed"},
		{"-model " + base + ".onnx -input a -input b", "with 1 inputs"},
		{"-model " + base + ".onnx -input " + base + ".in.npy -input-name nothing", "no input"},
		{"-model " + base + ".onnx -input " + base + ".out.npy", "do not fit"},
		{"-model nowhere.onnx -input a", "no such file"},
	} {
		if err := run(strings.Fields(c.args), io.Discard); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: got %v, want %q", c.args, err, c.want)
		}
	}
}
