package main

import (
	"fmt"

	"github.com/amctc/amctc"
	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/passes"
)

// coveredSamples is how many samples of the data are held against the calibrated ranges.
const coveredSamples = 1000

// leavingRanges are the tensors of a calibrated float network that the data take out of their ranges more than the
// calibration data do, where there are some. It says what the context has to remark.
func leavingRanges(u *ui, pc *passes.Context, float *ir.Module, paths, calib []string, opt amctc.DataOptions, calibLimit int) ([]passes.Coverage, error) {
	cover := func(paths []string, limit int) ([]passes.Coverage, error) {
		o := opt
		o.Limit = limit
		d, err := amctc.OpenData(float.Main(), paths, o)
		if err != nil {
			return nil, err
		}
		return amctc.Cover(pc, float, d)
	}
	limit := coveredSamples
	if opt.Limit > 0 {
		limit = min(limit, opt.Limit)
	}
	data, err := cover(paths, limit)
	if err != nil {
		return nil, err
	}
	var before []passes.Coverage
	if len(calib) > 0 {
		if before, err = cover(calib, calibLimit); err != nil {
			return nil, err
		}
	}
	out := passes.Leaving(pc, data, before)
	u.configRemarks(pc)
	return out, nil
}

// printLeaving is a table of tensors that leave their ranges.
func printLeaving(u *ui, list []passes.Coverage) {
	if len(list) == 0 {
		return
	}
	var rows [][]string
	for _, r := range list {
		rows = append(rows, []string{shorten(r.Key, 34), shorten(r.Value, 34), fmt.Sprintf("%.5g…%.5g", r.Lowest, r.Highest), fmt.Sprintf("%.5g…%.5g", r.Least, r.Most), fmt.Sprintf("%.2f %%", 100*r.Share())})
	}
	fmt.Fprintln(u.stdout)
	u.table([]string{"layer", "reads", "calibrated range", "data", "clipped"}, rows, 5)
}
