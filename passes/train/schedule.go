package train

import (
	"fmt"
	"math"
)

// A Schedule gives the learning rate of every step.
type Schedule struct {
	Kind   string  // constant, step, cosine, or onecycle
	Rate   float64 // the peak
	Warmup int     // steps of a linear rise from 0
	Every  int     // of step: steps between drops
	Factor float64 // of step: what a drop multiplies the rate with
	Final  float64 // of cosine and onecycle: the last rate as a part of the peak
}

// Check reports a schedule that is none.
func (s *Schedule) Check() error {
	switch s.Kind {
	case "constant", "cosine", "onecycle":
	case "step":
		if s.Every < 1 || !(s.Factor > 0 && s.Factor <= 1) {
			return fmt.Errorf("schedule step needs positive steps between drops and a factor in (0, 1]")
		}
	default:
		return fmt.Errorf("there is no schedule %q: want constant, step, cosine or onecycle", s.Kind)
	}
	if !(s.Rate > 0) || s.Warmup < 0 || !(s.Final >= 0 && s.Final <= 1) {
		return fmt.Errorf("learning rate %v must be positive, the final part %v in [0, 1]", s.Rate, s.Final)
	}
	return nil
}

// At is the rate of a step, from 0, of total.
func (s *Schedule) At(step, total int) float64 {
	warm := s.Warmup
	if s.Kind == "onecycle" && warm == 0 {
		warm = total * 3 / 10
	}
	if step < warm {
		return s.Rate * float64(step+1) / float64(warm)
	}
	switch s.Kind {
	case "step":
		return float64(s.Rate * math.Pow(s.Factor, float64((step-warm)/s.Every)))
	case "cosine", "onecycle":
		part := float64(step-warm) / float64(max(1, total-warm))
		return float64(s.Rate * (s.Final + (1-s.Final)*(1+math.Cos(math.Pi*part))/2))
	}
	return s.Rate
}
