package faults

import (
	"math"
	"os"
	"strings"
	"testing"

	"github.com/amctc/amctc"
	"github.com/amctc/amctc/codegen/diagnose"
	"github.com/amctc/amctc/codegen/exec"
	"github.com/amctc/amctc/codegen/report"
	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/tensor"
)

const (
	models = "../models/"
	images = "../data/mnist/train-images-idx3-ubyte.gz"
)

// digits are a network's prepared form and n digits in calls.
func digits(t *testing.T, name string, n int) (*ir.Module, [][]*tensor.Tensor) {
	t.Helper()
	if _, err := os.Stat(images); err != nil {
		t.Fatalf("%v; \"make data\" brings it", err)
	}
	m, err := amctc.Load(models+name+".onnx", amctc.LoadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	float, err := amctc.Prepare(amctc.NewContext(t.Context()), m)
	if err != nil {
		t.Fatal(err)
	}
	d, err := amctc.OpenData(float.Main(), []string{images}, amctc.DataOptions{Limit: n, Std: []float32{255}})
	if err != nil {
		t.Fatal(err)
	}
	some, err := d.First(n)
	if err != nil {
		t.Fatal(err)
	}
	return float, some
}

// predicted is the error of a predicted gain at the output, in dB, that is borne here: what layers do to the
// output is taken to add up, and is measured on few samples.
const predicted = 4

// TestCauses plants each fault in LeNet: the report names it and its place first, and the first repair, pasted,
// gains what was predicted on samples that it never saw. "make figures" measures the suite.
func TestCauses(t *testing.T) {
	float, all := digits(t, "lenet", 160)
	calib, seen, later := all[:128], all[128:144], all[144:]
	for _, cause := range Causes {
		f, err := Plant(t.Context(), float, calib, cause, 1)
		if err != nil {
			t.Fatal(err)
		}
		d := run(t, f, seen)
		if len(d.Findings) == 0 || !f.Right(d.Findings[0]) {
			t.Errorf("%s, %s in %q: found %+v", cause, f.Detail, f.Layers, d.Findings)
			continue
		}
		first := d.Findings[0]
		if len(first.Evidence) == 0 || len(first.Repairs) == 0 {
			t.Errorf("%s: a finding without evidence or repair", cause)
			continue
		}
		if text := first.Repairs[0].Config; text == "" || strings.Contains(text, "dmq_balancer_param") {
			continue // bias correction has no key of AMCT's; balancing is tested where it is made
		}
		gain, ok, err := f.Repair(t.Context(), first.Repairs[0], later)
		if err != nil || !ok {
			t.Errorf("%s: the repair %q cannot be pasted: %v", cause, first.Repairs[0].Config, err)
		} else if want := float64(first.Repairs[0].NetworkGain); math.Abs(gain-want) > predicted {
			t.Errorf("%s, %s: predicted %.1f dB, gained %.1f dB", cause, first.Repairs[0].What, want, gain)
		}
	}
}

// TestSound holds that a sound network has no cause that matters, that its report is the same twice, and that the numbers of
// each layer are in order: what one operand alone costs is at most about what both cost.
func TestSound(t *testing.T) {
	float, all := digits(t, "residual", 40)
	f, err := None(t.Context(), float, all[:32])
	if err != nil {
		t.Fatal(err)
	}
	d := run(t, f, all[32:])
	const quarter = 0.25 // of the output's error: no repair of one layer may be worth that much
	for _, x := range d.Findings {
		if x.Cause != report.Accumulated && x.Share >= quarter {
			t.Errorf("%s at %s in a sound network, %g of the error: %q", x.Cause, x.Layer, x.Share, x.Evidence)
		}
	}
	var share float64
	ranks := make(map[int]bool)
	for _, l := range d.Layers {
		share += l.Share
		ranks[l.Rank] = true
		const slack = 1 // dB: errors of activations and weights may cancel a little
		if w := float64(l.WeightsAlone); w < float64(l.Isolated)-slack || float64(l.Activations) < float64(l.Isolated)-slack {
			t.Errorf("%s: %v dB, with activations alone %v, with weights alone %v", l.Name, l.Isolated, l.Activations, l.WeightsAlone)
		}
		if math.IsNaN(float64(l.Accumulated)) || float64(l.Accumulated) > float64(l.Isolated)+3 {
			t.Errorf("%s: isolated %v dB, accumulated %v dB", l.Name, l.Isolated, l.Accumulated)
		}
		for _, o := range l.Operands {
			if o.ClipRate < 0 || o.ClipRate > 0.01 || !(o.ClipMin < o.ClipMax) {
				t.Errorf("%s: clip rate %g, codes from %g to %g", l.Name, o.ClipRate, o.ClipMin, o.ClipMax)
			}
		}
	}
	if math.Abs(share-1) > 1e-4 || len(ranks) != len(d.Layers) || len(d.Layers) != 17 {
		t.Errorf("%d layers with %d ranks share %g", len(d.Layers), len(ranks), share)
	}
	one, err := d.JSON()
	if err != nil {
		t.Fatal(err)
	}
	two, err := run(t, f, all[32:]).JSON()
	if err != nil || string(one) != string(two) {
		t.Errorf("twice the same network, two reports (%v)", err)
	}
}

// TestPlantIsDrawnBySeed holds that a seed gives one fault, and seeds give several.
func TestPlantIsDrawnBySeed(t *testing.T) {
	float, all := digits(t, "lenet", 64)
	details := make(map[string]bool)
	for seed := range uint64(4) {
		a, err := Plant(t.Context(), float, all, report.Saturation, seed)
		if err != nil {
			t.Fatal(err)
		}
		b, err := Plant(t.Context(), float, all, report.Saturation, seed)
		if err != nil {
			t.Fatal(err)
		}
		if a.Detail != b.Detail || ir.Print(a.Net.Integer) != ir.Print(b.Net.Integer) {
			t.Errorf("seed %d: %q, then %q", seed, a.Detail, b.Detail)
		}
		details[a.Detail] = true
	}
	if len(details) < 3 {
		t.Errorf("four seeds give %d faults", len(details))
	}
}

func run(t *testing.T, f *Fault, seen [][]*tensor.Tensor) *report.Diagnosis {
	t.Helper()
	d, err := diagnose.Run(diagnose.Input{Context: f.Context, Engine: exec.Engine{}, Float: f.Net.Float, Fitted: f.Net.Fitted, Integer: f.Net.Integer, Calib: f.Calib, Samples: seen})
	if err != nil {
		t.Fatal(err)
	}
	return d
}
