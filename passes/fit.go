package passes

import (
	"slices"

	"github.com/amctc/amctc/ir"
)

// A Step is done with calibration data on the simplified float module. It may change the module's
// constants and add nodes; what the float network computes stays, unless the step rounds weights.
type Step struct {
	Name string
	Doc  string
	// Changes says that the module may be another afterwards.
	Changes bool
	// Wanted says whether the settings ask for the step; nil is always.
	Wanted func(*Settings) bool
	Run    func(c *Context, e ir.Engine, m *ir.Module, d Data) error
}

// Fitting is what lies between Simplify and Quantize, in order.
var Fitting = []Step{
	{"balance", "even out channels: cross-layer equalization, DMQ balancer, SmoothQuant", true, wantsBalance, balance},
	{"round-weights", "choose codes of weights by data or by a code book, layer by layer", true, (*Settings).Rounds, roundWeights},
	{"calibrate", "find activation factors and weight scales", false, nil, findFactors},
	{"correct-bias", "take the mean error of each channel out of its bias", true, func(s *Settings) bool { return s.CorrectBias }, correctBias},
	{"search-shifts", "find shifts that keep 16 bits of accumulators", false, func(s *Settings) bool { return s.Shift }, searchShifts},
}

// Steps names the steps that the settings ask for beside those that are always done.
func (s *Settings) Steps() (names []string) {
	for _, f := range Fitting {
		if f.Wanted != nil && f.Wanted(s) {
			names = append(names, f.Name)
		}
	}
	return names
}

// Fit carries out the wanted steps of Fitting, leaves the factors in c.Factors and gives the module
// that Quantize takes with them: m itself when no step changes it, otherwise a changed copy.
func Fit(c *Context, e ir.Engine, m *ir.Module, d Data) (*ir.Module, error) {
	d, err := c.batches(m, d)
	if err != nil {
		return nil, err
	}
	out := m
	c.Float = nil
	for _, s := range Fitting {
		if s.Wanted != nil && !s.Wanted(c.Settings) {
			continue
		}
		if s.Changes && out == m {
			out = m.Clone()
			UniqueNames(out.Main())
		}
		if err := s.Run(c, e, out, d); err != nil {
			return nil, err
		}
	}
	for _, l := range c.Factors.All() {
		l.SkipFusion = l.ScaleW != nil && (c.Settings.NoFusion || c.Settings.SkipFusion[l.Key])
	}
	return out, nil
}

// findFactors is Calibrate on an observed copy. The module is kept in c.Float, unless weights were rounded: then
// what it was before is there. Steps before that change nothing that the network computes.
func findFactors(c *Context, e ir.Engine, m *ir.Module, d Data) error {
	if c.Float == nil {
		c.Float = m.Clone()
		UniqueNames(c.Float.Main())
	}
	observed, err := observe(c, m)
	if err != nil {
		return err
	}
	return Calibrate(c, e, observed, d)
}

func observe(c *Context, m *ir.Module) (*ir.Module, error) {
	out := m.Clone()
	var g Manager
	_, err := g.Run(c, out, slices.Clone(Observe))
	return out, err
}
