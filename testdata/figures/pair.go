package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/amctc/amctc"
	"github.com/amctc/amctc/codegen/exec"
	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/tensor"
)

// pair writes AMCT's two models of each classifier, reads both again, and counts the bytes of their
// outputs that differ, the images that ONNX Runtime puts into the same class with the fake-quantized
// model, and those that the network with requantization does.
func pair(ctx context.Context, b *bench) (string, bool, error) {
	var text []string
	pass := true
	for _, n := range []network{cntk, lenet, residual, mobilenet} {
		r, err := comparePair(ctx, b, n)
		if err != nil {
			return "", false, fmt.Errorf("%s: %w", n.name, err)
		}
		pass = pass && r.all == 10000 && r.bytes == 0 && r.theirs*1000 >= r.all*995
		text = append(text, fmt.Sprintf("%s %d bytes, %.2f %% (%.2f %% as our integers)", n.name, r.bytes,
			100*float64(r.theirs)/float64(r.all), 100*float64(r.ours)/float64(r.all)))
	}
	return strings.Join(text, "; "), pass, nil
}

// pairFigures count over images.
type pairFigures struct {
	all, bytes   int // images, differing bytes of outputs
	theirs, ours int // same class in ONNX Runtime, and in the requantizing network
}

func comparePair(ctx context.Context, b *bench, n network) (r pairFigures, err error) {
	c, float, err := n.calibrated(ctx, b)
	if err != nil {
		return r, err
	}
	integer, err := amctc.Quantize(c, float, amctc.DefaultTarget)
	if err != nil {
		return r, err
	}
	m, err := amctc.Pair(c, float, amctc.DefaultTarget)
	if err != nil {
		return r, err
	}
	files, err := amctc.EmitPair(m, n.name)
	if err != nil {
		return r, err
	}
	for name, data := range files {
		if err := os.WriteFile(filepath.Join(b.temp, name), data, 0o666); err != nil {
			return r, err
		}
	}
	fakePath := filepath.Join(b.temp, n.name+".fake_quant_model.onnx")
	deploy, err := amctc.Load(filepath.Join(b.temp, n.name+".deploy_model.onnx"), amctc.LoadOptions{})
	if err != nil {
		return r, err
	}
	fake, err := amctc.Load(fakePath, amctc.LoadOptions{})
	if err != nil {
		return r, err
	}
	d, err := n.images(b, m, "t10k", 0)
	if err != nil {
		return r, err
	}
	in, err := array(b, "in.npy", m, d)
	if err != nil {
		return r, err
	}
	_, theirs, err := ortrun(ctx, b, fakePath, in)
	if err != nil {
		return r, err
	}
	outputs := func(m *ir.Module) (out []*tensor.Tensor, err error) {
		err = amctc.RunAll(ctx, exec.Engine{}, m.Main(), d.Calls(), 2, func(_ int, _, o []*tensor.Tensor) error {
			out = append(out, tensor.FromF32(append([]float32(nil), o[0].F32...), o[0].Shape...))
			return nil
		})
		return out, err
	}
	var all [3][]*tensor.Tensor
	for i, m := range []*ir.Module{deploy, fake, integer} {
		if all[i], err = outputs(m); err != nil {
			return r, err
		}
	}
	for i, want := range all[0] {
		r.all++
		k := len(want.F32)
		if (i+1)*k > len(theirs) {
			return r, fmt.Errorf("ONNX Runtime gave %d numbers for more than %d images", len(theirs), i)
		}
		x, y := want.Bytes(), all[1][i].Bytes()
		if !bytes.Equal(x, y) {
			for j := range x {
				if x[j] != y[j] {
					r.bytes++
				}
			}
		}
		if class(want.F32) == class(theirs[i*k:(i+1)*k]) {
			r.theirs++
		}
		if class(want.F32) == class(all[2][i].F32) {
			r.ours++
		}
	}
	return r, nil
}
