package main

import (
	"context"
	"fmt"
	"math"

	"github.com/amctc/amctc"
	"github.com/amctc/amctc/ir"
)

// sequences are networks with recurrent layers and with attention, trained by testdata/train on Fashion-MNIST.
var sequences = []realNetwork{sequence("lstm"), sequence("gru"), sequence("vit")}

// sequenceSamples is how many test images are compared with ONNX Runtime and between float and int8.
const sequenceSamples = 200

func sequence(name string) realNetwork {
	n := network{"sequences/" + name, "fashion", "255"}
	return realNetwork{
		name:  name,
		model: n.model,
		load:  amctc.LoadOptions{InputShapes: map[string][]int{"input": {1, 1, 28, 28}}},
		data: func(_ context.Context, b *bench, m *ir.Module) (calib, test samples, err error) {
			for _, part := range []struct {
				name  string
				count int
				to    *samples
			}{{"train", calibrationImages, &calib}, {"t10k", sequenceSamples, &test}} {
				d, err := n.images(b, m, part.name, part.count)
				if err != nil {
					return nil, nil, err
				}
				for in, err := range d.Calls() {
					if err != nil {
						return nil, nil, err
					}
					*part.to = append(*part.to, in)
				}
			}
			return calib, test, nil
		},
		judge: func(ctx context.Context, b *bench, _, _ *ir.Module) (string, bool, error) {
			e, err := eval(ctx, b, n, "--input-shape", "input:1,1,28,28")
			if err != nil {
				return "", false, err
			}
			float, integer := 100*e.Float.Value, 100*e.Value
			return fmt.Sprintf("top-1 of 10,000: %.2f %% float, %.2f %% int8", float, integer), math.Abs(float-integer) <= 0.5, nil
		},
	}
}
