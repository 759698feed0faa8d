package main

import (
	"github.com/spf13/cobra"

	"github.com/amctc/amctc/passes"
)

// transformFlags choose what is done to the float network before and after its factors are found. They
// hold for every layer whose configuration does not say otherwise.
type transformFlags struct {
	equalize, correctBias, joint, shift bool
	balance, smooth                     float64
}

func (t *transformFlags) register(c *cobra.Command) {
	f := c.Flags()
	f.BoolVar(&t.equalize, "equalize", false, "even out the weights of channels between consecutive layers; the float network computes the same")
	f.Float64Var(&t.balance, "balance", 0, "migration strength of AMCT's DMQ balancer, 0.2 to 0.8: divide channels of activations, multiply the weights that read them")
	f.Float64Var(&t.smooth, "smooth", 0, "strength of SmoothQuant, between 0 and 1: as --balance, with other factors")
	f.BoolVar(&t.correctBias, "correct-bias", false, "take the mean error of each channel over the calibration data out of its bias")
	f.BoolVar(&t.joint, "joint", false, "one scale and offset for operands that meet in an addition or a concatenation")
	f.BoolVar(&t.shift, "shift-bits", false, "find shifts that keep 16 bits of each accumulator, as AMCT's joint quantization writes them (shift_bit)")
	c.MarkFlagsMutuallyExclusive("balance", "smooth")
}

// set says whether a transformation was asked for.
func (t *transformFlags) set() bool {
	return t.equalize || t.correctBias || t.joint || t.shift || t.balance != 0 || t.smooth != 0
}

// check reports strengths out of range, and transformations where factors are given.
func (t *transformFlags) check(record string) error {
	switch {
	case t.balance != 0 && !(t.balance >= 0.2 && t.balance <= 0.8):
		return fail(exitUsage, "--balance %v: the migration strength lies in [0.2, 0.8]", t.balance)
	case t.smooth != 0 && !(t.smooth > 0 && t.smooth < 1):
		return fail(exitUsage, "--smooth %v: the strength lies in (0, 1)", t.smooth)
	case record != "" && t.set():
		return fail(exitUsage, "--equalize, --balance, --smooth, --correct-bias, --joint and --shift-bits are part of calibration; a record brings their factors with it")
	}
	return nil
}

// apply lays the flags over settings that a configuration may have made.
func (t *transformFlags) apply(s *passes.Settings) {
	s.Equalize = s.Equalize || t.equalize
	s.CorrectBias = s.CorrectBias || t.correctBias
	s.Joint = s.Joint || t.joint
	s.Shift = s.Shift || t.shift
	t.layer(&s.Default)
	for name, l := range s.Layers {
		t.layer(&l)
		s.Layers[name] = l
	}
}

func (t *transformFlags) layer(l *passes.LayerSettings) {
	if l.Balance == 0 && l.Smooth == 0 {
		l.Balance, l.Smooth = t.balance, t.smooth
	}
}
