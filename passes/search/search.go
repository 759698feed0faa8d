// Package search finds the cheapest way to quantize a network that a metric can bear. It knows layers
// by number and ways to treat them by number; what those mean is the caller's.
package search

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// An Assignment is the variant of each layer. Variant 0 is where a search starts.
type Assignment []int

// Key is a text that equal assignments share: the variants, separated by commas.
func (a Assignment) Key() string {
	var b strings.Builder
	for i, v := range a {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(strconv.Itoa(v))
	}
	return b.String()
}

func (a Assignment) with(layer, variant int) Assignment {
	out := slices.Clone(a)
	out[layer] = variant
	return out
}

// An Outcome is what a trial measured: how much worse the metric is than that of the float network, and
// by how much the difference may be off.
type Outcome struct {
	Drop   float64 `json:"drop"`
	Margin float64 `json:"margin"`
}

// ErrBudget ends a search early: a Trial or Noise that returns it was not carried out.
var ErrBudget = errors.New("the budget is used up")

// A Problem is what is searched. All functions must be deterministic.
type Problem struct {
	Layers int
	// Moves are the variants that may take the place of variant 0, for each layer. Float is among
	// them for every layer.
	Moves [][]int
	Float int
	// Cost is what an assignment costs to run; the unit is the caller's.
	Cost func(Assignment) (float64, error)
	// Noise is a cheap stand-in for Trial: the error of the network's outputs, lower is better.
	Noise func(Assignment) (float64, error)
	// Trial evaluates an assignment.
	Trial func(Assignment) (Outcome, error)
	// MaxDrop is the greatest Drop + Margin that is wanted.
	MaxDrop float64
	// Better is told of every assignment that is the best so far.
	Better func(Assignment, Outcome) error
}

// A Result is where a search ended.
type Result struct {
	Best    Assignment
	Outcome Outcome
	Met     bool   // Drop + Margin is at most MaxDrop
	Reason  string // why the search ended, or why the aim was not met
	Trials  int
}

// run keeps the best of the trials: among those that meet the aim the cheapest, otherwise the one with
// the least drop.
type run struct {
	p     *Problem
	res   Result
	cost  float64
	first bool
}

func (r *run) ok(o Outcome) bool { return o.Drop+o.Margin <= r.p.MaxDrop }

// try evaluates a and says whether it meets the aim.
func (r *run) try(a Assignment) (bool, error) {
	o, err := r.p.Trial(a)
	if err != nil {
		return false, err
	}
	r.res.Trials++
	cost, err := r.p.Cost(a)
	if err != nil {
		return false, err
	}
	ok := r.ok(o)
	better := !r.first
	switch {
	case !r.first:
	case ok != r.res.Met:
		better = ok
	case ok:
		better = cost < r.cost
	default:
		better = o.Drop < r.res.Outcome.Drop
	}
	if better {
		r.first, r.cost = true, cost
		r.res.Best, r.res.Outcome, r.res.Met = slices.Clone(a), o, ok
		if r.p.Better != nil {
			return ok, r.p.Better(a, o)
		}
	}
	return ok, nil
}

// end turns the error of a search into its result: running out of budget is an end like others.
func (r *run) end(reason string, err error) (*Result, error) {
	if errors.Is(err, ErrBudget) {
		reason, err = err.Error(), nil
	}
	if err != nil {
		return nil, err
	}
	r.res.Reason = reason
	if !r.res.Met && r.res.Best != nil {
		r.res.Reason = fmt.Sprintf("%s; the best of %d trials loses %.4g (± %.4g), %.4g was asked for", reason, r.res.Trials, r.res.Outcome.Drop, r.res.Outcome.Margin, r.p.MaxDrop)
	}
	return &r.res, nil
}
