package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/amctc/amctc/testdata/contender"
)

// The contenders. All others are held against the first.
const (
	ours     = "amctc"
	oursTwo  = "amctc-2"
	oursReal = "amctc-float"
	ortInt8  = "ort-int8"
	ortFloat = "ort-float"
	goFloat  = "gomlx-float"
)

// An entrant is a contender's name, how many threads work on one of its calls, and the command of its
// process.
type entrant struct {
	name    string
	threads int
	command []string
}

// contest measures one network: in each round every contender once, one after the other. Contenders
// that refuse the network are said to have failed; ours may not.
func contest(ctx context.Context, dir, name string, entrants []entrant, core, rounds int, seconds float64) (list []measured, err error) {
	times := make([][]float64, len(entrants))
	list = make([]measured, len(entrants))
	servers := make([]*server, len(entrants))
	defer func() {
		for _, s := range servers {
			if s != nil {
				err = errors.Join(err, s.close())
			}
		}
	}()
	for i, e := range entrants {
		list[i].Contender = e.name
		if servers[i], err = serve(ctx, core, e); err != nil {
			return nil, err
		}
	}
	for range rounds {
		for i, s := range servers {
			if list[i].Failed != "" {
				continue
			}
			r, err := s.measure(contender.Request{Name: name, Seconds: seconds, Threads: entrants[i].threads})
			if err != nil {
				servers[i] = nil
				return nil, err
			}
			list[i].Failed = r.Failed
			if r.Failed == "" {
				times[i] = append(times[i], r.Median)
				list[i].Calls += r.Calls
				list[i].Allocs = r.Allocs
			}
		}
	}
	if list[0].Failed != "" {
		return nil, fmt.Errorf("%s: %s: %s", name, list[0].Contender, list[0].Failed)
	}
	for i := range list {
		m := &list[i]
		m.Threads = entrants[i].threads
		if m.Failed != "" {
			continue
		}
		m.Median, m.Min, m.Max = summary(times[i])
		m.Ratio = ratio(times[i], times[0])
		if m.Distance, err = fromFloat(dir, name, m.Contender); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// fromFloat is how far a contender's result is from that of the float network in ONNX Runtime; nil when
// that took no part.
func fromFloat(dir, name, who string) (*float64, error) {
	want, err := contender.ReadFloats(contender.OutputPath(dir, name, ortFloat))
	if err != nil {
		return nil, nil
	}
	if who == oursTwo {
		who = ours // the same process's form: the same bits
	}
	got, err := contender.ReadFloats(contender.OutputPath(dir, name, who))
	if err != nil {
		return nil, err
	}
	d := distance(got, want)
	return &d, nil
}
