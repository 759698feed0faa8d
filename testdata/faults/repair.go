package faults

import (
	"context"
	"fmt"
	"maps"
	"strings"

	"github.com/amctc/amctc"
	"github.com/amctc/amctc/codegen/exec"
	"github.com/amctc/amctc/codegen/report"
	"github.com/amctc/amctc/ir/tensor"
	"github.com/amctc/amctc/parser/amct"
	"github.com/amctc/amctc/passes"
)

// Repair pastes a repair's text into a configuration, calibrates the float network again with it and gives what
// the output gains by that on data, in dB. A fault of factors or rounded weights is gone with the new
// calibration, as it would be for a user. ok is false for a repair without such a text, or with one
// that this version of the configuration does not take.
func (f *Fault) Repair(ctx context.Context, r report.Repair, data [][]*tensor.Tensor) (gain float64, ok bool, err error) {
	if r.Config == "" {
		return 0, false, nil
	}
	cfg, err := amct.ParseConfig("pasted.json", []byte(fmt.Sprintf("{\"version\": 1,\n%s\n}", r.Config)))
	if err != nil {
		return 0, false, fmt.Errorf("%w\n%s", err, r.Config)
	}
	pasted := amctc.NewContext(ctx)
	if _, err := amctc.ApplyConfig(pasted, cfg, f.Net.Float.Main()); err != nil {
		if strings.Contains(err.Error(), "error[C009]") { // this version does not act on it
			return 0, false, nil
		}
		return 0, false, err
	}
	before, err := sqnr(ctx, f.Net.Float, f.Net.Integer, data)
	if err != nil {
		return 0, false, err
	}
	c := amctc.NewContext(ctx)
	settings := *f.Context.Settings
	settings.Layers = maps.Clone(settings.Layers)
	if settings.Layers == nil {
		settings.Layers = make(map[string]passes.LayerSettings)
	}
	for _, name := range cfg.Order {
		settings.Layers[name] = pasted.Settings.Layers[name]
	}
	c.Settings = &settings
	fitted, err := passes.Fit(c, exec.Engine{}, f.Net.Float, f.Calib)
	if err != nil {
		return 0, false, err
	}
	integer, err := amctc.Quantize(c, fitted, amctc.DefaultTarget)
	if err != nil {
		return 0, false, err
	}
	after, err := sqnr(ctx, f.Net.Float, integer, data)
	return after - before, true, err
}
