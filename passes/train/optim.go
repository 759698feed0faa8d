// Package train is what training does between two runs of a step function: optimizers, schedules,
// clipping, averages. All of it is arithmetic on plain slices, in one order, so that a run is the same on
// every machine.
package train

import (
	"fmt"
	"math"
)

// An Optimizer changes parameters by their gradients. Its state is one or two slices for each parameter.
type Optimizer struct {
	Kind     Kind
	Momentum float64 // of SGD
	Nesterov bool
	Beta1    float64 // of Adam
	Beta2    float64
	Eps      float64
	Decay    float64 // weight decay: of SGD added to the gradient, of Adam apart from it (AdamW)
}

// Kind names an optimizer.
type Kind string

// The optimizers: stochastic gradient descent with momentum, and Adam with decoupled weight decay
// (Kingma and Ba 2015; Loshchilov and Hutter 2019).
const (
	SGD  Kind = "sgd"
	Adam Kind = "adam"
)

// Check reports parameters out of range.
func (o *Optimizer) Check() error {
	switch {
	case o.Kind != SGD && o.Kind != Adam:
		return fmt.Errorf("there is no optimizer %q: want %s or %s", o.Kind, SGD, Adam)
	case !(o.Momentum >= 0 && o.Momentum < 1):
		return fmt.Errorf("momentum %v must lie in [0, 1)", o.Momentum)
	case o.Kind == Adam && !(o.Beta1 >= 0 && o.Beta1 < 1 && o.Beta2 >= 0 && o.Beta2 < 1 && o.Eps > 0):
		return fmt.Errorf("betas %v, %v must lie in [0, 1) and eps %v be positive", o.Beta1, o.Beta2, o.Eps)
	case !(o.Decay >= 0):
		return fmt.Errorf("weight decay %v must not be negative", o.Decay)
	}
	return nil
}

// Slots is how many slices of state each parameter has.
func (o *Optimizer) Slots() int {
	if o.Kind == Adam {
		return 2
	}
	return 1
}

// Step changes one parameter at a learning rate; step counts from 1. decay says whether weight decay
// applies to it.
func (o *Optimizer) Step(step int, rate float64, decay bool, p, g []float32, state [][]float32) {
	wd := 0.0
	if decay {
		wd = o.Decay
	}
	if o.Kind == SGD {
		o.sgd(float32(rate), float32(wd), p, g, state[0])
		return
	}
	o.adam(step, rate, wd, p, g, state[0], state[1])
}

// sgd: v = momentum*v + (g + decay*p); p -= rate*v, or rate*(g + momentum*v) with Nesterov.
func (o *Optimizer) sgd(rate, wd float32, p, g, v []float32) {
	m := float32(o.Momentum)
	for i := range p {
		d := float32(g[i] + float32(wd*p[i]))
		v[i] = float32(float32(m*v[i]) + d)
		u := v[i]
		if o.Nesterov {
			u = float32(d + float32(m*v[i]))
		}
		p[i] = float32(p[i] - float32(rate*u))
	}
}

// adam in float64, stored as float32.
func (o *Optimizer) adam(step int, rate, wd float64, p, g, m, v []float32) {
	c1, c2 := 1-math.Pow(o.Beta1, float64(step)), 1-math.Pow(o.Beta2, float64(step))
	for i := range p {
		d := float64(g[i])
		a := float64(o.Beta1*float64(m[i])) + float64((1-o.Beta1)*d)
		b := float64(o.Beta2*float64(v[i])) + float64(float64((1-o.Beta2)*d)*d)
		m[i], v[i] = float32(a), float32(b)
		x := float64(p[i])
		x -= float64(rate * wd * x)
		p[i] = float32(x - float64(rate*(a/c1))/(math.Sqrt(b/c2)+o.Eps))
	}
}

// Norm is the Euclidean norm of all gradients together, in float64.
func Norm(gradients [][]float32) float64 {
	var s float64
	for _, g := range gradients {
		for _, v := range g {
			s += float64(float64(v) * float64(v))
		}
	}
	return math.Sqrt(s)
}

// Clip scales gradients down to a norm of at most limit; 0 is no limit.
func Clip(gradients [][]float32, limit float64) {
	n := Norm(gradients)
	if limit <= 0 || n <= limit {
		return
	}
	f := float32(limit / n)
	for _, g := range gradients {
		for i := range g {
			g[i] = float32(g[i] * f)
		}
	}
}

// Average moves an exponential average towards values: a = keep*a + (1-keep)*v.
func Average(keep float64, average, values []float32) {
	k, r := float32(keep), float32(1-keep)
	for i, v := range values {
		average[i] = float32(float32(k*average[i]) + float32(r*v))
	}
}

// Finite gives the index of the first slice that holds NaN or infinity, or -1.
func Finite(list [][]float32) int {
	for k, s := range list {
		for _, v := range s {
			if v-v != 0 {
				return k
			}
		}
	}
	return -1
}
