package amct

import (
	"slices"
	"strings"

	"github.com/amctc/amctc/ir/diag"
)

// A spot finds the place of a setting by its key in the JSON config.
type spot func(key string) diag.Span

// checkActivation reports values out of range, and keys of an algorithm that is not chosen.
func (f *findings) checkActivation(a *ActivationConfig, at spot) {
	if n := a.NumBits; n != nil && *n != 4 && *n != 8 && *n != 16 {
		f.add("C006", at("num_bits"), "num_bits must be 4, 8 or 16, not %d", *n)
	}
	f.checkAlgorithm("act_algo", a.ActAlgo, actAlgos, at)
	for _, p := range []struct {
		key string
		x   *float64
	}{{"max_percentile", a.MaxPercentile}, {"min_percentile", a.MinPercentile}} {
		if p.x != nil && !(*p.x > 0.5 && *p.x <= 1) {
			f.add("C006", at(p.key), "%s must be in (0.5, 1], not %v", p.key, *p.x)
		}
	}
	f.checkSearch(a, at)
	if n := a.NumOfBins; n != nil && *n != 1024 && *n != 2048 && *n != 4096 && *n != 8192 {
		f.add("C006", at("num_of_bins"), "num_of_bins must be 1024, 2048, 4096 or 8192, not %d", *n)
	}
	algo := actAlgos[0]
	if a.ActAlgo != nil {
		algo = *a.ActAlgo
	}
	for _, k := range []struct {
		key string
		has bool
		of  []string
	}{
		{"max_percentile", a.MaxPercentile != nil, []string{"ifmr", "percentile"}},
		{"min_percentile", a.MinPercentile != nil, []string{"ifmr", "percentile"}},
		{"search_range", a.SearchRange != nil, []string{"ifmr"}},
		{"search_step", a.SearchStep != nil, []string{"ifmr"}},
		{"num_of_bins", a.NumOfBins != nil, []string{"hfmg"}},
	} {
		f.checkOwner(k.key, k.has, "act_algo", algo, k.of, at)
	}
}

// checkSearch compares search_step with search_range, of which one may be AMCT's default. They are judged
// only when one of them is there.
func (f *findings) checkSearch(a *ActivationConfig, at spot) {
	start, end, step := 0.7, 1.3, 0.01
	key := "search_step"
	if a.SearchRange != nil {
		if start, end = a.SearchRange[0], a.SearchRange[1]; !(start > 0 && end > start) {
			f.add("C006", at("search_range"), "search_range must have 0 < start < end, not [%v, %v]", start, end)
			return
		}
	}
	if a.SearchStep != nil {
		step = *a.SearchStep
	} else if a.SearchRange == nil {
		return
	} else {
		key = "search_range"
	}
	// AMCT compares in float32, so a step as long as the range is in order.
	if !(step > 0 && float32(step) <= float32(end-start)) {
		f.add("C006", at(key), "search_step must be positive and at most the length of search_range [%v, %v], not %v", start, end, step)
	}
}

// maxIterations bounds num_iteration.
const maxIterations = 1 << 20

// checkWeight is checkActivation for weights.
func (f *findings) checkWeight(w *WeightConfig, at spot) {
	if n := w.NumBits; n != nil && *n != 4 && *n != 6 && *n != 7 && *n != 8 {
		f.add("C006", at("num_bits"), "num_bits of weights must be 4, 6, 7 or 8, not %d", *n)
	}
	f.checkAlgorithm("wts_algo", w.WtsAlgo, wtsAlgos, at)
	if n := w.NumIteration; n != nil && (*n < 1 || *n > maxIterations) {
		f.add("C006", at("num_iteration"), "num_iteration must be between 1 and %d, not %d", maxIterations, *n)
	}
	for _, p := range []struct {
		key string
		x   *float64
	}{{"reg_param", w.RegParam}, {"warm_start", w.WarmStart}} {
		if p.x != nil && !(*p.x > 0 && *p.x < 1) {
			f.add("C006", at(p.key), "%s must be in (0, 1), not %v", p.key, *p.x)
		}
	}
	if b := w.BetaRange; b != nil && !(b[1] >= 1 && b[0] >= b[1] && b[0] <= 100) {
		f.add("C006", at("beta_range"), "beta_range must fall and lie in [1, 100], not [%v, %v]", b[0], b[1])
	}
	if n := w.NumSteps; n != nil && *n != 16 && *n != 32 {
		f.add("C006", at("num_steps"), "num_steps must be 16 or 32, not %d", *n)
	}
	if n := w.NumOfIteration; n != nil && (*n < 0 || *n > 5) {
		f.add("C006", at("num_of_iteration"), "num_of_iteration must be between 0 and 5, not %d", *n)
	}
	algo := wtsAlgos[0]
	if w.WtsAlgo != nil {
		algo = *w.WtsAlgo
	}
	for _, k := range []struct {
		key string
		has bool
		of  string
	}{
		{"num_iteration", w.NumIteration != nil, "ada_quantize"},
		{"reg_param", w.RegParam != nil, "ada_quantize"},
		{"beta_range", w.BetaRange != nil, "ada_quantize"},
		{"warm_start", w.WarmStart != nil, "ada_quantize"},
		{"num_steps", w.NumSteps != nil, "nuq_quantize"},
		{"num_of_iteration", w.NumOfIteration != nil, "nuq_quantize"},
	} {
		f.checkOwner(k.key, k.has, "wts_algo", algo, []string{k.of}, at)
	}
}

func (f *findings) checkAlgorithm(key string, s *string, list []string, at spot) {
	if s == nil || slices.Contains(list, *s) {
		return
	}
	hint := ""
	if near := diag.Suggest(*s, list); near != "" {
		hint = "; did you mean " + near + "?"
	}
	f.add("C006", at(key), "%s must be %s or %s, not %q%s", key, strings.Join(list[:len(list)-1], ", "), list[len(list)-1], clip(*s), hint)
}

// checkOwner reports a key that belongs to another algorithm than the chosen one.
func (f *findings) checkOwner(key string, has bool, choice, algo string, owners []string, at spot) {
	if has && !slices.Contains(owners, algo) {
		f.add("C007", at(key), "%s belongs to %s %q, not to %q", key, choice, strings.Join(owners, "\" or \""), algo)
	}
}

// checkBalance and checkSmooth judge the strengths of balancing.
func (f *findings) checkBalance(x *float64, key string, at diag.Span) {
	if x != nil && !(*x >= 0.2 && *x <= 0.8) {
		f.add("C006", at, "%s must be in [0.2, 0.8], not %v", key, *x)
	}
}

func (f *findings) checkSmooth(x *float64, key string, at diag.Span) {
	if x != nil && !(*x > 0 && *x < 1) {
		f.add("C006", at, "%s must be in (0, 1), not %v", key, *x)
	}
}
