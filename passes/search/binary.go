package search

// Binary is AMCT's search (AMCT 2.13): layers are taken back to float in the given order, the most
// damaged first, and the length of the prefix is found by bisection.
func Binary(p *Problem, order []int) (*Result, error) {
	r := &run{p: p}
	start := make(Assignment, p.Layers)
	ok, err := r.try(start)
	if err != nil || ok {
		return r.end("the fully quantized network meets the aim", err)
	}
	lo, hi := 0, len(order)-1
	for lo <= hi {
		mid := (lo + hi) / 2
		a := make(Assignment, p.Layers)
		for _, layer := range order[:mid+1] {
			a[layer] = p.Float
		}
		if ok, err = r.try(a); err != nil {
			return r.end("", err)
		}
		if ok {
			hi = mid - 1
		} else {
			lo = mid + 1
		}
	}
	if lo == len(order) {
		return r.end("no prefix of the ranking meets the aim", nil)
	}
	return r.end("the shortest prefix was found", nil)
}
