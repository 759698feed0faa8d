package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/amctc/amctc"
)

const model = `{"format": "graph-model", "modelTopology": {"node": [
  {"name": "x", "op": "Placeholder", "attr": {"dtype": {"type": "DT_FLOAT"}, "shape": {"shape": {"dim": [{"size": "1"}, {"size": "4"}]}}}},
  {"name": "y", "op": "Relu", "input": ["x"]}]}, "weightsManifest": []}`

func TestFile(t *testing.T) {
	dir := t.TempDir()
	in, out := filepath.Join(dir, "model.json"), filepath.Join(dir, "model.onnx")
	if err := os.WriteFile(in, []byte(model), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := run([]string{"-model", in, "-out", out}, io.Discard); err != nil {
		t.Fatal(err)
	}
	m, err := amctc.Load(out, amctc.LoadOptions{})
	if err != nil || len(m.Main().Nodes) != 1 {
		t.Errorf("%v, %v", m, err)
	}
	if left, err := filepath.Glob(filepath.Join(dir, "*")); err != nil || len(left) != 2 {
		t.Errorf("files %v, %v", left, err)
	}
}

func TestUsage(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "none.json")
	for _, args := range [][]string{nil, {"-model", "m.json"}, {"-model", missing, "-out", "o", "more"}} {
		if err := run(args, io.Discard); err == nil || !strings.Contains(err.Error(), "-model and -out") {
			t.Errorf("%q: %v", args, err)
		}
	}
	if err := run([]string{"-model", missing, "-out", filepath.Join(t.TempDir(), "o")}, io.Discard); err == nil || !strings.Contains(err.Error(), missing) {
		t.Error(err)
	}
}
