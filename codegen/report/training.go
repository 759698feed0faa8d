package report

import (
	"fmt"
	"html/template"
	"math"
	"slices"

	"github.com/amctc/amctc/passes/train"
)

// A trainingView is the section about training.
type trainingView struct {
	Curves, Ranges []figure
	Epochs         int
}

// A line is the values of one curve, one for each epoch.
type line struct {
	class  string
	values []float64
}

// The size of a plot of curves, and where its frame is.
const (
	curveWide, curveHigh = 400, 180
	curveLeft, curveTop  = 66, 10
	curveRight, curveEnd = curveWide - 10, curveHigh - 24
)

// training draws the history; nil without one.
func training(h []train.Epoch) *trainingView {
	if len(h) == 0 {
		return nil
	}
	v := &trainingView{Epochs: len(h)}
	of := func(get func(*train.Epoch) *float64) []float64 {
		out := make([]float64, len(h))
		for i := range h {
			out[i] = math.NaN()
			if p := get(&h[i]); p != nil {
				out[i] = *p
			}
		}
		return out
	}
	last := func(values []float64) string { return number(values[len(values)-1]) }
	loss := of(func(e *train.Epoch) *float64 { return &e.Loss })
	v.Curves = append(v.Curves, figure{curves("loss by epoch", line{"one", loss}), "loss, the mean of each epoch; at the end " + last(loss)})
	right, valid := of(func(e *train.Epoch) *float64 { return e.Right }), of(func(e *train.Epoch) *float64 { return e.Validate })
	if !allNaN(right) || !allNaN(valid) {
		text := ""
		if !allNaN(right) {
			text = fmt.Sprintf("part of the training samples classified right, while training (line); at the end %.2f %%", float64(100*right[len(right)-1]))
		}
		if !allNaN(valid) {
			if text != "" {
				text += "; "
			}
			text += "metric on the validation samples (dashed); at the end " + last(valid)
		}
		v.Curves = append(v.Curves, figure{curves("accuracy by epoch", line{"one", right}, line{"two", valid}), text})
	}
	rate := of(func(e *train.Epoch) *float64 { return &e.Rate })
	v.Curves = append(v.Curves, figure{curves("learning rate by epoch", line{"one", rate}), "learning rate at the end of each epoch"})
	for k, r := range h[0].Ranges {
		low, high := of(func(e *train.Epoch) *float64 { f := float64(e.Ranges[k].Min); return &f }), of(func(e *train.Epoch) *float64 { f := float64(e.Ranges[k].Max); return &f })
		v.Ranges = append(v.Ranges, figure{curves("bounds of "+r.Layer, line{"one", high}, line{"two", low}),
			fmt.Sprintf("%s: upper bound (line) to %s, lower bound (dashed) to %s", r.Layer, last(high), last(low))})
	}
	return v
}

func allNaN(v []float64) bool {
	return !slices.ContainsFunc(v, func(x float64) bool { return x == x })
}

// curves draws lines over epochs.
func curves(label string, lines ...line) template.HTML {
	lo, hi, n := math.Inf(1), math.Inf(-1), 0
	for _, l := range lines {
		n = max(n, len(l.values))
		for _, v := range l.values {
			if v-v == 0 {
				lo, hi = min(lo, v), max(hi, v)
			}
		}
	}
	if lo > hi {
		lo, hi = 0, 1
	}
	if lo == hi {
		lo, hi = lo-max(1e-9, float64(0.1*math.Abs(lo))), hi+max(1e-9, float64(0.1*math.Abs(hi)))
	}
	x := func(i int) float64 {
		return curveLeft + float64(curveRight-curveLeft)*float64(i)/float64(max(n-1, 1))
	}
	y := func(v float64) float64 { return curveEnd - float64(curveEnd-curveTop)*(v-lo)/(hi-lo) }
	b := begin(curveWide, curveHigh, "plot", label)
	b.put(`<path class="axis" d="M%d %dV%dH%d"/>`, curveLeft, curveTop, curveEnd, curveRight)
	b.text(curveLeft-6, curveTop+8, "small", "end", number(hi))
	b.text(curveLeft-6, curveEnd, "small", "end", number(lo))
	b.text(curveLeft, curveHigh-8, "small", "start", "epoch 1")
	b.text(curveRight, curveHigh-8, "small", "end", fmt.Sprint(n))
	for _, l := range lines {
		if allNaN(l.values) {
			continue
		}
		if n == 1 {
			b.put(`<circle class="point" cx="%.1f" cy="%.1f" r="3"/>`, x(0), y(l.values[0]))
			continue
		}
		b.put(`<path class="curve %s" d="`, l.class)
		pen := "M"
		for i, v := range l.values {
			if v-v != 0 {
				pen = "M"
				continue
			}
			b.put("%s%.1f %.1f", pen, x(i), y(v))
			pen = "L"
		}
		b.put(`"/>`)
	}
	return b.done()
}
