package diagnose

import (
	"fmt"
	"math"

	"github.com/amctc/amctc/codegen/report"
)

// The thresholds. They are fixed, with these reasons, and no figure was made with the seeds that they
// were looked at with.
const (
	// minGain is what a repair must gain at the layer's result, in dB, for its cause to be named: half
	// the noise. Medians over sixteen samples move by less than one dB between halves of a data set.
	minGain = 3
	// wasted divides a range: values below that part of it have three bits fewer than the codes have.
	wasted = 8
	// rare is how few values may lie above range/wasted for the range to be an outlier's, and rareIn the
	// same within the channel that reaches farthest, one in twenty. A channel that reaches there more
	// often is wide, not an outlier.
	rare, rareIn = 0.001, 0.05
	// minClip is the part of values beyond the codes from which they saturate. A search for the least
	// squared error leaves out some in a million.
	minClip = 1e-4
	// minRatio is how many times the median channel's reach the widest has, from which channels are
	// disparate: two bits.
	minRatio = 4
	// minLean is the mean move of weights by rounding, in steps, from which rounding is biased: half of
	// what rounding down has. To nearest it is below 0.3/sqrt(n) for n weights.
	minLean = 0.25
	// minShare is the part of the output's error that a repair must take away to be worth telling.
	minShare = 0.05
	// goodOutput is the SQNR of the output in dB from which nothing has accumulated that matters: an
	// error of 2 % of the result. Sound networks of 8 bits have 37 to 41.
	goodOutput = 34
)

// A suspect is one cause that a layer may have.
type suspect struct {
	cause    report.Cause
	gain     float64 // dB at the layer's result, by the trial that stands for the cause
	form     string  // the trial that repairs, when a trial does
	evidence []string
}

// measured is what is known of a unit.
type measured struct {
	u           *unit
	calib, seen []*stats // by operand
	probe       *probe
	forms       map[string]form
	nearest     string // the form of weights rounded to nearest: present when they are
}

// suspects are the causes that the evidence allows, each with the gain of its repair.
func (m *measured) suspects() (out []suspect) {
	add := func(s suspect) {
		if s.gain >= minGain {
			out = append(out, s)
		}
	}
	for k := range m.u.acts {
		add(m.outlier(k))
		add(m.saturation(k))
	}
	if m.u.w != nil {
		add(m.weightDisparity())
		add(m.inputDisparity())
		add(m.leaning())
	}
	add(m.shift())
	return out
}

// worst is the suspect whose repair gains most; ok is false when there is none.
func (m *measured) worst() (s suspect, ok bool) {
	for _, c := range m.suspects() {
		if !ok || c.gain > s.gain {
			s, ok = c, true
		}
	}
	return s, ok
}

// tried says whether the named form was, and its ratio.
func (m *measured) tried(name string) (float64, bool) {
	t := m.probe.trials[name]
	if t == nil {
		return 0, false
	}
	return median(t.ratio), true
}

// better is the gain of one form over another, 0 when one was not tried.
func (m *measured) better(from, to string) float64 {
	a, ok := m.tried(from)
	b, ok2 := m.tried(to)
	if !ok || !ok2 {
		return 0
	}
	return gain(a, b)
}

// evener is better, or the same at the network's result when that is more: a wide channel hides in the
// layer's own result what the others lose.
func (m *measured) evener(from, to string) float64 {
	g := m.better(from, to)
	a, b := m.probe.network[from], m.probe.network[to]
	if len(a) == 0 || len(b) == 0 {
		return g
	}
	return max(g, gain(median(a), median(b)))
}

// isRare says whether the range of operand k is there for rare values only.
func (m *measured) isRare(k int) (share, inChannel, reach float64, yes bool) {
	lo, hi := m.u.acts[k].codes.span()
	reach = max(-float64(lo), float64(hi))
	s := m.calib[k]
	share = s.beyond(reach / wasted)
	inChannel = share
	if i, _ := s.widest(); i >= 0 {
		inChannel = s.channels[i].beyond(reach / wasted)
	}
	return share, inChannel, reach, share < rare && inChannel < rareIn
}

func (m *measured) outlier(k int) suspect {
	s := suspect{cause: report.Outlier}
	share, in, reach, yes := m.isRare(k)
	if !yes {
		return s
	}
	for _, p := range percentiles {
		if g := m.better(present, narrow(k, p)); g > s.gain {
			s.gain, s.form = g, narrow(k, p)
		}
	}
	st := m.calib[k]
	if st.reach() < reach/wasted {
		s.evidence = []string{
			fmt.Sprintf("the codes of %s reach to ±%.4g, the values of calibration to ±%.4g only", m.u.acts[k].key, reach, st.reach()),
			fmt.Sprintf("a range for those values is %.1f dB better at this layer's result", s.gain),
		}
		return s
	}
	s.evidence = []string{
		fmt.Sprintf("%s of the values of %s lie beyond 1/%d of the range, ±%.4g; in the channel that reaches farthest %s", percent(share), m.u.acts[k].key, wasted, reach, percent(in)),
		fmt.Sprintf("99.9 %% of the values are within ±%.4g, the greatest is %.4g: %.0f × as far", st.quantile(0.999), st.reach(), over(st.reach(), st.quantile(0.999))),
		fmt.Sprintf("a range without them is %.1f dB better at this layer's result", s.gain),
	}
	return s
}

func (m *measured) saturation(k int) suspect {
	s := suspect{cause: report.Saturation, form: wide(k)}
	p := m.probe
	if p.total[k] == 0 || float64(p.clipped[k])/float64(p.total[k]) < minClip {
		return s
	}
	s.gain = m.better(present, wide(k))
	lo, hi := m.u.acts[k].codes.span()
	s.evidence = []string{
		fmt.Sprintf("%s of the measured values of %s are clipped", percent(float64(p.clipped[k])/float64(p.total[k])), m.u.acts[k].key),
		fmt.Sprintf("the codes reach from %.4g to %.4g, measured values from %.4g to %.4g, those of calibration from %.4g to %.4g", lo, hi, m.seen[k].lo, m.seen[k].hi, m.calib[k].lo, m.calib[k].hi),
		fmt.Sprintf("a range that holds all of them is %.1f dB better at this layer's result", s.gain),
	}
	return s
}

func (m *measured) weightDisparity() suspect {
	s := suspect{cause: report.Disparity, form: tryChannel}
	ratio, widest, _, _ := m.u.w.spread()
	if m.u.w.perChannel() || ratio < minRatio {
		return s
	}
	s.gain = m.evener(m.nearest, tryChannel)
	s.evidence = []string{
		fmt.Sprintf("weights of output channel %d reach %.1f × as far as the median channel's, and all channels share one scale", widest, ratio),
		fmt.Sprintf("a scale for each channel is %.1f dB better at this layer's result or the network's", s.gain),
	}
	return s
}

func (m *measured) inputDisparity() suspect {
	s := suspect{cause: report.Disparity, form: tryBalance}
	if len(m.u.acts) != 1 {
		return s
	}
	i, ratio := m.calib[0].widest()
	if _, _, _, yes := m.isRare(0); yes || i < 0 || ratio < minRatio {
		return s
	}
	s.gain = m.evener(m.nearest, tryBalance)
	s.evidence = []string{
		fmt.Sprintf("channel %d of %s reaches %s as far as the median channel, and all channels share one range", i, m.u.acts[0].key, times(ratio)),
		fmt.Sprintf("evened out with the weights, channels are %.1f dB better at this layer's result or the network's", s.gain),
	}
	return s
}

// leaning is a bias shift by weights that were not rounded to nearest.
func (m *measured) leaning() suspect {
	s := suspect{cause: report.BiasShift, form: tryNearest}
	lean := m.u.w.lean()
	if math.Abs(lean) < minLean {
		return s
	}
	s.gain = m.better(present, tryNearest)
	s.evidence = []string{
		fmt.Sprintf("rounding moved the weights by %+.2f steps in the mean; to nearest it is 0", lean),
		fmt.Sprintf("%s of the error is the mean error of output channels", percent(m.probe.drift.share())),
		fmt.Sprintf("rounded to nearest, weights are %.1f dB better at this layer's result", s.gain),
	}
	return s
}

// shift is a bias shift whatever made it.
func (m *measured) shift() suspect {
	d := m.probe.drift
	now, _ := m.tried(present)
	g := gain(now, median(d.corrected()))
	return suspect{cause: report.BiasShift, gain: g, evidence: []string{
		fmt.Sprintf("%s of the error is the mean error of output channels", percent(d.share())),
		fmt.Sprintf("without it this layer's result is %.1f dB better", g),
	}}
}

// percent has two digits that count.
func percent(x float64) string {
	switch {
	case x == 0:
		return "0 %"
	case x >= 0.1:
		return fmt.Sprintf("%.0f %%", float64(100*x))
	case x >= 1e-6:
		return fmt.Sprintf("%.2g %%", float64(100*x))
	}
	return "less than 0.0001 %"
}

func times(x float64) string {
	if math.IsInf(x, 1) {
		return "infinitely many times"
	}
	return fmt.Sprintf("%.1f ×", x)
}

func narrow(k int, p float64) string { return fmt.Sprintf("%s %d %g", tryNarrow, k, p) }

func wide(k int) string { return fmt.Sprintf("%s %d", tryWide, k) }
