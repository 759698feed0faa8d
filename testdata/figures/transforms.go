package main

import (
	"context"
	"fmt"
	"math"
	"strings"

	"github.com/amctc/amctc"
	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/parser/dataset"
	"github.com/amctc/amctc/passes"
)

// labelled are the networks whose data have labels.
var labelled = []network{cntk, lenet, residual, mobilenet}

// int8All is what default settings lose on every labelled network.
func int8All(ctx context.Context, b *bench) (string, bool, error) {
	var text []string
	sum, worst := 0., math.Inf(-1)
	for _, n := range labelled {
		e, err := eval(ctx, b, n)
		if err != nil {
			return "", false, err
		}
		loss := 100 * (e.Float.Value - e.Value)
		sum += loss
		worst = max(worst, loss)
		text = append(text, fmt.Sprintf("%s %.2f %%, %.2f %%", n.name, 100*e.Float.Value, 100*e.Value))
	}
	mean := sum / float64(len(labelled))
	const slack = 1e-9 // losses are multiples of 0.01
	return fmt.Sprintf("%s (float, int8); mean loss %.3f points, greatest %.2f", strings.Join(text, "; "), mean, worst),
		mean <= .1+slack && worst <= .25+slack, nil
}

// biasCorrection is MobileNet with and without corrected biases, at 8 bits and at 4 bits with one scale for all
// weights of a layer. It passes when correction loses at most as much at 8 bits and gains at 4.
func biasCorrection(ctx context.Context, b *bench) (string, bool, error) {
	var text []string
	var right [2][2]int
	float, err := mobilenet.load(b)
	if err != nil {
		return "", false, err
	}
	for i, bits := range []int{8, 4} {
		for k, correct := range []bool{false, true} {
			perTensor := false
			r, err := topOneInt8(ctx, b, mobilenet, float, func(s *passes.Settings) {
				s.CorrectBias = correct
				s.Default.Weight.Bits = bits
				if bits == 4 {
					s.Default.Weight.PerChannel = &perTensor
				}
			})
			if err != nil {
				return "", false, err
			}
			right[i][k] = r
		}
		text = append(text, fmt.Sprintf("W%d %.2f %% -> %.2f %%", bits, float64(right[i][0])/100, float64(right[i][1])/100))
	}
	return strings.Join(text, ", "), right[0][1] >= right[0][0]-10 && right[1][1] > right[1][0], nil
}

// outlierChannels are three networks with two outlier channels planted in each, as they are and with
// balanced channels. It passes when balancing brings every one of them within 0.25 points of its float accuracy.
func outlierChannels(ctx context.Context, b *bench) (string, bool, error) {
	var text []string
	pass := true
	for i, n := range []network{cntk, lenet, residual} {
		m, err := n.load(b)
		if err != nil {
			return "", false, err
		}
		float, err := amctc.Prepare(amctc.NewContext(ctx), m)
		if err != nil {
			return "", false, err
		}
		if _, err := plantOutliers(float, uint64(i+1), 2, 64); err != nil {
			return "", false, err
		}
		want, err := topOne(ctx, b, n, float)
		if err != nil {
			return "", false, err
		}
		part := fmt.Sprintf("%s %.2f %% float", n.name, float64(want)/100)
		for _, k := range []struct {
			name     string
			set      func(*passes.Settings)
			balanced bool
		}{
			{"int8", func(*passes.Settings) {}, false},
			{"equalized", func(s *passes.Settings) { s.Equalize = true }, true},
			{"DMQ", func(s *passes.Settings) { s.Default.Balance = .5 }, true},
			{"SmoothQuant", func(s *passes.Settings) { s.Default.Smooth = .5 }, true},
		} {
			got, err := topOneInt8(ctx, b, n, float, k.set)
			if err != nil {
				return "", false, err
			}
			pass = pass && (!k.balanced || want-got <= 25)
			part += fmt.Sprintf(", %.2f %% %s", float64(got)/100, k.name)
		}
		text = append(text, part)
	}
	return strings.Join(text, "; "), pass, nil
}

// topOneInt8 is how many of the 10,000 test images a float network gets right once it is quantized under settings.
func topOneInt8(ctx context.Context, b *bench, n network, float *ir.Module, set func(*passes.Settings)) (int, error) {
	c := amctc.NewContext(ctx)
	set(c.Settings)
	float, err := amctc.Prepare(c, float)
	if err != nil {
		return 0, err
	}
	calib, err := n.images(b, float, "train", calibrationImages)
	if err != nil {
		return 0, err
	}
	if float, err = amctc.Calibrate(c, float, calib); err != nil {
		return 0, err
	}
	q, err := amctc.Quantize(c, float, amctc.DefaultTarget)
	if err != nil {
		return 0, err
	}
	return topOne(ctx, b, n, q)
}

// topOne is how many of the 10,000 test images m gets right.
func topOne(ctx context.Context, b *bench, n network, m *ir.Module) (int, error) {
	metric, err := amctc.FindMetric("top1")
	if err != nil {
		return 0, err
	}
	set := &amctc.EvalSet{Metric: metric}
	if set.Data, err = n.images(b, m, "t10k", 10000); err != nil {
		return 0, err
	}
	path, err := n.file(b, "t10k", "labels")
	if err != nil {
		return 0, err
	}
	if set.Labels, err = dataset.Labels(path, set.Data.Samples()); err != nil {
		return 0, err
	}
	ev, err := set.Evaluate(ctx, m, func(string, int, int) {})
	if err != nil {
		return 0, err
	}
	if ev.Samples != 10000 {
		return 0, fmt.Errorf("%d test images", ev.Samples)
	}
	return int(math.Round(ev.Value * 10000)), nil
}
