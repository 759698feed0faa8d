package passes

import (
	"iter"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/diag"
	"github.com/amctc/amctc/ir/tensor"
)

// batches is what calibration takes of data: all of it, or exactly Settings.BatchNum batches (AMCT 1.1).
// A batch is what the data give for one run of m.
func (c *Context) batches(m *ir.Module, d Data) (Data, error) {
	need := c.Settings.BatchNum
	if need == 0 || d.Samples() == 0 {
		return d, nil
	}
	size, err := batchSize(m.Main(), d)
	if err != nil {
		return nil, err
	}
	seen := (d.Samples() + size - 1) / size
	switch {
	case seen < need:
		return nil, diag.Errorf("C012", diag.Span{}, "", "calibration needs %d batches (batch_num) of %d samples, and the data have %d: %d samples; give more data, or lower batch_num",
			need, size, seen, d.Samples())
	case seen > need:
		r := diag.Errorf("C013", diag.Span{}, "", "calibration takes %d batches (batch_num) of %d samples, %d of the %d samples of the data", need, size, need*size, d.Samples())
		r.Severity = diag.Remark
		c.Remarks.Add(r)
	}
	return &firstBatches{d, need, need * size}, nil
}

// batchSize is the number of samples of one batch.
func batchSize(f *ir.Func, d Data) (int, error) {
	for _, p := range f.Params {
		if !p.Type.IsFree() {
			return 1, nil
		}
	}
	for in, err := range d.Batches() {
		if err != nil {
			return 0, err
		}
		if len(in) > 0 && len(in[0].Shape) > 0 && in[0].Shape[0] > 0 {
			return in[0].Shape[0], nil
		}
		break
	}
	return 1, nil
}

// firstBatches are the first n batches of data.
type firstBatches struct {
	Data
	n, samples int
}

func (f *firstBatches) Samples() int { return min(f.samples, f.Data.Samples()) }

func (f *firstBatches) Batches() iter.Seq2[[]*tensor.Tensor, error] {
	return func(yield func([]*tensor.Tensor, error) bool) {
		i := 0
		for in, err := range f.Data.Batches() {
			if !yield(in, err) || err != nil {
				return
			}
			if i++; i == f.n {
				return
			}
		}
	}
}
