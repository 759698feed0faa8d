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

// TestDropout trains a network with a dropout: every number that comes out is the same for one thread and two,
// another seed gives others, and the trained network has the dropout, which does nothing when it is quantized.
func TestDropout(t *testing.T) {
	const text = `amir 1
const @w : tensor<8x4xf32> = [0.1, 0.2, -0.3, 0.4, 0.5, -0.6, 0.7, 0.8, 0.1, 0.2, 0.3, 0.4, -0.5, 0.6, 0.7, 0.8, 0.1, -0.2, 0.3, 0.4, 0.5, 0.6, 0.7, -0.8, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8]
const @v : tensor<2x8xf32> = [0.1, -0.2, 0.3, 0.4, 0.5, 0.6, -0.7, 0.8, 0.1, 0.2, 0.3, -0.4, 0.5, 0.6, 0.7, 0.8]
func @main(%x: tensor<?x4xf32>) -> (tensor<?x2xf32>) attributes {stage = float} {
  %a = nn.dense %x, @w : tensor<?x8xf32> loc("a")
  %b = nn.relu %a : tensor<?x8xf32>
  %c = nn.dropout %b {ratio = 0.5} : tensor<?x8xf32>
  %d = nn.dense %c, @v : tensor<?x2xf32> loc("d")
  return %d
}`
	m, l := parser.Parse("test", []byte(text))
	if l.HasErrors() {
		t.Fatal(l)
	}
	path := filepath.Join(t.TempDir(), "x.npy")
	r := rand.New(rand.NewPCG(1, 2))
	x, labels := make([]float32, 4*64), make([]int, 64)
	for i := range x {
		x[i] = r.Float32() - 0.5
	}
	for i := range labels {
		labels[i] = r.IntN(2)
	}
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(dataset.WriteNPY(f, []int{64, 4}, x), f.Close()); err != nil {
		t.Fatal(err)
	}
	d, err := amctc.OpenData(m.Main(), []string{path}, amctc.DataOptions{})
	if err != nil {
		t.Fatal(err)
	}
	set, err := amctc.LoadTrainSet(d, labels)
	if err != nil {
		t.Fatal(err)
	}
	run := func(threads int, seed uint64, ratio bool) []byte {
		opt := amctc.DefaultTrain()
		opt.Epochs, opt.Batch, opt.Threads, opt.Seed = 2, 16, threads, seed
		in := m
		if !ratio {
			in = m.Clone()
			n := in.Main().Nodes[2]
			n.Attrs = n.Attrs.With("ratio", float32(0))
		}
		out, err := amctc.Train(t.Context(), in, set, opt)
		if err != nil {
			t.Fatal(err)
		}
		if out.Module.Main().Nodes[2].Op.Name != "nn.dropout" {
			t.Error("the trained network has lost its dropout")
		}
		c := amctc.NewContext(t.Context())
		float, err := amctc.Prepare(c, out.Module)
		if err != nil {
			t.Fatal(err)
		}
		if len(float.Main().Nodes) != 3 {
			t.Errorf("the simplified network has %d operators, want 3", len(float.Main().Nodes))
		}
		return []byte(ir.Print(float))
	}
	one := run(1, 1, true)
	if !bytes.Equal(one, run(2, 1, true)) {
		t.Error("two threads give other numbers")
	}
	if bytes.Equal(one, run(1, 2, true)) {
		t.Error("another seed gives the same numbers")
	}
	if bytes.Equal(one, run(1, 1, false)) {
		t.Error("no dropout gives the same numbers")
	}
}
