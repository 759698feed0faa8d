package sim

import (
	"math"

	mathf "github.com/amctc/amctc/runtime/f32"
)

// Host steps that have many names: functions of one and of two numbers, and reductions.

// hostFamily is the step of such an operator, or nil.
func hostFamily(op string) func(*hostStep) func() {
	switch op {
	case "take":
		return hostTake
	case "resample":
		return hostResample
	case "normalize":
		return hostNormalize
	case "grid_sample":
		return hostGridSample
	case "roi_align":
		return hostRoiAlign
	case "reduce_sum", "reduce_mean", "reduce_prod", "reduce_max", "reduce_min":
		return hostReduce
	}
	if mathf.Unary(op) != nil {
		return hostFunction
	}
	if mathf.Binary(op) != nil {
		return hostPair
	}
	return nil
}

func hostFunction(s *hostStep) func() {
	s.want(1, 1)
	s.result(s.in[0].dims...)
	f := mathf.Unary(s.x.Op)
	var parameter [2]float32
	for i, key := range []string{"alpha", "beta"} {
		for _, a := range s.x.Attrs {
			if a.Key == key {
				parameter[i] = s.float(key)
			}
		}
	}
	return func() {
		for i, v := range s.in[0].v {
			s.out.v[i] = f(v, parameter[0], parameter[1])
		}
	}
}

func hostPair(s *hostStep) func() {
	s.want(2, 2)
	dims, sa, sb := s.broadcast(s.in[0].dims, s.in[1].dims)
	s.result(dims...)
	f := mathf.Binary(s.x.Op)
	return func() {
		walk(dims, sa, sb, func(i, a, b int) { s.out.v[i] = f(s.in[0].v[a], s.in[1].v[b]) })
	}
}

func hostReduce(s *hostStep) func() {
	s.want(1, 1)
	d := s.in[0].dims
	reduced := make([]bool, len(d))
	for _, a := range s.ints("axes", -1) {
		if a < 0 || a >= len(d) || reduced[a] {
			s.bad("axes of rank %d", len(d))
		}
		reduced[a] = true
	}
	keep := s.ints("keep", 1)[0] != 0
	var dims []int
	to, n, step := make([]int, len(d)), 1, 1
	for i := len(d) - 1; i >= 0; i-- {
		if reduced[i] {
			n *= d[i]
			continue
		}
		to[i] = step
		step *= d[i]
	}
	for i, size := range d {
		if !reduced[i] {
			dims = append(dims, size)
		} else if keep {
			dims = append(dims, 1)
		}
	}
	s.result(dims...)
	return func() {
		seen := make([]bool, s.out.n)
		walk(d, to, to, func(i, at, _ int) {
			v, y := s.in[0].v[i], &s.out.v[at]
			first := !seen[at]
			seen[at] = true
			switch s.x.Op {
			case "reduce_sum", "reduce_mean":
				*y += v
			case "reduce_prod":
				if first {
					*y = 1
				}
				*y = float32(*y * v)
			case "reduce_max":
				if first || v > *y || v != v {
					*y = v
				}
			case "reduce_min":
				if first || v < *y || v != v {
					*y = v
				}
			}
		})
		if s.x.Op == "reduce_mean" {
			for i := range s.out.v {
				s.out.v[i] /= float32(n)
			}
		}
	}
}

// along is the axis of a step with the numbers before and behind it.
func (s *hostStep) along() (axis, outer, n, inner int) {
	d := s.in[0].dims
	axis = s.ints("axis", 1)[0]
	if axis < 0 || axis >= len(d) {
		s.bad("axis %d of %d", axis, len(d))
	}
	outer, inner = 1, 1
	for _, v := range d[:axis] {
		outer *= v
	}
	for _, v := range d[axis+1:] {
		inner *= v
	}
	return axis, outer, d[axis], inner
}

func hostTake(s *hostStep) func() {
	s.want(1, 1)
	axis, outer, n, inner := s.along()
	list := s.ints("indices", -1)
	for _, k := range list {
		if k < -1 || k >= n {
			s.bad("index %d in an axis of %d", k, n)
		}
	}
	dims := append([]int{}, s.in[0].dims...)
	dims[axis] = len(list)
	s.result(dims...)
	return func() {
		for o := range outer {
			for i, k := range list {
				if k >= 0 {
					copy(s.out.v[(o*len(list)+i)*inner:][:inner], s.in[0].v[(o*n+k)*inner:])
				}
			}
		}
	}
}

// hostResample: the weights are the second input.
func hostResample(s *hostStep) func() {
	s.want(2, 2)
	axis, outer, n, inner := s.along()
	taps, list := s.ints("taps", 1)[0], s.ints("indices", -1)
	if taps < 1 || len(list)%taps != 0 || s.in[1].n != len(list) {
		s.bad("%d indices and %d weights for %d taps", len(list), s.in[1].n, taps)
	}
	for _, k := range list {
		if k < 0 || k >= n {
			s.bad("index %d in an axis of %d", k, n)
		}
	}
	dims := append([]int{}, s.in[0].dims...)
	dims[axis] = len(list) / taps
	s.result(dims...)
	return func() {
		for o := range outer {
			for i := range dims[axis] {
				for k := range inner {
					var sum float32
					for t := i * taps; t < (i+1)*taps; t++ {
						sum += float32(s.in[1].v[t] * s.in[0].v[(o*n+list[t])*inner+k])
					}
					s.out.v[(o*dims[axis]+i)*inner+k] = sum
				}
			}
		}
	}
}

func hostNormalize(s *hostStep) func() {
	s.want(1, 1)
	_, _, n, inner := s.along()
	eps, centred := s.float("eps"), s.ints("centred", 1, 1)[0] != 0
	s.result(s.in[0].dims...)
	size := n * inner
	return func() {
		for at := 0; at < s.in[0].n; at += size {
			row := s.in[0].v[at : at+size]
			var sum, mean, square float32
			if centred {
				for _, v := range row {
					sum += v
				}
				mean = sum / float32(size)
			}
			for _, v := range row {
				d := v - mean
				square += float32(d * d)
			}
			deviation := float32(math.Sqrt(float64(square/float32(size) + eps)))
			for i, v := range row {
				s.out.v[at+i] = (v - mean) / deviation
			}
		}
	}
}
