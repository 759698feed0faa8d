package zoo

import (
	"bytes"
	"math"
	"slices"
	"testing"

	"github.com/amctc/amctc/codegen/exec"
	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/tensor"
	"github.com/amctc/amctc/parser/onnx"
)

// parameters are the published sizes of the networks, less the mean and the variance (of MLPerf Tiny
// all four vectors) of batch normalizations that are folded, which have a bias in the layer before
// them.
var parameters = map[string]int{
	"mobilenetv2": 3504872 + 2*17056, // 17,056 normalized channels, not folded
	"resnet18":    11689512 - 4800,
	"resnet50":    25557032 - 26560,
	"resnet8":     78666 - 4*240,
	"mobilenetv1": 221794 - 4*2736,
	"autoencoder": 267928 - 2*1032,
}

func TestParameters(t *testing.T) {
	for i := range Networks {
		n := &Networks[i]
		got := 0
		for _, c := range n.Model().Graph.Initializer {
			if k := len(c.RawData) / 4; k > 1 {
				got += k
			}
		}
		if want := parameters[n.Name]; got != want {
			t.Errorf("%s: %d parameters, want %d", n.Name, got, want)
		}
	}
}

// TestFlow: what flows through a network neither dies out nor explodes.
func TestFlow(t *testing.T) {
	for i := range Networks {
		n := &Networks[i]
		t.Run(n.Name, func(t *testing.T) {
			data, err := n.ONNX()
			if err != nil {
				t.Fatal(err)
			}
			m, diags := onnx.Import(n.Name+".onnx", data, onnx.Options{})
			if err := diags.Err(); err != nil {
				t.Fatal(err)
			}
			run, err := exec.Engine{}.Prepare(m.Main())
			if err != nil {
				t.Fatal(err)
			}
			in := tensor.FromF32(n.Samples(1), append([]int{1}, n.Input...)...)
			out, err := run.Run(t.Context(), []*tensor.Tensor{in}, func(v *ir.Value, x *tensor.Tensor) {
				if x.Len() < 10 {
					return // too few for a mean
				}
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
			if len(out) != 1 || out[0].Len() != n.Output {
				t.Errorf("output %v", out[0].Shape)
			}
		})
	}
}

func TestSamples(t *testing.T) {
	for i := range Networks {
		n := &Networks[i]
		one, two := n.Samples(1), n.Samples(2)
		if len(one) != tensor.Elems(n.Input) || len(two) != 2*len(one) || !slices.Equal(one, two[:len(one)]) || slices.Equal(one, two[len(one):]) {
			t.Errorf("%s: samples of %d and %d numbers", n.Name, len(one), len(two))
		}
	}
}

func TestDeterministic(t *testing.T) {
	n, err := Find("resnet8")
	if err != nil {
		t.Fatal(err)
	}
	a, err := n.ONNX()
	if err != nil {
		t.Fatal(err)
	}
	if b, err := n.ONNX(); err != nil || !bytes.Equal(a, b) {
		t.Errorf("two calls differ: %v", err)
	}
}
