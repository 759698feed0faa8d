package report

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"math"
	"slices"
	"strings"
)

//go:embed page.html
var pageText string

// The page is one file: style, script and pictures are inside, and nothing is fetched.
type page struct {
	Title, Sub, Version string
	Full                bool
	Tiles               []tile
	Findings            []findingView
	Ranking, Layers     []layerView
	Rows                []rowView
	Graph               template.HTML
	Remarks             []string
	Low, High           int
	Training            *trainingView
}

type tile struct{ Name, Value, Note, Class string }

type findingView struct {
	Finding
	Href, Share, Class string
	Repairs            []repairView
}

type repairView struct{ What, Config, Record, Model, LayerGain, NetworkGain string }

type layerView struct {
	ID, Name, Short, Op, Shape, MACs                                string
	Rank, Width                                                     int
	Share, Isolated, Activations, WeightsAlone, Accumulated, Cosine string
	Network, Clipped, Class                                         string
	Cause                                                           Cause
	Pair                                                            template.HTML
	Operands                                                        []figure
	Weights                                                         *figure
}

type figure struct {
	Plot template.HTML
	Text string
}

type rowView struct{ ID, Name, Op, Shape, Scale, Offset, SQNR, Cosine, AtEnds, Class string }

// HTML is the diagnosis as a page.
func (d *Diagnosis) HTML() ([]byte, error) {
	p := &page{Title: d.Model, Version: d.Version, Full: true, Remarks: d.Remarks, Low: dbLow, High: dbHigh,
		Sub: fmt.Sprintf("Quantization report for %s: ranges from %d calibration samples, errors from %d samples.", orUnknown(d.Target), d.CalibSamples, d.Samples)}
	ids := make(map[string]string)
	for i, l := range d.Layers {
		ids[l.Name] = fmt.Sprintf("layer-%d", i+1)
	}
	p.Tiles = d.tiles()
	p.Training = training(d.Training)
	for _, f := range d.Findings {
		v := findingView{Finding: f, Share: share(f.Share), Class: "bad"}
		if f.Cause == Accumulated || f.Share < 0.25 {
			v.Class = "fair"
		}
		if id := ids[f.Layer]; id != "" {
			v.Href = "#" + id
		}
		for _, r := range f.Repairs {
			v.Repairs = append(v.Repairs, repairView{r.What, r.Config, r.Record, r.Model, gainText(r.LayerGain), gainText(r.NetworkGain)})
		}
		p.Findings = append(p.Findings, v)
	}
	for i := range d.Layers {
		p.Layers = append(p.Layers, d.layerView(&d.Layers[i], ids[d.Layers[i].Name]))
	}
	p.Ranking = slices.Clone(p.Layers)
	slices.SortStableFunc(p.Ranking, func(a, b layerView) int { return a.Rank - b.Rank })
	p.Graph = graph(d.Graph, func(r Row) string {
		for _, n := range append([]string{r.Layer}, r.From...) {
			if id := ids[n]; id != "" {
				return "#" + id
			}
		}
		return ""
	})
	return p.render()
}

func orUnknown(s string) string {
	if s == "" {
		return "no target"
	}
	return s
}

func (d *Diagnosis) tiles() []tile {
	out := []tile{{"output, everything quantized", d.Output.String() + " dB", "SQNR, the median over samples", grade(true, float64(d.Output))},
		{"output, layers one by one", d.OutputSum.String() + " dB", "SQNR that their errors add up to", ""}}
	if m := d.Metric; m != nil {
		out = append(out, tile{m.Label + ", float → int8", m.Text, fmt.Sprintf("%d labelled samples", m.Samples), ""})
	}
	if len(d.Findings) > 0 {
		f := d.Findings[0]
		where := f.Layer
		if where == "" {
			where = "all layers together"
		}
		out = append(out, tile{"first cause", string(f.Cause), short(where, 40), grade(true, float64(d.Output))})
	} else {
		out = append(out, tile{"first cause", "none", "nothing to repair", "good"})
	}
	return append(out, tile{"quantized", fmt.Sprint(len(d.Layers)), "layers and other operators", ""})
}

func (d *Diagnosis) layerView(l *Layer, id string) layerView {
	v := layerView{ID: id, Name: l.Name, Short: short(l.Name, 30), Op: l.Op, Shape: Shape(l.Shape), Rank: l.Rank, Width: int(math.Round(100 * min(max(l.Share, 0), 1))), Share: share(l.Share),
		Isolated: l.Isolated.String(), Activations: l.Activations.String(), WeightsAlone: l.WeightsAlone.String(), Accumulated: l.Accumulated.String(),
		Network: l.Network.String(), Class: grade(true, float64(l.Isolated)), Pair: pairOf(l.Isolated, l.Accumulated), Cosine: "–"}
	if !math.IsNaN(float64(l.Accumulated)) {
		v.Cosine = fmt.Sprintf("%.5f", l.AccumulatedCosine)
	}
	if l.MACs > 0 {
		v.MACs = fmt.Sprint(l.MACs)
	}
	if l.Finding >= 0 && l.Finding < len(d.Findings) {
		v.Cause = d.Findings[l.Finding].Cause
	}
	var worst float64
	for _, o := range l.Operands {
		worst = max(worst, o.ClipRate)
		v.Operands = append(v.Operands, figure{histogram(o), fmt.Sprintf("%s (%s): scale %.6g, offset %d, %d bits; codes reach %s to %s, calibration saw %s to %s, the samples %s to %s; %s clipped",
			o.Key, o.Value, o.Scale, o.Offset, o.Bits, number(float64(o.ClipMin)), number(float64(o.ClipMax)), number(float64(o.Calib.Min)), number(float64(o.Calib.Max)),
			number(float64(o.Seen.Min)), number(float64(o.Seen.Max)), share(o.ClipRate))})
	}
	v.Clipped = share(worst)
	if w := l.Weights; w != nil {
		scales := "one scale"
		if w.Scales > 1 {
			scales = fmt.Sprintf("%d scales", w.Scales)
		}
		v.Weights = &figure{channels(w), fmt.Sprintf("weights: %d bits, %s; the widest channel reaches %s × as far as the median one", w.Bits, scales, number(w.Ratio))}
	}
	return v
}

// HTML is the table of a compiled network as a page.
func (r *Report) HTML() ([]byte, error) {
	p := &page{Title: r.Model, Version: r.Version, Remarks: r.Remarks,
		Sub: fmt.Sprintf("Compiled for %s: %d calibration samples, errors from %d samples.", orUnknown(r.Target), r.Samples, r.Measured)}
	if n := len(r.Layers); n > 0 {
		last := r.Layers[n-1]
		for _, l := range r.Layers {
			if l.Compared {
				last = l
			}
		}
		p.Tiles = append(p.Tiles, tile{"SQNR of the last result", DB(last.SQNR).String() + " dB", fmt.Sprintf("cosine %.6f", last.Cosine), grade(last.Compared, last.SQNR)})
	}
	p.Tiles = append(p.Tiles,
		tile{"constants", fmt.Sprintf("%.1f KiB", float64(r.IntBytes)/1024), fmt.Sprintf("%.1f KiB in float", float64(r.FloatBytes)/1024), ""},
		tile{"int8 multiply-adds", share(float64(r.IntMACs) / float64(max(1, r.MACs))), fmt.Sprintf("of %d", r.MACs), ""},
		tile{"estimated", fmt.Sprintf("%d cycles", r.Cycles), fmt.Sprintf("one sample on one core of %s; %d of %d instructions rely on assumed rules", orUnknown(r.Target), r.Assumed, r.Steps), ""})
	ids := make(map[string]string)
	for i, l := range r.Layers {
		v := rowView{ID: fmt.Sprintf("row-%d", i+1), Name: strings.Join(l.From, " + "), Op: l.Op, Shape: Shape(l.Shape), Scale: "float32", Class: grade(l.Compared, l.SQNR)}
		if l.Codes {
			v.Scale, v.Offset, v.AtEnds = fmt.Sprintf("%.6g", l.Scale), fmt.Sprint(l.Offset), share(l.AtEnds)
		}
		if l.Compared {
			v.SQNR, v.Cosine = DB(l.SQNR).String(), fmt.Sprintf("%.6f", l.Cosine)
		}
		ids[l.Value] = "#" + v.ID
		p.Rows = append(p.Rows, v)
	}
	p.Graph = graph(r.Layers, func(l Row) string { return ids[l.Value] })
	return p.render()
}

// share is a part of the whole as text.
func share(x float64) string {
	switch {
	case x == 0:
		return "0"
	case x < 1e-6:
		return "< 0.0001 %"
	case x < 0.001:
		return fmt.Sprintf("%.2g %%", float64(100*x))
	}
	return fmt.Sprintf("%.1f %%", float64(100*x))
}

func gainText(d DB) string {
	switch v := float64(d); {
	case math.IsNaN(v):
		return "–"
	case math.IsInf(v, 1):
		return "no error"
	default:
		return strings.ReplaceAll(fmt.Sprintf("%+.1f", v), "-", "−")
	}
}

func (p *page) render() ([]byte, error) {
	t, err := template.New("page").Parse(pageText)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := t.Execute(&b, p); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
