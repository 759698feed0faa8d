package main

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/amctc/amctc"
)

// A trainedModel is what `amctc train` wrote.
type trainedModel struct{ module, record string }

// trainNetwork runs `amctc train` on the whole training set.
func trainNetwork(ctx context.Context, b *bench, n network, name string, more ...string) (*trainedModel, error) {
	bin, err := b.amctc(ctx)
	if err != nil {
		return nil, err
	}
	model, err := n.model(b)
	if err != nil {
		return nil, err
	}
	images, err := n.file(b, "train", "images")
	if err != nil {
		return nil, err
	}
	labels, err := n.file(b, "train", "labels")
	if err != nil {
		return nil, err
	}
	t := &trainedModel{module: filepath.Join(b.temp, name+".amir"), record: filepath.Join(b.temp, name+".txt")}
	args := append([]string{"--quiet", "train", model, "--data", images, "--labels", labels, "--std", n.std, "-o", t.module}, more...)
	if strings.Contains(strings.Join(more, " "), "--quantize") {
		args = append(args, "--record", t.record)
	}
	_, err = output(ctx, b.root, nil, bin, args...)
	return t, err
}

// evaluateTrained runs `amctc eval` of a trained module on the test set, with its record when that is there.
func evaluateTrained(ctx context.Context, b *bench, n network, t *trainedModel, quantized bool) (*evaluation, error) {
	bin, err := b.amctc(ctx)
	if err != nil {
		return nil, err
	}
	images, err := n.file(b, "t10k", "images")
	if err != nil {
		return nil, err
	}
	labels, err := n.file(b, "t10k", "labels")
	if err != nil {
		return nil, err
	}
	args := []string{"--quiet", "--json", "eval", t.module, "--data", images, "--labels", labels, "--std", n.std}
	if quantized {
		args = append(args, "--record", t.record, "--fake")
	}
	text, err := output(ctx, b.root, nil, bin, args...)
	if err != nil {
		return nil, err
	}
	e := &evaluation{}
	if err := json.Unmarshal(text, e); err != nil {
		return nil, fmt.Errorf("amctc eval --json: %w", err)
	}
	if e.Samples != 10000 {
		return nil, fmt.Errorf("amctc eval used %d test images", e.Samples)
	}
	return e, nil
}

// fromScratch trains two networks from drawn weights.
func fromScratch(ctx context.Context, b *bench) (string, bool, error) {
	pass := true
	var parts []string
	for _, c := range []struct {
		n     network
		least float64
		more  []string
	}{
		{lenet, 99.0, []string{"--epochs", "12", "--batch", "64", "--rate", "0.05", "--shift", "2"}},
		{residual, 92, []string{"--epochs", "14", "--batch", "128", "--rate", "0.1", "--shift", "2", "--flip"}},
	} {
		t, err := trainNetwork(ctx, b, c.n, "fresh-"+c.n.name, append([]string{"--fresh"}, c.more...)...)
		if err != nil {
			return "", false, err
		}
		e, err := evaluateTrained(ctx, b, c.n, t, false)
		if err != nil {
			return "", false, err
		}
		pass = pass && 100*e.Value >= c.least
		parts = append(parts, fmt.Sprintf("%s %.2f %% (`--fresh %s`)", c.n.name, 100*e.Value, strings.Join(c.more, " ")))
	}
	return strings.Join(parts, "; "), pass, nil
}

// retrained8 trains with 8 bits on, and compares the integer network with the float one that training began
// with, and with the fake-quantized one that it trained; the executions of the integer network agree.
func retrained8(ctx context.Context, b *bench) (string, bool, error) {
	pass := true
	var parts []string
	for _, n := range []network{residual, mobilenet} {
		t, err := trainNetwork(ctx, b, n, "qat8-"+n.name, "--quantize", "--epochs", "2", "--batch", "128", "--rate", "0.004", "--shift", "1", "--flip")
		if err != nil {
			return "", false, err
		}
		e, err := evaluateTrained(ctx, b, n, t, true)
		if err != nil {
			return "", false, err
		}
		float, err := floatAccuracy(ctx, b, n)
		if err != nil {
			return "", false, err
		}
		differ, err := agreeTrained(ctx, b, n, t)
		if err != nil {
			return "", false, err
		}
		gap := 100 * (e.Value - e.Fake.Value)
		pass = pass && 100*(float-e.Value) <= 0.1 && gap <= 0.05 && gap >= -0.05 && differ == 0
		parts = append(parts, fmt.Sprintf("%s float %.2f %%, int8 %.2f %%, fake-quantized %.2f %%, %d bytes differ", n.name, 100*float, 100*e.Value, 100*e.Fake.Value, differ))
	}
	return strings.Join(parts, "; "), pass, nil
}

// retrained4 trains with codes of 4 bits where calibration loses most.
func retrained4(ctx context.Context, b *bench) (string, bool, error) {
	n := mobilenet
	after, err := eval(ctx, b, n, "--activation-bits", "4", "--weight-bits", "4", "--per-tensor", "--activations", "minmax")
	if err != nil {
		return "", false, err
	}
	t, err := trainNetwork(ctx, b, n, "qat4-"+n.name, "--quantize", "--activation-bits", "4", "--weight-bits", "4", "--per-tensor", "--epochs", "4", "--batch", "128", "--rate", "0.01", "--shift", "1", "--flip")
	if err != nil {
		return "", false, err
	}
	e, err := evaluateTrained(ctx, b, n, t, true)
	if err != nil {
		return "", false, err
	}
	differ, err := agreeTrained(ctx, b, n, t)
	if err != nil {
		return "", false, err
	}
	lost, left := 100*(after.Float.Value-after.Value), 100*(after.Float.Value-e.Value)
	return fmt.Sprintf("float %.2f %%; calibrated %.2f %%, %.2f points lost; trained %.2f %%, %.2f points below float; %d bytes differ",
		100*after.Float.Value, 100*after.Value, lost, 100*e.Value, left, differ), lost >= 3 && left <= 1.5 && differ == 0, nil
}

func floatAccuracy(ctx context.Context, b *bench, n network) (float64, error) {
	bin, err := b.amctc(ctx)
	if err != nil {
		return 0, err
	}
	model, err := n.model(b)
	if err != nil {
		return 0, err
	}
	images, err := n.file(b, "t10k", "images")
	if err != nil {
		return 0, err
	}
	labels, err := n.file(b, "t10k", "labels")
	if err != nil {
		return 0, err
	}
	text, err := output(ctx, b.root, nil, bin, "--quiet", "--json", "eval", model, "--data", images, "--labels", labels, "--std", n.std)
	if err != nil {
		return 0, err
	}
	var e amctc.Evaluation
	return e.Value, json.Unmarshal(text, &e)
}

// agreeTrained compiles a trained network with its record, compares all executions on 20 test images, and
// gives the number of bytes that differ.
func agreeTrained(ctx context.Context, b *bench, n network, t *trainedModel) (int, error) {
	bin, err := b.amctc(ctx)
	if err != nil {
		return 0, err
	}
	images, err := n.file(b, "t10k", "images")
	if err != nil {
		return 0, err
	}
	name := strings.ReplaceAll(strings.TrimSuffix(filepath.Base(t.module), ".amir"), "-", "")
	out := filepath.Join(b.temp, name)
	if _, err := output(ctx, b.root, nil, bin, "--quiet", "compile", t.module, "--record", t.record, "--calib", images, "--limit", "32", "--std", n.std, "--no-verify", "--out", out); err != nil {
		return 0, err
	}
	text, err := output(ctx, b.root, nil, bin, "--quiet", "--json", "verify", filepath.Join(out, "amctc", name+".amir"), "--input", images, "--limit", "20", "--std", n.std, "--require", "go")
	if err != nil {
		return 0, err
	}
	var r struct {
		DiffBytes int `json:"bytes_differ"`
		Tensors   int `json:"tensors"`
	}
	if err := json.Unmarshal(text, &r); err != nil {
		return 0, err
	}
	if r.Tensors == 0 {
		return 0, fmt.Errorf("verify compared nothing: %s", text)
	}
	return r.DiffBytes, nil
}
