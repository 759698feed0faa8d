package search

import "slices"

// Binary is AMCT's search (AMCT 2.13): layers are taken back to float in the given order, the most
// damaged first, and the length of the prefix is found by bisection.
func Binary(p *Problem, order []int) (*Result, error) {
	r := &run{p: p}
	start := make(Assignment, p.Layers)
	ok, err := r.try(start)
	if err != nil || ok {
		return r.end("the fully quantized network meets the aim", err)
	}
	found, err := r.prefix(start, p.Float, order)
	if err != nil {
		return r.end("", err)
	}
	return r.end(prefixes[found], nil)
}

// prefixes say whether a prefix of the ranking was found.
var prefixes = map[bool]string{true: "the shortest prefix was found", false: "no prefix of the ranking meets the aim"}

// prefix finds, by bisection, the shortest prefix of order whose layers, with another variant than a gives them, make
// the aim met.
func (r *run) prefix(a Assignment, variant int, order []int) (found bool, err error) {
	lo, hi := 0, len(order)-1
	for lo <= hi {
		mid := (lo + hi) / 2
		b := slices.Clone(a)
		for _, layer := range order[:mid+1] {
			b[layer] = variant
		}
		ok, err := r.try(b)
		if err != nil {
			return false, err
		}
		if ok {
			hi = mid - 1
		} else {
			lo = mid + 1
		}
	}
	return lo < len(order), nil
}

// Ladder is Binary with a step between: of the layers in the given order, those that may have variant wide take it, as few
// as bisection finds. Only when all of them do not meet the aim, layers return to float, again as few, and the others keep wide.
// Changes that are not needed after all are taken back as Greedy does.
func Ladder(p *Problem, order []int, wide int) (*Result, error) {
	r := &run{p: p}
	start := make(Assignment, p.Layers)
	ok, err := r.try(start)
	if err != nil || ok {
		return r.end("the fully quantized network meets the aim", err)
	}
	var can []int
	top := slices.Clone(start)
	for _, layer := range order {
		if slices.Contains(p.Moves[layer], wide) {
			can = append(can, layer)
			top[layer] = wide
		}
	}
	if len(can) > 0 {
		if ok, err = r.try(top); err != nil {
			return r.end("", err)
		}
		if ok {
			if _, err = r.prefix(start, wide, can[:len(can)-1]); err != nil {
				return r.end("", err)
			}
			return (&greedy{run: r}).takeBack(r.res.Best, wide)
		}
	}
	found, err := r.prefix(top, p.Float, order)
	if err != nil {
		return r.end("", err)
	}
	if !found {
		return r.end("no prefix of the ranking that returns to float meets the aim", nil)
	}
	return (&greedy{run: r}).takeBack(r.res.Best, wide)
}
