package report

import (
	"fmt"
	"html"
	"html/template"
	"math"
	"strings"
)

// An svg is a picture being written. Colours are classes of the page's style.
type svg struct{ strings.Builder }

func (b *svg) put(format string, args ...any) { fmt.Fprintf(&b.Builder, format, args...) }

// text writes a label; anchor is start, middle or end.
func (b *svg) text(x, y int, class, anchor, s string) {
	b.put(`<text x="%d" y="%d" class="%s" text-anchor="%s">%s</text>`, x, y, class, anchor, html.EscapeString(s))
}

func (b *svg) done() template.HTML {
	b.put("</svg>")
	return template.HTML(b.String())
}

// begin opens a picture that screen readers call label.
func begin(wide, high int, class, label string) *svg {
	b := &svg{}
	b.put(`<svg class="%s" viewBox="0 0 %d %d" width="%d" height="%d" role="img" aria-label="%s">`, class, wide, high, wide, high, html.EscapeString(label))
	return b
}

// grade is how good an SQNR is, as a class. The limits are a tenth and a thirtieth of the result.
func grade(compared bool, sqnr float64) string {
	switch {
	case !compared || math.IsNaN(sqnr):
		return "none"
	case sqnr >= 30:
		return "good"
	case sqnr >= 20:
		return "fair"
	}
	return "bad"
}

// short keeps the end of a name, which tells layers apart.
func short(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return "…" + string(r[len(r)-n+1:])
}

// number has three digits that count.
func number(v float64) string { return strings.ReplaceAll(fmt.Sprintf("%.3g", v), "-", "−") }

// graph draws the rows. href gives the place in the page that a row's layer is described at, or "".
func graph(rows []Row, href func(Row) string) template.HTML {
	d := layout(rows)
	b := begin(d.wide, d.high, "graph", fmt.Sprintf("graph of %d operators", len(rows)))
	by := make(map[string]*Row)
	for i := range rows {
		by[rows[i].Value] = &rows[i]
	}
	for _, p := range d.paths {
		r := by[p.value]
		class := "none"
		if r != nil {
			class = grade(r.Compared, r.SQNR)
		}
		b.put(`<path class="edge %s" d="`, class)
		for i, s := range p.via {
			top, bottom := s.height, s.height+boxHigh
			switch {
			case i == 0:
				b.put("M%d %d", s.x, bottom)
				continue
			case i == len(p.via)-1:
				bottom = top
			}
			from := p.via[i-1]
			y := from.height + boxHigh
			b.put("C%d %d %d %d %d %d", from.x, y+gapHigh/2, s.x, top-gapHigh/2, s.x, top)
			if bottom != top {
				b.put("V%d", bottom)
			}
		}
		b.put(`"><title>%s</title></path>`, html.EscapeString(edgeTitle(p.value, r)))
	}
	for _, rank := range d.ranks {
		for _, s := range rank {
			switch {
			case s.lane():
			case s.row < 0:
				b.put(`<g class="box input"><rect x="%d" y="%d" width="%d" height="%d" rx="29"/>`, s.x-boxWide/2, s.height, boxWide, boxHigh)
				b.text(s.x, s.height+33, "name", "middle", "input "+short(s.name, 22))
				b.put("</g>")
			default:
				b.box(s, &rows[s.row], href(rows[s.row]))
			}
		}
	}
	return b.done()
}

func edgeTitle(value string, r *Row) string {
	if r == nil {
		return value
	}
	t := fmt.Sprintf("%s, %s", value, Shape(r.Shape))
	if r.Codes {
		t += fmt.Sprintf(", int8, scale %g, offset %d", r.Scale, r.Offset)
	}
	if r.Compared {
		t += fmt.Sprintf(", float range %g to %g, SQNR %s dB, cosine %.6f", r.Min, r.Max, DB(r.SQNR), r.Cosine)
	}
	return t
}

func (b *svg) box(s *spot, r *Row, href string) {
	class := "box float"
	if r.Codes || strings.HasPrefix(r.Op, "q.") {
		class = "box int"
	}
	if href != "" {
		b.put(`<a href="%s">`, html.EscapeString(href))
	}
	b.put(`<g class="%s"><title>%s</title><rect x="%d" y="%d" width="%d" height="%d" rx="6"/>`, class,
		html.EscapeString(strings.Join(r.From, " + ")+": "+edgeTitle(r.Value, r)), s.x-boxWide/2, s.height, boxWide, boxHigh)
	b.put(`<rect class="mark %s" x="%d" y="%d" width="5" height="%d"/>`, grade(r.Compared, r.SQNR), s.x-boxWide/2, s.height, boxHigh)
	name := r.Layer
	if name == "" {
		name = r.Value
	}
	b.text(s.x+2, s.height+17, "name", "middle", short(name, 26))
	b.text(s.x+2, s.height+33, "small", "middle", short(r.Op+" · "+Shape(r.Shape), 34))
	if r.Compared {
		b.text(s.x+2, s.height+49, "small", "middle", fmt.Sprintf("%s … %s · %s", number(float64(r.Min)), number(float64(r.Max)), withUnit(DB(r.SQNR))))
	}
	b.put("</g>")
	if href != "" {
		b.put("</a>")
	}
}

// withUnit is an SQNR with its unit.
func withUnit(d DB) string {
	if s := d.String(); s != "exact" {
		return s + " dB"
	}
	return "exact"
}

// The measures of plots.
const (
	plotWide, plotHigh = 440, 132
	plotLeft, plotTop  = 8, 16
	plotRight          = plotWide - 8
	plotBottom         = plotHigh - 22
)

// axis maps [lo, hi] to pixels.
func axis(lo, hi float64, from, to int) func(float64) int {
	return func(v float64) int {
		if !(hi > lo) {
			return (from + to) / 2
		}
		return from + int(math.Round(min(max((v-lo)/(hi-lo), 0), 1)*float64(to-from)))
	}
}

// histogram draws an operand's values, counted on the logarithm's scale, with the range of its codes.
func histogram(o Operand) template.HTML {
	h := o.Histogram
	b := begin(plotWide, plotHigh, "plot", fmt.Sprintf("histogram of %s with the range %g to %g of its codes", o.Key, o.ClipMin, o.ClipMax))
	x := axis(h.Min, h.Max, plotLeft, plotRight)
	lo, hi := x(float64(o.ClipMin)), x(float64(o.ClipMax))
	b.put(`<rect class="range" x="%d" y="%d" width="%d" height="%d"/>`, lo, plotTop, max(1, hi-lo), plotBottom-plotTop)
	const decades = 7
	for i, p := range h.Bins {
		if p <= 0 {
			continue
		}
		high := max(1, int(math.Round(min(max((math.Log10(p)+decades)/decades, 0), 1)*float64(plotBottom-plotTop))))
		left := plotLeft + i*(plotRight-plotLeft)/len(h.Bins)
		right := plotLeft + (i+1)*(plotRight-plotLeft)/len(h.Bins)
		mid := (left + right) / 2
		class := "bar"
		if mid < lo || mid > hi {
			class = "bar out"
		}
		b.put(`<rect class="%s" x="%d" y="%d" width="%d" height="%d"/>`, class, left, plotBottom-high, max(1, right-left-1), high)
	}
	b.put(`<path class="limit" d="M%d %dV%dM%d %dV%d"/>`, lo, plotTop-4, plotBottom, hi, plotTop-4, plotBottom)
	b.put(`<path class="axis" d="M%d %dH%d"/>`, plotLeft, plotBottom, plotRight)
	b.ends(lo, hi, plotTop-6, "codes "+number(float64(o.ClipMin)), number(float64(o.ClipMax)))
	b.text(plotLeft, plotBottom+15, "small", "start", number(h.Min))
	b.text(plotRight, plotBottom+15, "small", "end", number(h.Max))
	return b.done()
}

// ends writes what two positions stand for, one beside the other when they are near.
func (b *svg) ends(lo, hi, y int, low, high string) {
	switch {
	case hi-lo >= 150:
		b.text(lo, y, "limits", "start", low)
		b.text(hi, y, "limits", "end", high)
	case lo > plotWide/2:
		b.text(hi, y, "limits", "end", low+" to "+high)
	default:
		b.text(lo, y, "limits", "start", low+" to "+high)
	}
}

// maxBars is how many channels one plot tells apart; more are drawn in groups.
const maxBars = 212

// channels draws the least and greatest weight of each output channel.
func channels(w *Weights) template.HTML {
	b := begin(plotWide, plotHigh, "plot", fmt.Sprintf("ranges of the weights of %d output channels", len(w.Min)))
	var lo, hi float64
	for i := range w.Min {
		lo, hi = min(lo, float64(w.Min[i])), max(hi, float64(w.Max[i]))
	}
	n := min(len(w.Min), maxBars)
	y := axis(lo, hi, plotBottom, plotTop)
	for i := range n {
		from, to := i*len(w.Min)/n, (i+1)*len(w.Min)/n
		var l, h float64
		for c := from; c < to; c++ {
			l, h = min(l, float64(w.Min[c])), max(h, float64(w.Max[c]))
		}
		left := plotLeft + i*(plotRight-plotLeft)/n
		right := plotLeft + (i+1)*(plotRight-plotLeft)/n
		wide := min(max(1, right-left-1), 14)
		b.put(`<rect class="bar" x="%d" y="%d" width="%d" height="%d"><title>%s</title></rect>`, left, y(h), wide, max(1, y(l)-y(h)),
			html.EscapeString(fmt.Sprintf("channel %d: %s … %s", from, number(l), number(h))))
	}
	b.put(`<path class="axis" d="M%d %dH%d"/>`, plotLeft, y(0), plotRight)
	b.text(plotLeft, plotTop-5, "small", "start", number(hi))
	b.text(plotLeft, plotBottom+15, "small", "start", number(lo))
	b.text(plotRight, plotBottom+15, "small", "end", fmt.Sprintf("%d output channels", len(w.Min)))
	return b.done()
}

// The range of dB that layers are drawn in.
const dbLow, dbHigh = 0, 60

// pairOf draws a layer's isolated and accumulated SQNR on one line.
func pairOf(isolated, accumulated DB) template.HTML {
	const wide, high = 150, 18
	b := begin(wide, high, "dots", fmt.Sprintf("isolated %s dB, accumulated %s dB", isolated, accumulated))
	x := axis(dbLow, dbHigh, 7, wide-7)
	b.put(`<path class="axis" d="M7 9H%d"/>`, wide-7)
	for v := 20; v < dbHigh; v += 20 {
		b.put(`<path class="axis" d="M%d 5V13"/>`, x(float64(v)))
	}
	i := x(float64(isolated))
	if !math.IsNaN(float64(accumulated)) {
		a := x(float64(accumulated))
		b.put(`<path class="between" d="M%d 9H%d"/><circle class="acc" cx="%d" cy="9" r="4.5"/>`, a, i, a)
	}
	b.put(`<circle class="iso" cx="%d" cy="9" r="4.5"/>`, i)
	return b.done()
}
