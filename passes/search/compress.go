package search

// Compress gives layers a cheaper variant as long as the aim is met, those first that add least noise.
// It starts from a result that meets the aim.
func Compress(p *Problem, from *Result, variant int, allowed func(layer int) bool) (*Result, error) {
	if !from.Met {
		return from, nil
	}
	r := &run{p: p, res: *from, first: true}
	var err error
	if r.cost, err = p.Cost(from.Best); err != nil {
		return nil, err
	}
	a := from.Best
	tried := make(map[int]bool)
	for {
		best, least := -1, 0.0
		for layer := range a {
			if tried[layer] || a[layer] != 0 || !allowed(layer) {
				continue
			}
			n, err := p.Noise(a.with(layer, variant))
			if err != nil {
				return r.end("", err)
			}
			if best < 0 || n < least {
				best, least = layer, n
			}
		}
		if best < 0 {
			return r.end("no further layer bears fewer bits", nil)
		}
		tried[best] = true
		ok, err := r.try(a.with(best, variant))
		if err != nil {
			return r.end("", err)
		}
		if ok {
			a = a.with(best, variant)
		}
	}
}
