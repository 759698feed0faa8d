package amctc_test

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/amctc/amctc"
	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/parser"
	"github.com/amctc/amctc/parser/dataset"
)

// TestTrainResume stops a run at drawn moments and lets it go on: the checkpoint and the network are
// those of a run that was not stopped, byte for byte.
func TestTrainResume(t *testing.T) {
	m, err := amctc.Load("testdata/models/residual.onnx", amctc.LoadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	d, err := amctc.OpenData(m.Main(), []string{mnistTrain}, amctc.DataOptions{Limit: 96, Std: []float32{255}})
	if err != nil {
		t.Fatal(err)
	}
	labels, err := dataset.Labels("testdata/data/mnist/train-labels-idx1-ubyte.gz", 96)
	if err != nil {
		t.Fatal(err)
	}
	set, err := amctc.LoadTrainSet(d, labels)
	if err != nil {
		t.Fatal(err)
	}
	opt := amctc.DefaultTrain()
	opt.Epochs, opt.Batch, opt.Fresh, opt.Every, opt.Average, opt.Augment.Shift = 2, 8, true, 3, 0.99, 1
	run := func(ctx context.Context, path string, stopAfter int) (*ir.Module, error) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		steps := 0
		opt.Checkpoint = path
		opt.Progress = func(amctc.TrainStatus) {
			if steps++; steps == stopAfter {
				cancel()
			}
		}
		out, err := amctc.Train(ctx, m, set, opt)
		if err != nil {
			return nil, err
		}
		return out.Module, nil
	}
	whole := filepath.Join(t.TempDir(), "whole")
	want, err := run(t.Context(), whole, 0)
	if err != nil {
		t.Fatal(err)
	}
	wantFile, err := os.ReadFile(whole)
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(3, 9))
	stops := 0
	for stops < 10 {
		path := filepath.Join(t.TempDir(), "part")
		var got *ir.Module
		for {
			if got, err = run(t.Context(), path, 1+r.IntN(12)); err == nil {
				break
			}
			if !errors.Is(err, context.Canceled) {
				t.Fatal(err)
			}
			stops++
		}
		file, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(file, wantFile) {
			t.Error("the checkpoint of a resumed run differs")
		}
		if !bytes.Equal(side(t, got), side(t, want)) {
			t.Error("the network of a resumed run differs")
		}
	}
	t.Logf("%d stops", stops)
	wantFile[len(wantFile)/2] ^= 1
	if err := os.WriteFile(whole, wantFile, 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := run(t.Context(), whole, 0); err == nil {
		t.Error("a damaged checkpoint was read")
	}
}

func side(t *testing.T, m *ir.Module) []byte {
	t.Helper()
	_, data, err := parser.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
