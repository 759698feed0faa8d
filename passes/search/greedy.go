package search

import (
	"math"
	"slices"
)

// A move gives one layer another variant.
type move struct {
	layer, variant int
	score          float64 // noise taken away for each unit of cost
	at             int     // number of moves made when the score was measured
}

// Greedy changes one layer after the other, the one whose change takes most noise out of the outputs
// for its cost first. The metric is evaluated after 1, 2, 4, … changes; once it meets the aim, the
// shortest sequence that does is found by bisection, and changes that are not needed after all are
// taken back, the most expensive first.
func Greedy(p *Problem) (*Result, error) {
	r := &run{p: p}
	start := make(Assignment, p.Layers)
	ok, err := r.try(start)
	if err != nil || ok {
		return r.end("the fully quantized network meets the aim", err)
	}
	a := start
	g := &greedy{run: r}
	if a, err = g.uniform(a); err != nil {
		return r.end("", err)
	}
	if err := g.prepare(a); err != nil {
		return r.end("", err)
	}
	if a, err = g.polish(a); err != nil {
		return r.end("", err)
	}
	if !slices.Equal(a, start) {
		if ok, err = r.try(a); err != nil || ok {
			return r.end("a network that costs about as much meets the aim", err)
		}
	}
	path := []Assignment{a}
	tried := 0 // the longest prefix that failed
	for next := 1; ; next *= 2 {
		for len(path) <= next {
			b, err := g.step(path[len(path)-1])
			if err != nil {
				return r.end("", err)
			}
			if b == nil {
				break
			}
			path = append(path, b)
		}
		last := min(next, len(path)-1)
		if last == tried {
			return r.end("every layer is float", nil)
		}
		ok, err := r.try(path[last])
		if err != nil {
			return r.end("", err)
		}
		if ok {
			return g.shorten(path, tried, last)
		}
		tried = last
	}
}

type greedy struct {
	*run
	moves []move
	noise float64 // of the assignment reached
	made  int
}

// uniform gives the assignment with the least noise among variant 0 everywhere and each other one, but
// float, everywhere it may be, among those that cost about as much: layers that hide each other's errors
// are repaired together.
func (g *greedy) uniform(a Assignment) (Assignment, error) {
	best := a
	least, err := g.p.Noise(a)
	if err != nil {
		return nil, err
	}
	start, err := g.p.Cost(a)
	if err != nil {
		return nil, err
	}
	seen := map[int]bool{g.p.Float: true}
	for _, list := range g.p.Moves {
		for _, v := range list {
			if seen[v] {
				continue
			}
			seen[v] = true
			b := slices.Clone(a)
			for layer, can := range g.p.Moves {
				if slices.Contains(can, v) {
					b[layer] = v
				}
			}
			cost, err := g.p.Cost(b)
			if err != nil {
				return nil, err
			}
			if cost > start*(1+cheap) {
				continue
			}
			n, err := g.p.Noise(b)
			if err != nil {
				return nil, err
			}
			if n < least {
				best, least = b, n
			}
		}
	}
	return best, nil
}

// cheap is how much more a whole network of another variant may cost, as a part.
const cheap = 0.1

// free is how much more an assignment may cost, as a part, for a change to count as free.
const free = 0.005

// polish makes the changes that take noise away for nothing, the best first. What one takes away is measured again
// before it is believed, as in step; one that took nothing away is not tried again.
func (g *greedy) polish(a Assignment) (Assignment, error) {
	start, err := g.p.Cost(a)
	if err != nil {
		return nil, err
	}
	free := float64(start * (1 + free))
	var list []move
	for layer := range a {
		for _, v := range append([]int{0}, g.p.Moves[layer]...) {
			if v != g.p.Float {
				list = append(list, move{layer: layer, variant: v, at: -1, score: math.Inf(1)})
			}
		}
	}
	for {
		best := -1
		for i := range list {
			if m := &list[i]; m.variant != a[m.layer] && m.score > 0 && (best < 0 || m.score > list[best].score) {
				best = i
			}
		}
		if best < 0 {
			return a, nil
		}
		m := &list[best]
		b := a.with(m.layer, m.variant)
		if m.at == g.made {
			if g.noise, err = g.p.Noise(b); err != nil {
				return nil, err
			}
			a = b
			g.made++
			continue
		}
		m.at, m.score = g.made, 0
		cost, err := g.p.Cost(b)
		if err != nil {
			return nil, err
		}
		if cost > free {
			continue
		}
		noise, err := g.p.Noise(b)
		if err != nil {
			return nil, err
		}
		m.score = g.noise - noise
	}
}

// minCost keeps scores finite: a change that costs nothing is judged as one that costs this part of the
// whole network.
const minCost = 1e-3

// prepare measures every move alone.
func (g *greedy) prepare(a Assignment) error {
	var err error
	if g.noise, err = g.p.Noise(a); err != nil {
		return err
	}
	for layer, variants := range g.p.Moves {
		for _, v := range variants {
			m := move{layer: layer, variant: v}
			if err := g.measure(&m, a); err != nil {
				return err
			}
			g.moves = append(g.moves, m)
		}
	}
	return nil
}

func (g *greedy) measure(m *move, a Assignment) error {
	b := a.with(m.layer, m.variant)
	noise, err := g.p.Noise(b)
	if err != nil {
		return err
	}
	before, err := g.p.Cost(a)
	if err != nil {
		return err
	}
	after, err := g.p.Cost(b)
	if err != nil {
		return err
	}
	m.score = (g.noise - noise) / max(after-before, float64(minCost*before))
	m.at = g.made
	return nil
}

// step makes the best move. A score is measured again before it is believed: moves made since may have
// changed it. Where no move helps by itself, because others hide what it does, the layer whose return to
// float harms least returns. nil says that no move is left.
func (g *greedy) step(a Assignment) (Assignment, error) {
	for {
		best := g.best(func(m *move) bool { return m.score > 0 })
		if best < 0 {
			fresh := true
			for i := range g.moves {
				if m := &g.moves[i]; m.at != g.made {
					fresh = false
					if err := g.measure(m, a); err != nil {
						return nil, err
					}
				}
			}
			if !fresh {
				continue
			}
			if best = g.best(func(m *move) bool { return m.variant == g.p.Float }); best < 0 {
				return nil, nil
			}
		}
		m := &g.moves[best]
		if m.at != g.made {
			if err := g.measure(m, a); err != nil {
				return nil, err
			}
			continue
		}
		b := a.with(m.layer, m.variant)
		var err error
		if g.noise, err = g.p.Noise(b); err != nil {
			return nil, err
		}
		g.made++
		// A layer that went back to float stays there.
		layer, variant := m.layer, m.variant
		g.moves = slices.DeleteFunc(g.moves, func(o move) bool { return o.layer == layer && (o.variant == variant || variant == g.p.Float) })
		return b, nil
	}
}

// best is the move of highest score among some; -1 when there is none.
func (g *greedy) best(among func(*move) bool) int {
	best := -1
	for i := range g.moves {
		if m := &g.moves[i]; among(m) && (best < 0 || m.score > g.moves[best].score) {
			best = i
		}
	}
	return best
}

// shorten finds the shortest prefix of path between one that fails and one that does not, and takes
// back what it does not need.
func (g *greedy) shorten(path []Assignment, fails, meets int) (*Result, error) {
	for meets-fails > 1 {
		mid := (fails + meets) / 2
		ok, err := g.try(path[mid])
		if err != nil {
			return g.end("", err)
		}
		if ok {
			meets = mid
		} else {
			fails = mid
		}
	}
	return g.takeBack(path[meets])
}

// takeBack returns layers to variant 0, or else from float to one of steps that they may have, as long as the aim is met, those first
// whose return saves most.
func (g *greedy) takeBack(a Assignment, steps ...int) (*Result, error) {
	type saving struct {
		layer int
		saves float64
	}
	cost, err := g.p.Cost(a)
	if err != nil {
		return g.end("", err)
	}
	var list []saving
	for layer, v := range a {
		if v == 0 {
			continue
		}
		c, err := g.p.Cost(a.with(layer, 0))
		if err != nil {
			return g.end("", err)
		}
		list = append(list, saving{layer, cost - c})
	}
	slices.SortStableFunc(list, func(x, y saving) int {
		switch {
		case x.saves > y.saves:
			return -1
		case x.saves < y.saves:
			return 1
		}
		return 0
	})
	for _, s := range list {
		if len(list) == 1 || s.saves <= 0 {
			break // the only change is needed; one that costs nothing may stay
		}
		for _, v := range append([]int{0}, steps...) {
			if v != 0 && (a[s.layer] != g.p.Float || !slices.Contains(g.p.Moves[s.layer], v)) {
				continue
			}
			b := a.with(s.layer, v)
			ok, err := g.try(b)
			if err != nil {
				return g.end("", err)
			}
			if ok {
				a = b
				break
			}
		}
	}
	return g.end("no change can be taken back", nil)
}
