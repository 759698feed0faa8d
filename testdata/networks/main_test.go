package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/amctc/amctc/parser/dataset"
)

func TestFiles(t *testing.T) {
	model, images := filepath.Join(t.TempDir(), "m.onnx"), filepath.Join(t.TempDir(), "x.npy")
	read := func() []byte {
		t.Helper()
		if err := run([]string{"-net", "resnet8", "-model", model, "-images", images, "-n", "3"}, io.Discard, io.Discard); err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(model)
		if err != nil {
			t.Fatal(err)
		}
		shape, x, err := dataset.ReadNPY(images)
		if err != nil || !slices.Equal(shape, []int{3, 3, 32, 32}) {
			t.Fatalf("images %v of %d numbers: %v", shape, len(x), err)
		}
		return data
	}
	if !bytes.Equal(read(), read()) {
		t.Error("two runs differ")
	}
}

func TestList(t *testing.T) {
	var text strings.Builder
	if err := run([]string{"-list"}, &text, io.Discard); err != nil || !strings.Contains(text.String(), "resnet50") {
		t.Errorf("%v: %q", err, text.String())
	}
}

func TestUsage(t *testing.T) {
	for _, args := range [][]string{{}, {"-n", "0", "-model", "x"}, {"-model", "x", "y"}, {"-net", "none", "-model", "x"}} {
		if err := run(args, io.Discard, io.Discard); err == nil {
			t.Errorf("%q is accepted", args)
		}
	}
}
