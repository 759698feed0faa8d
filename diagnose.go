package amctc

import (
	"fmt"
	"strings"

	"github.com/amctc/amctc/codegen/diagnose"
	"github.com/amctc/amctc/codegen/exec"
	"github.com/amctc/amctc/codegen/report"
	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/passes"
)

// Quantized is a network on its way through Calibrate and Quantize.
type Quantized struct {
	Float   *ir.Module // prepared
	Fitted  *ir.Module // what was quantized: Float, or with other weights and biases
	Integer *ir.Module
}

// DefaultDiagnosed is how many samples errors are measured on when nothing else is asked for.
const DefaultDiagnosed = 16

// Diagnose says what each layer of a quantized network loses and why. c has the settings and factors that
// were used; calib is the data of calibration. Errors are measured on the first samples of data; set, when not
// nil, is evaluated as a whole for both networks.
func Diagnose(c *passes.Context, q Quantized, calib, data *Data, samples int, set *EvalSet) (*report.Diagnosis, error) {
	if samples <= 0 {
		return nil, fmt.Errorf("%d samples: at least one is needed", samples)
	}
	some, err := data.First(samples)
	if err != nil {
		return nil, err
	}
	d, err := diagnose.Run(diagnose.Input{Context: c, Engine: exec.Engine{}, Float: q.Float, Fitted: q.Fitted, Integer: q.Integer, Calib: calib, Samples: some})
	if err != nil {
		return nil, err
	}
	d.Version, d.Target = Version, q.Integer.Target
	for _, r := range c.Remarks.Sorted() {
		d.Remarks = append(d.Remarks, r.Error())
	}
	if set == nil {
		return d, nil
	}
	float, err := set.Evaluate(c, q.Float, c.Progress)
	if err != nil {
		return nil, err
	}
	integer, err := set.Evaluate(c, q.Integer, c.Progress)
	if err != nil {
		return nil, err
	}
	d.Metric = &report.Metric{Name: set.Metric.Name, Samples: integer.Samples, Float: float.Value, Integer: integer.Value}
	d.Metric.Label, d.Metric.Text = both(set.Metric.Text(float.Value), set.Metric.Text(integer.Value))
	return d, nil
}

// both joins two texts of one metric: the words that they share, and what differs.
func both(float, integer string) (label, text string) {
	i := 0
	for k := range float {
		if k >= len(integer) || float[k] != integer[k] {
			break
		}
		if float[k] == ' ' && !strings.HasPrefix(float[k:], " %") {
			i = k + 1
		}
	}
	return strings.TrimSpace(float[:i]), float[i:] + " → " + integer[i:]
}
