package calib

import (
	"fmt"
	"math"
	"runtime"
	"sync"

	"github.com/amctc/amctc/runtime/f32"
)

// AdaRoundConfig are the parameters of AdaRound (AMCT 2.7).
type AdaRoundConfig struct {
	Iterations         int
	Reg                float64 // weight of the term that drives rounding to its ends, in (0, 1)
	BetaStart, BetaEnd float64 // exponent of that term
	WarmStart          float64 // part of the iterations without the term, in (0, 1)
}

// DefaultAdaRound are AMCT's defaults.
func DefaultAdaRound() AdaRoundConfig {
	return AdaRoundConfig{Iterations: 10000, Reg: 0.01, BetaStart: 20, BetaEnd: 2, WarmStart: 0.2}
}

// Check reports parameters outside AMCT's ranges.
func (c AdaRoundConfig) Check() error {
	switch {
	case c.Iterations < 1 || c.Iterations > 1<<20:
		return fmt.Errorf("num_iteration %d must lie between 1 and 2^20", c.Iterations)
	case !(c.Reg > 0 && c.Reg < 1):
		return fmt.Errorf("reg_param %v must lie in (0, 1)", c.Reg)
	case !(c.WarmStart > 0 && c.WarmStart < 1):
		return fmt.Errorf("warm_start %v must lie in (0, 1)", c.WarmStart)
	case !(c.BetaEnd >= 1 && c.BetaStart >= c.BetaEnd && c.BetaStart <= 100):
		return fmt.Errorf("beta_range [%v, %v] must fall and lie in [1, 100]", c.BetaStart, c.BetaEnd)
	}
	return nil
}

// The stretch of the sigmoid (AMCT 2.7: gamma, zeta).
const (
	stretchLow  = -0.1
	stretchHigh = 1.1
)

// Rounding are weights between two neighbouring codes, as AdaRound learns them (AMCT 2.7; Nagel et al.
// 2020): the soft weight is clamp(floor(w/s) + h(A))*s with h(a) = clamp(1.2*sigmoid(a) - 0.1, 0, 1), which
// at the start is the weight itself.
type Rounding struct {
	A        []float32 // what is learned
	Gradient []float32 // of the loss by A
	floor    []float32 // floor(w/s)
	h, dh    []float32 // h(A) and its derivative, as of the last Weights
	scale    []float32 // one, or one for each channel
	lo, hi   float32
	cfg      AdaRoundConfig
}

// NewRounding begins with weights, channel-major, and scales of bits-wide codes.
func NewRounding(w, scale []float32, bits int, cfg AdaRoundConfig) *Rounding {
	lo, hi := CodeRange(bits)
	v := &Rounding{scale: scale, lo: float32(lo), hi: float32(hi), cfg: cfg}
	for _, s := range []*[]float32{&v.A, &v.Gradient, &v.floor, &v.h, &v.dh} {
		*s = make([]float32, len(w))
	}
	for i, x := range w {
		t := float64(float32(x / v.scaleAt(i)))
		fl := math.Floor(t)
		v.floor[i] = float32(fl)
		part := (t - fl - stretchLow) / (stretchHigh - stretchLow)
		v.A[i] = float32(-math.Log(1/part - 1))
	}
	return v
}

func (v *Rounding) scaleAt(i int) float32 { return v.scale[i/(len(v.A)/len(v.scale))] }

// Weights writes the soft weights.
func (v *Rounding) Weights(out []float32) {
	v.split(func(lo, hi int) {
		for i := lo; i < hi; i++ {
			s := float32(1 / float32(1+f32.Exp(-v.A[i])))
			h := float32(float32(s*(stretchHigh-stretchLow)) + stretchLow)
			d := float32(float32(stretchHigh-stretchLow) * float32(s*float32(1-s)))
			if h <= 0 {
				h, d = 0, 0
			} else if h >= 1 {
				h, d = 1, 0
			}
			v.h[i], v.dh[i] = h, d
			out[i] = float32(min(max(float32(v.floor[i]+h), v.lo), v.hi) * v.scaleAt(i))
		}
	})
}

// Beta is the exponent of the term that drives h to its ends, and whether the term counts in an iteration, from 0:
// after the warm start it falls from BetaStart to BetaEnd along half a cosine, in whole numbers, which are
// powers without a logarithm.
func (c AdaRoundConfig) Beta(iteration int) (beta int, counts bool) {
	warm := float64(c.WarmStart * float64(c.Iterations))
	if float64(iteration) < warm {
		return 0, false
	}
	fall := (float64(iteration) - warm) / max(1, float64(c.Iterations)-warm)
	above := float64(0.5 * (c.BetaStart - c.BetaEnd) * (1 + math.Cos(math.Pi*fall)))
	return max(2, int(math.Round(c.BetaEnd+above))), true
}

// Learn sets Gradient to that of the reconstruction error, whose gradient by the soft weights is factor*dw, and of
// Reg times the sum of 1 - |2h-1|^beta, which drives h to 0 or 1. It follows Weights.
func (v *Rounding) Learn(dw []float32, factor float32, iteration int) {
	beta, drive := v.cfg.Beta(iteration)
	reg := float32(v.cfg.Reg)
	v.split(func(lo, hi int) {
		for i := lo; i < hi; i++ {
			q := float32(v.floor[i] + v.h[i])
			g := float32(0)
			if q >= v.lo && q <= v.hi {
				g = float32(float32(float32(dw[i]*factor)*v.scaleAt(i)) * v.dh[i])
			}
			if drive {
				x := float32(float32(2*v.h[i]) - 1)
				p := x // |x|^(beta-1) with the sign of x
				for range beta - 2 {
					p = float32(p * abs(x))
				}
				g = float32(g - float32(float32(reg*float32(2*beta))*float32(p*v.dh[i])))
			}
			v.Gradient[i] = g
		}
	})
}

// Codes are the weights rounded as learned: up where h is at least a half.
func (v *Rounding) Codes() []int8 {
	out := make([]int8, len(v.A))
	v.Weights(make([]float32, len(v.A)))
	for i, h := range v.h {
		q := v.floor[i]
		if h >= 0.5 {
			q++
		}
		out[i] = int8(min(max(q, v.lo), v.hi))
	}
	return out
}

// split runs f on parts of all weights side by side.
func (v *Rounding) split(f func(lo, hi int)) {
	n, workers := len(v.A), runtime.GOMAXPROCS(0)
	if n < 1<<13 || workers == 1 {
		f(0, n)
		return
	}
	var wg sync.WaitGroup
	for i := range workers {
		wg.Go(func() { f(n*i/workers, n*(i+1)/workers) })
	}
	wg.Wait()
}
