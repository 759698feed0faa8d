package amctc

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/amctc/amctc/ir/tensor"
)

// A Metric says how good the outputs of a network are on a data set.
type Metric struct {
	Name string
	Doc  string
	// Labels says that a label is needed for each sample.
	Labels bool
	// Reference says that the outputs of the float network are needed for each sample.
	Reference bool
	// Outputs says that all outputs that are numbers count, not the first alone.
	Outputs bool
	// Lower says that lower values are better.
	Lower bool
	// Points is what one unit of the metric is multiplied with for people, and Unit what the product
	// is called: a fraction of samples becomes percentage points.
	Points float64
	Unit   string
	meter  func() meter
}

// A meter sees the outputs of samples one by one.
type meter interface {
	// add sees one sample: its inputs, its outputs, those of the float network, and its label.
	add(in, out, ref []*tensor.Tensor, label int) error
	value() float64
}

// Metrics are the metrics, by the order of their names.
var Metrics = []Metric{
	{Name: "auc", Doc: "area under the curve of true against false positives; labels are 0 and 1, the score is the only element of the first output, the second of two less the first, or the mean squared error of a reconstruction",
		Labels: true, Points: 100, Unit: "points", meter: func() meter { return &auc{} }},
	{Name: "cosine", Doc: "mean cosine of the first output and that of the float network", Reference: true, Points: 1, meter: func() meter { return &cosine{} }},
	{Name: "mse", Doc: "mean squared difference of the first output and the first input, for networks that reconstruct their input", Lower: true, Points: 1, meter: func() meter { return &reconstruction{} }},
	{Name: "top1", Doc: "how often the largest element of the first output is at the label, or the first index that a network gives is the label", Labels: true, Points: 100, Unit: "points", meter: func() meter { return &topK{k: 1} }},
	{Name: "top5", Doc: "how often the label is among the five largest elements of the first output, or the first five indices that a network gives", Labels: true, Points: 100, Unit: "points", meter: func() meter { return &topK{k: 5} }},
	{Name: "worst-cosine", Doc: "cosine of every output of float32, over all samples together, and that of the float network; the least of them", Reference: true, Outputs: true, Points: 1, meter: func() meter { return &worstCosine{} }},
}

// FindMetric finds a metric by its name.
func FindMetric(name string) (Metric, error) {
	var names []string
	for _, m := range Metrics {
		if m.Name == name {
			return m, nil
		}
		names = append(names, m.Name)
	}
	return Metric{}, fmt.Errorf("there is no metric %q: want %s", name, strings.Join(names, ", "))
}

// Text is a value of the metric for people.
func (m Metric) Text(v float64) string {
	switch m.Name {
	case "top1", "top5":
		return fmt.Sprintf("top-%s %.2f %%", m.Name[3:], float64(100*v))
	case "auc":
		return fmt.Sprintf("area under the curve %.2f %%", float64(100*v))
	case "mse":
		return fmt.Sprintf("mean squared error %.6g", v)
	}
	return fmt.Sprintf("%s %.6f", m.Name, v)
}

// Drop is how much worse a value is than the float network's, in units of the metric: points of a
// fraction, a difference of cosines; of an error, the increase as a part of the float network's.
func (m Metric) Drop(float, value float64) float64 {
	if m.Lower {
		if float == 0 {
			return value
		}
		return value/float - 1
	}
	return float64(m.Points * (float - value))
}

// Undrop is the value that has the given drop.
func (m Metric) Undrop(float, drop float64) float64 {
	if m.Lower {
		return float64(float * (1 + drop))
	}
	return float - drop/m.Points
}

func floats(out []*tensor.Tensor) ([]float32, error) {
	if out[0].DType != tensor.F32 {
		return nil, fmt.Errorf("the first output is %v, want float32", out[0].DType)
	}
	return out[0].F32, nil
}

// topK counts hits; an element beats an equal one of higher index.
type topK struct {
	k    int
	hits []bool
}

func (t *topK) add(_, out, _ []*tensor.Tensor, label int) error {
	if list := listed(out); list != nil {
		t.hits = append(t.hits, slices.Contains(list[:min(t.k, len(list))], int64(label)))
		return nil
	}
	x, err := floats(out)
	if err != nil {
		return err
	}
	if label < 0 || label >= len(x) {
		t.hits = append(t.hits, false)
		return nil
	}
	above := 0
	for i, v := range x {
		if v > x[label] || v == x[label] && i < label {
			above++
		}
	}
	t.hits = append(t.hits, above < t.k)
	return nil
}

// listed are the indices that a network gives of its greatest elements: its first output, or one beside the elements
// themselves, of the same shape.
func listed(out []*tensor.Tensor) []int64 {
	for i, t := range out {
		if t.DType == tensor.I64 && t.Len() > 0 && (i == 0 || slices.Equal(t.Shape, out[0].Shape)) {
			return t.I64
		}
	}
	return nil
}

func (t *topK) value() float64 {
	n := 0
	for _, h := range t.hits {
		if h {
			n++
		}
	}
	return float64(n) / float64(max(1, len(t.hits)))
}

// pairedError is the standard error of the difference of two hit rates on the same samples: only
// samples that one has and the other has not tell them apart.
func pairedError(a, b []bool) float64 {
	n, differ := min(len(a), len(b)), 0
	for i := range n {
		if a[i] != b[i] {
			differ++
		}
	}
	return math.Sqrt(float64(differ)) / float64(max(1, n))
}

type reconstruction struct {
	sum float64
	n   int
}

func (r *reconstruction) add(in, out, _ []*tensor.Tensor, _ int) error {
	d, err := squared(in, out)
	r.sum += d
	r.n += in[0].Len()
	return err
}

func (r *reconstruction) value() float64 { return r.sum / float64(max(1, r.n)) }

// squared is the sum of squared differences of the first input and output.
func squared(in, out []*tensor.Tensor) (float64, error) {
	y, err := floats(out)
	if err != nil {
		return 0, err
	}
	if in[0].DType != tensor.F32 {
		return 0, fmt.Errorf("the input is %v: the metric is for networks that reconstruct numbers", in[0].DType)
	}
	if in[0].Len() != len(y) {
		return 0, fmt.Errorf("the output has %d elements, the input %d: the metric is for networks that reconstruct their input", len(y), in[0].Len())
	}
	var sum float64
	for i, v := range in[0].F32 {
		d := float64(v) - float64(y[i])
		sum += float64(d * d)
	}
	return sum, nil
}

type cosine struct {
	sum float64
	n   int
}

func (c *cosine) add(_, out, ref []*tensor.Tensor, _ int) error {
	x, err := floats(out)
	if err != nil {
		return err
	}
	var dot, xx, rr float64
	for i, v := range x {
		r := float64(ref[0].F32[i])
		dot += float64(float64(v) * r)
		xx += float64(float64(v) * float64(v))
		rr += float64(r * r)
	}
	c.n++
	switch {
	case xx == 0 && rr == 0:
		c.sum++
	case xx != 0 && rr != 0:
		c.sum += dot / math.Sqrt(float64(xx*rr))
	}
	return nil
}

func (c *cosine) value() float64 { return c.sum / float64(max(1, c.n)) }

// worstCosine keeps, for each output and sample, the products that its cosine is made of.
type worstCosine struct {
	parts [][]products // by output and sample
}

// products are a·b, a·a and b·b.
type products struct{ ab, aa, bb float64 }

// cosine is that of all samples together; 1 where both are zeros, 0 where one is.
func (p products) cosine() float64 {
	switch {
	case p.aa == 0 && p.bb == 0:
		return 1
	case p.aa == 0 || p.bb == 0:
		return 0
	}
	return p.ab / math.Sqrt(float64(p.aa*p.bb))
}

func (c *worstCosine) add(_, out, ref []*tensor.Tensor, _ int) error {
	if c.parts == nil {
		c.parts = make([][]products, len(out))
	}
	numbers := false
	for k, t := range out {
		if t.DType != tensor.F32 {
			continue
		}
		numbers = true
		var p products
		for i, v := range t.F32 {
			x, r := float64(v), float64(ref[k].F32[i])
			p.ab += float64(x * r)
			p.aa += float64(x * x)
			p.bb += float64(r * r)
		}
		c.parts[k] = append(c.parts[k], p)
	}
	if !numbers {
		return fmt.Errorf("no output is float32")
	}
	return nil
}

func (c *worstCosine) value() float64 { return c.without(-1) }

// without is the least cosine of all samples but one.
func (c *worstCosine) without(sample int) float64 {
	least := 1.0
	for _, list := range c.parts {
		var sum products
		for i, p := range list {
			if i != sample {
				sum.ab, sum.aa, sum.bb = sum.ab+p.ab, sum.aa+p.aa, sum.bb+p.bb
			}
		}
		if v := sum.cosine(); v < least || v != v {
			least = v
		}
	}
	return least
}

// deviation is the standard error by the jackknife (Quenouille, Tukey): sqrt((n-1)/n * sum (v_i - mean)^2), v_i being the
// value without sample i.
func (c *worstCosine) deviation() float64 {
	n := 0
	for _, list := range c.parts {
		n = max(n, len(list))
	}
	if n < 2 {
		return 0
	}
	values, mean := make([]float64, n), 0.0
	for i := range values {
		values[i] = c.without(i)
		mean += values[i]
	}
	mean /= float64(n)
	var sum float64
	for _, v := range values {
		sum += float64((v - mean) * (v - mean))
	}
	return math.Sqrt(float64(sum * float64(n-1) / float64(n)))
}

type auc struct {
	scores [2][]float64 // of samples labelled 0 and 1
}

func (a *auc) add(in, out, _ []*tensor.Tensor, label int) error {
	x, err := floats(out)
	if err != nil {
		return err
	}
	if label != 0 && label != 1 {
		return fmt.Errorf("label %d: this metric takes 0 and 1", label)
	}
	var s float64
	switch len(x) {
	case 1:
		s = float64(x[0])
	case 2:
		s = float64(x[1]) - float64(x[0])
	default:
		if s, err = squared(in, out); err != nil {
			return err
		}
	}
	a.scores[label] = append(a.scores[label], s)
	return nil
}

// value is the share of pairs in which the sample labelled 1 has the higher score; ties count half.
func (a *auc) value() float64 {
	no, yes := a.scores[0], a.scores[1]
	slices.Sort(no)
	var wins float64
	for _, s := range yes {
		lo, _ := slices.BinarySearch(no, s)
		hi, _ := slices.BinarySearch(no, math.Nextafter(s, math.Inf(1)))
		wins += float64(lo) + float64(hi-lo)/2
	}
	return wins / float64(max(1, len(no)*len(yes)))
}

// argmax is the index of the largest element, the lowest of equal ones.
func argmax(x []float32) int {
	best := 0
	for i, v := range x {
		if v > x[best] {
			best = i
		}
	}
	return best
}
