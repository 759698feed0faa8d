package amctc

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/amctc/amctc/codegen/exec"
	"github.com/amctc/amctc/codegen/plan"
	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/passes/search"
)

// rollbackTime is how long each network is timed.
const rollbackTime = 300 * time.Millisecond

// rollback takes layers back to float that cost more time as integers, with the boundaries around them,
// than as float, the worst first, as long as the whole network gets faster and the metric bears it.
func (a *auto) rollback(p *search.Problem, from *search.Result) (*search.Result, error) {
	x := slices.Clone(from.Best)
	m, _, err := a.module(x)
	if err != nil {
		return nil, err
	}
	whole, ints, err := a.times(x.Key(), m)
	if err != nil {
		return nil, err
	}
	_, floats, err := a.times("float", a.float)
	if err != nil {
		return nil, err
	}
	type candidate struct {
		layer int
		slow  float64
	}
	var list []candidate
	for k, name := range a.layers {
		if slow := ints[name] - floats[name]; x[k] != p.Float && slow > 0 {
			list = append(list, candidate{k, slow})
		}
	}
	slices.SortStableFunc(list, func(u, v candidate) int {
		switch {
		case u.slow > v.slow:
			return -1
		case u.slow < v.slow:
			return 1
		}
		return 0
	})
	out := *from
	for _, s := range list {
		y := slices.Clone(x)
		y[s.layer] = p.Float
		m, _, err := a.module(y)
		if err != nil {
			return nil, err
		}
		t, _, err := a.times(y.Key(), m)
		if err != nil {
			return nil, err
		}
		if t >= whole {
			continue
		}
		o, err := p.Trial(y)
		if errors.Is(err, search.ErrBudget) {
			break
		}
		if err != nil {
			return nil, err
		}
		out.Trials++
		if o.Drop+o.Margin > p.MaxDrop {
			continue
		}
		x, whole = y, t
		out.Best, out.Outcome = y, o
		if err := p.Better(y, o); err != nil {
			return nil, err
		}
	}
	return &out, nil
}

// times are the time of one sample and of each layer, in seconds; what converts numbers for a layer or
// from it counts as the layer's.
func (a *auto) times(key string, m *ir.Module) (whole float64, layers map[string]float64, err error) {
	p, err := plan.Build(m, m.Main(), plan.Options{})
	if err != nil {
		return 0, nil, err
	}
	var measured *exec.Times
	measure := func() error {
		if measured != nil {
			return nil
		}
		if err := a.late(); err != nil && !errors.Is(err, search.ErrBudget) {
			return err
		}
		measured, err = exec.Profile(a.ctx, p, 1, rollbackTime)
		return err
	}
	whole, err = a.opt.Journal.number("time "+key, func() (float64, error) {
		err := measure()
		if err != nil {
			return 0, err
		}
		return measured.Total.Seconds(), nil
	})
	if err != nil {
		return 0, nil, err
	}
	layers = make(map[string]float64)
	for i := range p.Steps {
		name := p.Layer(&p.Steps[i])
		name = strings.TrimSuffix(strings.TrimSuffix(name, ".quant"), ".dequant")
		t, err := a.opt.Journal.number(fmt.Sprintf("time %s step %d", key, i), func() (float64, error) {
			if err := measure(); err != nil {
				return 0, err
			}
			return measured.Steps[i].Seconds(), nil
		})
		if err != nil {
			return 0, nil, err
		}
		layers[name] += t
	}
	return whole, layers, nil
}
