package search

import (
	"errors"
	"slices"
	"testing"
)

// world is a network of independent layers: each variant of each has a drop, a noise and a cost.
type world struct {
	drop, cost [][]float64
	trials     int
	budget     int
	best       []Assignment
}

func (w *world) sum(t [][]float64, a Assignment) float64 {
	var s float64
	for i, v := range a {
		s += t[i][v]
	}
	return s
}

func (w *world) problem(maxDrop float64) *Problem {
	p := &Problem{Layers: len(w.drop), Float: len(w.drop[0]) - 1, MaxDrop: maxDrop}
	for _, d := range w.drop {
		var m []int
		for v := 1; v < len(d); v++ {
			m = append(m, v)
		}
		p.Moves = append(p.Moves, m)
	}
	p.Cost = func(a Assignment) (float64, error) { return w.sum(w.cost, a), nil }
	p.Noise = func(a Assignment) (float64, error) { return w.sum(w.drop, a), nil }
	p.Trial = func(a Assignment) (Outcome, error) {
		if w.budget > 0 && w.trials == w.budget {
			return Outcome{}, ErrBudget
		}
		w.trials++
		return Outcome{Drop: w.sum(w.drop, a)}, nil
	}
	p.Better = func(a Assignment, _ Outcome) error { w.best = append(w.best, slices.Clone(a)); return nil }
	return p
}

// planted is 16 layers with small drops, two of which hurt. Variant 1 is wider codes, 2 is float.
func planted() *world {
	w := &world{}
	for i := range 16 {
		d := []float64{0.001, 0.0005, 0}
		if i == 5 || i == 11 {
			d = []float64{3, 0.01, 0}
		}
		w.drop = append(w.drop, d)
		w.cost = append(w.cost, []float64{1, 2, 8})
	}
	return w
}

func TestGreedyFindsPlantedLayers(t *testing.T) {
	w := planted()
	r, err := Greedy(w.problem(0.1))
	if err != nil {
		t.Fatal(err)
	}
	want := make(Assignment, 16)
	want[5], want[11] = 1, 1
	if !r.Met || r.Best.Key() != want.Key() {
		t.Errorf("best %v, met %v: %s", r.Best, r.Met, r.Reason)
	}
	if r.Trials > 6 {
		t.Errorf("%d trials", r.Trials)
	}
}

// TestGreedyPrefersCheap holds that the cost is in the objective: float takes away more noise than wider
// codes, and costs more.
func TestGreedyPrefersCheap(t *testing.T) {
	w := planted()
	for i := range w.cost {
		w.cost[i] = []float64{1, 9, 1.5}
	}
	r, err := Greedy(w.problem(0.1))
	if err != nil {
		t.Fatal(err)
	}
	if r.Best[5] != 2 || r.Best[11] != 2 {
		t.Errorf("best %v", r.Best)
	}
}

func TestBinaryIsAMCTs(t *testing.T) {
	w := planted()
	order := []int{11, 3, 5, 0, 1, 2, 4, 6, 7, 8, 9, 10, 12, 13, 14, 15}
	r, err := Binary(w.problem(0.1), order)
	if err != nil {
		t.Fatal(err)
	}
	want := make(Assignment, 16)
	want[11], want[3], want[5] = 2, 2, 2
	if !r.Met || r.Best.Key() != want.Key() || r.Trials > 1+5 {
		t.Errorf("best %v met %v in %d trials: %s", r.Best, r.Met, r.Trials, r.Reason)
	}
}

// TestLadder: wide codes of the shortest prefix where they do, float on top of wide codes where not, and layers that may not be wide.
func TestLadder(t *testing.T) {
	order := []int{11, 3, 5, 0, 1, 2, 4, 6, 7, 8, 9, 10, 12, 13, 14, 15}
	w := planted()
	r, err := Ladder(w.problem(0.1), order, 1)
	if err != nil {
		t.Fatal(err)
	}
	want := make(Assignment, 16)
	want[11], want[5] = 1, 1 // 3 is between them in the order, and is taken back
	if !r.Met || r.Best.Key() != want.Key() || r.Trials > 2+5+3 {
		t.Errorf("best %v met %v in %d trials: %s", r.Best, r.Met, r.Trials, r.Reason)
	}
	w = planted()
	w.drop[3][0], w.drop[3][1] = 3, 3
	p := w.problem(0.1)
	p.Moves[5] = []int{2} // float alone
	if r, err = Ladder(p, order, 1); err != nil {
		t.Fatal(err)
	}
	want[11], want[3], want[5] = 1, 2, 2 // 11 became float on the way to 5
	if !r.Met || r.Best.Key() != want.Key() {
		t.Errorf("best %v met %v in %d trials: %s", r.Best, r.Met, r.Trials, r.Reason)
	}
	w = planted()
	p = w.problem(0.1)
	for i := range p.Moves {
		p.Moves[i] = []int{2}
	}
	if r, err = Ladder(p, order, 1); err != nil || !r.Met || r.Best[11] != 2 || r.Best[0] != 0 {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestImpossible(t *testing.T) {
	for _, find := range []func(*Problem) (*Result, error){Greedy, func(p *Problem) (*Result, error) { return Binary(p, []int{0, 1}) }} {
		w := &world{drop: [][]float64{{1, 0.6}, {1, 0.6}}, cost: [][]float64{{1, 2}, {1, 2}}}
		r, err := find(w.problem(0.1))
		if err != nil {
			t.Fatal(err)
		}
		if r.Met || r.Reason == "" || r.Best.Key() != "1,1" && r.Best.Key() != "1,0" {
			t.Errorf("%+v", r)
		}
	}
}

// TestBudget holds that a search that runs out of trials gives the best so far.
func TestBudget(t *testing.T) {
	w := planted()
	w.budget = 2
	r, err := Greedy(w.problem(0.1))
	if err != nil {
		t.Fatal(err)
	}
	if r.Met || r.Trials != 2 || r.Outcome.Drop > 4 || len(w.best) != 2 {
		t.Errorf("%+v, %d", r, len(w.best))
	}
	p := w.problem(1)
	p.Trial = func(Assignment) (Outcome, error) { return Outcome{}, errors.New("broken") }
	if _, err := Greedy(p); err == nil {
		t.Error("an error of a trial is an error of the search")
	}
}

func TestCompress(t *testing.T) {
	w := &world{}
	for i := range 8 {
		w.drop = append(w.drop, []float64{0, 0.03 * float64(i), 0})
		w.cost = append(w.cost, []float64{1, 0.5, 8})
	}
	p := w.problem(0.1)
	r, err := Greedy(p)
	if err != nil {
		t.Fatal(err)
	}
	r, err = Compress(p, r, 1, func(layer int) bool { return layer != 0 })
	if err != nil {
		t.Fatal(err)
	}
	if r.Best.Key() != "0,1,1,0,0,0,0,0" || !r.Met {
		t.Errorf("%+v", r)
	}
}

// TestHidden is a network in which one bad layer hides another: the noise falls only when both are float.
func TestHidden(t *testing.T) {
	w := planted()
	p := w.problem(0.1)
	sum := p.Noise
	p.Noise = func(a Assignment) (float64, error) {
		if a[5] == 0 || a[11] == 0 {
			return 10, nil
		}
		return sum(a)
	}
	r, err := Greedy(p)
	if err != nil {
		t.Fatal(err)
	}
	if !r.Met || r.Best[5] == 0 || r.Best[11] == 0 {
		t.Errorf("%+v", r)
	}
}
