package amctc

import (
	"math"
	"testing"

	"github.com/amctc/amctc/ir/tensor"
)

func one(v ...float32) []*tensor.Tensor { return []*tensor.Tensor{tensor.FromF32(v, 1, len(v))} }

// two are the first tensors of two lists.
func two(a, b []*tensor.Tensor) []*tensor.Tensor { return []*tensor.Tensor{a[0], b[0]} }

func measure(t *testing.T, name string, samples ...func(m meter) error) float64 {
	t.Helper()
	m, err := FindMetric(name)
	if err != nil {
		t.Fatal(err)
	}
	w := m.meter()
	for _, s := range samples {
		if err := s(w); err != nil {
			t.Fatal(err)
		}
	}
	return w.value()
}

// TestMetrics holds every metric against values worked by hand.
func TestMetrics(t *testing.T) {
	labelled := func(label int, v ...float32) func(meter) error {
		return func(m meter) error { return m.add(one(v...), one(v...), nil, label) }
	}
	nan := float32(math.NaN())
	for _, c := range []struct {
		name string
		want float64
		got  float64
	}{
		{"top1", 0.5, measure(t, "top1", labelled(1, 0, 2, 1), labelled(2, 0, 2, 1))},
		{"top1: the lowest index wins a tie", 0.5, measure(t, "top1", labelled(0, 2, 2, 1), labelled(1, 2, 2, 1))},
		{"top1: a label that does not exist is no hit", 0, measure(t, "top1", labelled(7, 2, 1))},
		{"top5", 0.5, measure(t, "top5", labelled(4, 9, 8, 7, 6, 5, 1), labelled(5, 9, 8, 7, 6, 5, 1))},
		{"auc of scores", 0.75, measure(t, "auc", labelled(0, 1), labelled(0, 3), labelled(1, 2), labelled(1, 4))},
		{"auc of equal scores", 0.5, measure(t, "auc", labelled(0, 1), labelled(1, 1))},
		{"auc of two outputs", 1, measure(t, "auc", labelled(0, 3, 1), labelled(1, 1, 3))},
		{"mse", 2.5, measure(t, "mse", func(m meter) error { return m.add(one(1, 2), one(2, 4), nil, 0) })},
		{"cosine", 0.5, measure(t, "cosine", func(m meter) error { return m.add(nil, one(1, 0), one(2, 0), 0) }, func(m meter) error { return m.add(nil, one(1, 0), one(0, 1), 0) })},
		{"worst-cosine", 0.6, measure(t, "worst-cosine", func(m meter) error { return m.add(nil, two(one(3), one(1)), two(one(5), one(2)), 0) }, func(m meter) error { return m.add(nil, two(one(4), one(1)), two(one(0), one(2)), 0) })},
		{"worst-cosine of zeros", 1, measure(t, "worst-cosine", func(m meter) error { return m.add(nil, one(0, 0), one(0, 0), 0) })},
		{"worst-cosine of zeros in place of numbers", 0, measure(t, "worst-cosine", func(m meter) error { return m.add(nil, two(one(1), one(0)), two(one(1), one(1)), 0) })},
	} {
		if math.Abs(c.got-c.want) > 1e-12 {
			t.Errorf("%s: %v, want %v", c.name, c.got, c.want)
		}
	}
	if v := measure(t, "top1", labelled(0, nan, 1)); v != 1 && v != 0 {
		t.Errorf("NaN: %v", v)
	}
}

func TestDrop(t *testing.T) {
	top1, _ := FindMetric("top1")
	mse, _ := FindMetric("mse")
	if d := top1.Drop(0.9, 0.89); math.Abs(d-1) > 1e-9 {
		t.Errorf("top1: %v", d)
	}
	if d := mse.Drop(2, 2.5); math.Abs(d-0.25) > 1e-12 {
		t.Errorf("mse: %v", d)
	}
	for _, m := range Metrics {
		if v := m.Undrop(0.5, m.Drop(0.5, 0.25)); math.Abs(v-0.25) > 1e-12 {
			t.Errorf("%s: Undrop gives %v", m.Name, v)
		}
	}
	a, b := []bool{true, true, false, false}, []bool{true, false, true, false}
	if e := pairedError(a, b); math.Abs(e-math.Sqrt2/4) > 1e-12 {
		t.Errorf("paired error %v", e)
	}
}

// TestSimilarity is the example of AMCT 9.9 and its zero cases.
func TestSimilarity(t *testing.T) {
	if s := Similarity([]float64{1, 2, 3}, []float64{1, 2, 2.5}); math.Abs(s-0.99801192) > 5e-9 {
		t.Errorf("%v", s)
	}
	if Similarity([]float64{0, 0}, []float64{1, 0}) != 1 || Similarity([]float64{1, 0}, []float64{0, 0}) != 0 {
		t.Error("zeros")
	}
	t.Logf("golden values of AMCT 9.9: %d", 1)
}

// TestDeviation is the jackknife of three samples, worked by hand: without each in turn the cosine is that of two.
func TestDeviation(t *testing.T) {
	c := &worstCosine{}
	if c.deviation() != 0 {
		t.Error("of nothing")
	}
	for _, x := range [][2]float32{{1, 1}, {2, 2}, {3, 0}} {
		if err := c.add(nil, one(x[1], 0), one(x[0], 0), 0); err != nil {
			t.Fatal(err)
		}
	}
	// a·b, a·a, b·b: (1,1,1), (4,4,4), (0,0,9)
	v := []float64{4 / math.Sqrt(4*13), 1 / math.Sqrt(1*10), 1}
	mean := (v[0] + v[1] + v[2]) / 3
	want := 0.0
	for _, x := range v {
		want += (x - mean) * (x - mean)
	}
	if got := c.deviation(); math.Abs(got-math.Sqrt(want*2/3)) > 1e-12 {
		t.Errorf("%v, want %v", got, math.Sqrt(want*2/3))
	}
}
