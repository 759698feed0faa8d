package main

import (
	"context"
	"fmt"
	"math"
	"sort"
	"strings"

	"github.com/amctc/amctc"
	"github.com/amctc/amctc/codegen/diagnose"
	"github.com/amctc/amctc/codegen/exec"
	"github.com/amctc/amctc/codegen/report"
	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/tensor"
	"github.com/amctc/amctc/testdata/faults"
)

// causeSeeds are the seeds of the suite. The thresholds of codegen/diagnose were looked at with seeds 1 to 3
// and are left alone since.
var causeSeeds = []uint64{101, 102, 103, 104}

// causeNetworks are where faults are planted. The last has no pair of layers that passes a channel's factor on,
// because ReLU6 is between all of them: channel disparity is planted in the others only.
var causeNetworks = []network{cntk, lenet, residual, mobilenet}

// causes plants faults and counts how often the report's first finding is the planted cause, in a right place.
func causes(ctx context.Context, b *bench) (string, bool, error) {
	all, right, unsupported := 0, 0, 0
	var off []float64
	by := make(map[report.Cause]*[2]int)
	var wrong []string
	for _, n := range causeNetworks {
		float, calib, seen, later, err := faultData(ctx, b, n)
		if err != nil {
			return "", false, err
		}
		for _, cause := range faults.Causes {
			if cause == report.Disparity && n == mobilenet {
				continue
			}
			for _, seed := range causeSeeds {
				f, err := faults.Plant(ctx, float, calib, cause, seed)
				if err != nil {
					return "", false, fmt.Errorf("%s: %w", n.name, err)
				}
				d, err := diagnose.Run(diagnose.Input{Context: f.Context, Engine: exec.Engine{}, Float: f.Net.Float, Fitted: f.Net.Fitted, Integer: f.Net.Integer, Calib: f.Calib, Samples: seen})
				if err != nil {
					return "", false, fmt.Errorf("%s, %s: %w", n.name, f.Detail, err)
				}
				c := by[cause]
				if c == nil {
					c = new([2]int)
					by[cause] = c
				}
				all, c[1] = all+1, c[1]+1
				if len(d.Findings) > 0 && f.Right(d.Findings[0]) {
					right, c[0] = right+1, c[0]+1
					switch gain, ok, err := f.Repair(ctx, d.Findings[0].Repairs[0], later); {
					case err != nil:
						return "", false, fmt.Errorf("%s, %s, repaired: %w", n.name, f.Detail, err)
					case ok:
						off = append(off, math.Abs(gain-float64(d.Findings[0].Repairs[0].NetworkGain)))
					default:
						unsupported++
					}
				} else {
					wrong = append(wrong, fmt.Sprintf("%s seed %d: %s (%s)", n.name, seed, cause, f.Detail))
				}
			}
		}
	}
	var text []string
	enough := true
	for _, c := range faults.Causes {
		text = append(text, fmt.Sprintf("%s %d/%d", c, by[c][0], by[c][1]))
		enough = enough && by[c][1] >= 4
	}
	sort.Strings(wrong)
	figure := fmt.Sprintf("%d of %d (%.0f %%): %s", right, all, 100*float64(right)/float64(all), strings.Join(text, ", "))
	if len(wrong) > 0 {
		figure += "; not first: " + strings.Join(wrong, "; ")
	}
	sort.Float64s(off)
	within := sort.SearchFloat64s(off, predictionWithin)
	figure += fmt.Sprintf("; predicted gain of the first repair against the gain measured on other images once it was applied and the network calibrated again: off by %.1f dB in the median, within %d dB for %d of %d",
		off[len(off)/2], predictionWithin, within, len(off))
	if unsupported > 0 {
		figure += fmt.Sprintf(" (%d repairs are no text that the configuration takes)", unsupported)
	}
	return figure, enough && 10*right >= 9*all, nil
}

// predictionWithin is the error of a prediction, in dB, up to which predictions are counted.
const predictionWithin = 3

// faultData are a network's prepared float form, calibration samples, samples to measure on, and others.
func faultData(ctx context.Context, b *bench, n network) (float *ir.Module, calib, seen, later [][]*tensor.Tensor, err error) {
	m, err := n.load(b)
	if err != nil {
		return nil, nil, nil, nil, err
	}
	float, err = amctc.Prepare(amctc.NewContext(ctx), m)
	if err != nil {
		return nil, nil, nil, nil, err
	}
	some := func(part string, count int) ([][]*tensor.Tensor, error) {
		d, err := n.images(b, float, part, count)
		if err != nil {
			return nil, err
		}
		return d.First(count)
	}
	calib, err = some("train", calibrationImages)
	if err != nil {
		return nil, nil, nil, nil, err
	}
	const others = 64
	test, err := some("t10k", amctc.DefaultDiagnosed+others)
	if err != nil {
		return nil, nil, nil, nil, err
	}
	return float, calib, test[:amctc.DefaultDiagnosed], test[amctc.DefaultDiagnosed:], nil
}
