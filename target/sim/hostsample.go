package sim

import "math"

// A pixelTap is a pixel of an axis with its weight.
type pixelTap struct {
	at     int
	weight float32
}

// limited is v between two numbers; what is no number is the lower one.
func limited(v, lo, hi float32) float32 {
	switch {
	case v > hi:
		return hi
	case v >= lo:
		return v
	}
	return lo
}

func hostGridSample(s *hostStep) func() {
	s.want(2, 2)
	s.rank(s.in[0], 4)
	s.rank(s.in[1], 4)
	x, g := s.in[0].dims, s.in[1].dims
	mode, border, align := s.ints("mode", 1)[0], s.ints("border", 1)[0], s.ints("align", 1)[0] != 0
	if mode < 0 || mode > 2 || border < 0 || border > 2 || g[3] != 2 || g[0] != x[0] && g[0] != 1 || x[2] > 1<<20 || x[3] > 1<<20 {
		s.bad("mode %d and border %d of dimensions %v and %v", mode, border, x, g)
	}
	s.result(x[0], x[1], g[1], g[2])
	move := func(p float32, n int) float32 {
		if border == 2 && (!align || n > 1) {
			edge, period := float32(-0.5), float64(2*n)
			if align {
				edge, period = 0, float64(2*n-2)
			}
			r := math.Mod(math.Abs(float64(p-edge)), period)
			p = float32(min(r, period-r)) + edge
		}
		if border != 0 {
			p = limited(p, 0, float32(n-1))
		}
		return p
	}
	taps := func(v float32, n int) []pixelTap {
		p := v + 1
		if align {
			p = float32(p*float32(n-1)) / 2
		} else {
			p = (float32(p*float32(n)) - 1) / 2
		}
		p = limited(p, -(1 << 22), 1<<22)
		if mode == 0 {
			return []pixelTap{{int(math.RoundToEven(float64(move(p, n)))), 1}}
		}
		if mode == 1 {
			p = move(p, n)
		}
		whole := float32(math.Floor(float64(p)))
		t := p - whole
		if mode == 1 {
			return []pixelTap{{int(whole), 1 - t}, {int(whole) + 1, t}}
		}
		u := 1 - t
		distances := [4]float32{t + 1, t, u, u + 1}
		var list []pixelTap
		for i, d := range distances {
			a := float32(1.25*d) - 2.25
			w := float32(float32(a*d)*d) + 1
			if i == 0 || i == 3 {
				a = float32(-0.75*d) + 3.75
				a = float32(a*d) - 6
				w = float32(a*d) + 3
			}
			list = append(list, pixelTap{int(move(whole+float32(i)-1, n)), w})
		}
		return list
	}
	return func() {
		places := g[1] * g[2]
		for i := range x[0] {
			s.alive()
			from := 0
			if g[0] > 1 {
				from = i * places
			}
			for p := range places {
				at := s.in[1].v[2*(from+p):]
				cols, rows := taps(at[0], x[3]), taps(at[1], x[2])
				for c := range x[1] {
					plane := s.in[0].v[(i*x[1]+c)*x[2]*x[3]:][:x[2]*x[3]]
					var sum float32
					for _, r := range rows {
						for _, q := range cols {
							if r.at < 0 || r.at >= x[2] || q.at < 0 || q.at >= x[3] {
								continue
							}
							sum += float32(float32(r.weight*q.weight) * plane[r.at*x[3]+q.at])
						}
					}
					s.out.v[(i*x[1]+c)*places+p] = sum
				}
			}
		}
	}
}

// A stretch is a region along an axis of size pixels, divided into bins with so many samples each.
type stretch struct {
	begin, bin    float32
	samples, size int
}

// beside are the two pixels beside a sample with their weights, none where it lies outside.
func (r *stretch) beside(bin, i int) []pixelTap {
	p := r.begin + float32(float32(bin)*r.bin)
	p += float32((float32(i)+0.5)*r.bin) / float32(r.samples)
	switch {
	case !(p >= -1 && p <= float32(r.size)):
		return nil
	case p <= 0:
		p = 0
	}
	if p >= float32(r.size-1) {
		return []pixelTap{{r.size - 1, 1}, {r.size - 1, 0}}
	}
	low := float32(math.Floor(float64(p)))
	return []pixelTap{{int(low), 1 - (p - low)}, {int(low) + 1, p - low}}
}

func hostRoiAlign(s *hostStep) func() {
	s.want(2, 2)
	s.rank(s.in[0], 4)
	s.rank(s.in[1], 2)
	x, images, size := s.in[0].dims, s.ints("batch", -1), s.ints("size", 2)
	samples, scale := s.ints("samples", 1)[0], s.float("scale")
	half, greatest := s.ints("half_pixel", 1)[0] != 0, s.ints("greatest", 1)[0] != 0
	if samples < 0 || samples > 256 || s.in[1].dims[1] != 4 || s.in[1].dims[0] != len(images) || size[0] < 1 || size[1] < 1 || x[2] > 1<<20 || x[3] > 1<<20 {
		s.bad("%d images of regions of dimensions %v, bins %v, samples %d", len(images), s.in[1].dims, size, samples)
	}
	for _, i := range images {
		if i < 0 || i >= x[0] {
			s.bad("image %d of %d", i, x[0])
		}
	}
	s.result(len(images), x[1], size[0], size[1])
	along := func(from, to float32, bins, n int) stretch {
		begin, end := float32(from*scale), float32(to*scale)
		if half {
			begin, end = begin-0.5, end-0.5
		}
		long := end - begin
		if !half {
			long = limited(long, 1, float32(math.Inf(1)))
		}
		r := stretch{begin, long / float32(bins), samples, n}
		if samples == 0 && r.bin > 0 {
			r.samples = int(limited(float32(math.Ceil(float64(r.bin))), 0, 256))
		}
		return r
	}
	return func() {
		at := 0
		for k, image := range images {
			s.alive()
			roi := s.in[1].v[4*k:]
			ys, xs := along(roi[1], roi[3], size[0], x[2]), along(roi[0], roi[2], size[1], x[3])
			for c := range x[1] {
				plane := s.in[0].v[(image*x[1]+c)*x[2]*x[3]:]
				for oy := range size[0] {
					for ox := range size[1] {
						s.out.v[at] = ys.gather(&xs, plane, oy, ox, greatest)
						at++
					}
				}
			}
		}
	}
}

// gather is the mean of a bin's samples, or the greatest of their products.
func (r *stretch) gather(cols *stretch, plane []float32, oy, ox int, greatest bool) float32 {
	var sum float32
	var seen bool
	take := func(v float32) {
		switch {
		case !greatest:
			sum += v
		case !seen || v > sum || v != v && sum == sum:
			sum = v
		}
		seen = true
	}
	for i := range r.samples {
		rows := r.beside(oy, i)
		for j := range cols.samples {
			across := cols.beside(ox, j)
			if rows == nil || across == nil {
				take(0)
				continue
			}
			for _, p := range rows {
				for _, q := range across {
					take(float32(float32(p.weight*q.weight) * plane[p.at*cols.size+q.at]))
				}
			}
		}
	}
	if n := r.samples * cols.samples; n > 0 && !greatest {
		sum /= float32(n)
	}
	return sum
}
