package main

import (
	"context"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"github.com/amctc/amctc"
	"github.com/amctc/amctc/codegen/exec"
	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/tensor"
	"github.com/amctc/amctc/parser/dataset"
)

// A realNetwork is one that was trained for a purpose, with data of that kind.
type realNetwork struct {
	name  string
	model func(b *bench) (string, error)
	load  amctc.LoadOptions
	// data are the samples to calibrate with and those to compare on, which are others.
	data func(ctx context.Context, b *bench, m *ir.Module) (calib, test samples, err error)
	// bound is where the model has an input that load gives a value, and the value; nil when it has none.
	bound *boundInput
	// source executes the model in the program that it was written for and gives all numbers of every output; nil
	// when that is ONNX, which every model comes to.
	source func(ctx context.Context, b *bench, in samples) ([][]float32, error)
	// judge tells what the numbers are worth, and whether that is as required; nil compares outputs by their cosine.
	judge func(ctx context.Context, b *bench, float, integer *ir.Module) (string, bool, error)
}

type boundInput struct {
	at    int
	value float32
}

// How many samples of a real network run on every engine, and in the program that its model was written for.
const (
	verifiedSamples = 4
	sourceSamples   = 2
)

// The bounds of the row.
const (
	importBound = 1e-4  // max|a-b| / max|b| of every output against ONNX Runtime
	cosineBound = 0.985 // of every output, int8 against float
)

func fetched(slash, item string) func(b *bench) (string, error) {
	return func(b *bench) (string, error) { return b.data(slash, item) }
}

// The real networks, by the row that tells of them.
var (
	voices = []realNetwork{silero("v5"), silero("v6"), silero("legacy")}
)

func pictures(p picture) func(context.Context, *bench, *ir.Module) (samples, samples, error) {
	return func(_ context.Context, b *bench, _ *ir.Module) (samples, samples, error) {
		calib, err := p.photos(b, calibrationPhotos)
		if err != nil {
			return nil, nil, err
		}
		test, err := p.photos(b, testPhotos)
		return calib, test, err
	}
}

// realRow measures some of the real networks.
func realRow(list []realNetwork) func(ctx context.Context, b *bench) (string, bool, error) {
	return func(ctx context.Context, b *bench) (string, bool, error) {
		var text []string
		pass := true
		for _, n := range list {
			s, ok, err := n.measure(ctx, b)
			if err != nil {
				return "", false, fmt.Errorf("%s: %w", n.name, err)
			}
			text = append(text, n.name+" "+s)
			pass = pass && ok
		}
		return strings.Join(text, "; "), pass, nil
	}
}

func (n *realNetwork) measure(ctx context.Context, b *bench) (string, bool, error) {
	path, err := n.model(b)
	if err != nil {
		return "", false, err
	}
	m, err := amctc.Load(path, n.load)
	if err != nil {
		return "", false, err
	}
	calib, test, err := n.data(ctx, b, m)
	if err != nil {
		return "", false, err
	}
	floats, err := outputsOf(ctx, m.Main(), test)
	if err != nil {
		return "", false, err
	}
	distance, err := n.distance(ctx, b, path, m.Main(), test, floats)
	if err != nil {
		return "", false, err
	}
	far := fmt.Sprintf("%.0e", distance)
	if n.source != nil {
		theirs, err := n.source(ctx, b, spread(test, sourceSamples))
		if err != nil {
			return "", false, err
		}
		d, err := apart(spread(floats, sourceSamples), theirs)
		if err != nil {
			return "", false, fmt.Errorf("the outputs of the program that the model was written for: %w", err)
		}
		distance, far = max(distance, d), fmt.Sprintf("%s and %.0e", far, d)
	}
	c := amctc.NewContext(ctx)
	float, err := amctc.Prepare(c, m)
	if err != nil {
		return "", false, err
	}
	fitted, err := amctc.Calibrate(c, float, calib)
	if err != nil {
		return "", false, err
	}
	q, err := amctc.Quantize(c, fitted, amctc.DefaultTarget)
	if err != nil {
		return "", false, err
	}
	text, pass, err := verified(ctx, q, test)
	if err != nil {
		return "", false, err
	}
	text, pass = far+", "+text, pass && distance <= importBound
	integers, err := outputsOf(ctx, q.Main(), test)
	if err != nil {
		return "", false, err
	}
	each, least := cosines(q.Main(), floats, integers)
	pass = pass && (n.judge != nil || least >= cosineBound)
	text += ", " + each
	if n.judge != nil {
		verdict, ok, err := n.judge(ctx, b, float, q)
		if err != nil {
			return "", false, err
		}
		text += ", " + verdict
		pass = pass && ok
	}
	return text, pass, nil
}

// verified runs some samples on every engine.
func verified(ctx context.Context, q *ir.Module, test samples) (text string, ok bool, err error) {
	r, goNotRun, err := amctc.Verify(ctx, q, spread(test, verifiedSamples), amctc.VerifyOptions{})
	if err != nil {
		return "", false, err
	}
	if goNotRun != "" {
		return "", false, fmt.Errorf("generated Go was not run: %s", goNotRun)
	}
	text = fmt.Sprintf("%d tensors with %d bytes differing", r.Tensors, r.DiffBytes)
	if r.First != nil {
		text += " (" + r.First.String() + ")"
	}
	return text, complete(r, "exec", "go", "sim"), nil
}

// spread are n of the samples, from the first to the last.
func spread(s samples, n int) samples {
	var out samples
	for i := range n {
		out = append(out, s[i*(len(s)-1)/(n-1)])
	}
	return out
}

// outputsOf runs a function on samples.
func outputsOf(ctx context.Context, f *ir.Func, in samples) (samples, error) {
	var out samples
	err := amctc.RunAll(ctx, exec.Engine{}, f, in.Batches(), 2, func(_ int, _, o []*tensor.Tensor) error {
		out = append(out, o)
		return nil
	})
	return out, err
}

// distance is the greatest max|a-b| / max|b| of an output over all samples, b being ONNX Runtime's. A probability
// of some samples is next to nothing, where ONNX Runtime's sigmoid has an absolute error of 1e-7.
func (n *realNetwork) distance(ctx context.Context, b *bench, model string, f *ir.Func, in, ours samples) (float64, error) {
	lib, err := b.data("ort/libonnxruntime.so", "ort")
	if err != nil {
		return 0, err
	}
	bin, err := b.build(ctx, "ortrun", b.path("testdata/peers"), []string{"GOWORK=off"}, "./ortrun")
	if err != nil {
		return 0, err
	}
	args := []string{"-model", model}
	var paths []string
	for i, p := range f.Params {
		shape := append([]int{len(in)}, amctc.CallShape(p)...)
		var all []float32
		for _, s := range in {
			all = append(all, s[i].F32...)
		}
		path, err := writeArray(b, fmt.Sprintf("real-in%d.npy", i), shape, all)
		if err != nil {
			return 0, err
		}
		paths = append(paths, path)
	}
	if n.bound != nil {
		path, err := writeArray(b, "real-bound.npy", []int{len(in)}, slices.Repeat([]float32{n.bound.value}, len(in)))
		if err != nil {
			return 0, err
		}
		paths = slices.Insert(paths, n.bound.at, path)
	}
	for _, p := range paths {
		args = append(args, "-input", p)
	}
	var outs []string
	for k := range f.Results {
		outs = append(outs, filepath.Join(b.temp, fmt.Sprintf("real-out%d.npy", k)))
		args = append(args, "-output", outs[k])
	}
	if _, err := output(ctx, b.root, []string{"ORT_LIB=" + lib}, bin, args...); err != nil {
		return 0, err
	}
	var theirs [][]float32
	for _, path := range outs {
		_, all, err := dataset.ReadNPY(path)
		if err != nil {
			return 0, fmt.Errorf("the output of ONNX Runtime: %w", err)
		}
		theirs = append(theirs, all)
	}
	d, err := apart(ours, theirs)
	if err != nil {
		return 0, fmt.Errorf("the outputs of ONNX Runtime: %w", err)
	}
	return d, nil
}

// apart is the greatest max|a-b| / max|b| of an output over all samples, b being every output of another program, one
// sample after another.
func apart(ours samples, theirs [][]float32) (float64, error) {
	if len(ours) == 0 || len(theirs) != len(ours[0]) {
		return 0, fmt.Errorf("%d outputs of %d samples", len(theirs), len(ours))
	}
	worst := 0.0
	for k, all := range theirs {
		per := len(all) / len(ours)
		num, den := 0.0, 0.0
		for i := range ours {
			a := ours[i][k].F32
			if len(a) != per {
				return 0, fmt.Errorf("output %d has %d elements here and %d there", k, len(a), per)
			}
			for j, v := range all[i*per : (i+1)*per] {
				d := math.Abs(float64(a[j]) - float64(v))
				if d != d {
					return 0, fmt.Errorf("output %d of sample %d is no number", k, i)
				}
				num, den = max(num, d), max(den, math.Abs(float64(v)))
			}
		}
		if den == 0 {
			return 0, fmt.Errorf("output %d is nothing but zeros there", k)
		}
		worst = max(worst, num/den)
	}
	return worst, nil
}

// likeness compares output k of all samples: the cosine of b to a, and the greatest difference over the greatest
// number of a.
func likeness(a, b samples, k int) (cos, worst float64) {
	var ab, aa, bb, diff, top float64
	for i := range a {
		x, y := a[i][k].F32, b[i][k].F32
		for j := range x {
			u, v := float64(x[j]), float64(y[j])
			ab, aa, bb = ab+u*v, aa+u*u, bb+v*v
			diff, top = max(diff, math.Abs(u-v)), max(top, math.Abs(u))
		}
	}
	return ab / math.Sqrt(aa*bb), diff / top
}
