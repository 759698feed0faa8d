package calib

import "math"

// MSEScales gives symmetric scales, one or one for each channel, that minimise the squared error of
// bits-wide codes: the best of parts of the range of ARQ, from 0.3 to 1 in steps of 0.01, the largest of
// equal ones.
func MSEScales(w []float32, channels int, perChannel bool, bits int) []float32 {
	scale, _ := ARQ(w, channels, perChannel, bits)
	per := len(w) / len(scale)
	lo, hi := CodeRange(bits)
	each(len(scale), func(c int) {
		part := w[c*per : (c+1)*per]
		full, best := scale[c], math.Inf(1)
		for step := 100; step >= 30; step-- {
			s := float32(full * float32(float32(step)/100))
			if s < Eps {
				break
			}
			var e float64
			for _, v := range part {
				q := min(max(math.RoundToEven(float64(float32(v/s))), float64(lo)), float64(hi))
				d := float64(float32(q)*s) - float64(v)
				e += float64(d * d)
			}
			if e < best {
				best, scale[c] = e, s
			}
		}
	})
	return scale
}

// KLScales are the initial scales of AdaRound (AMCT 2.7), one or one for each channel.
func KLScales(w []float32, channels int, perChannel bool, bits int) []float32 {
	n := 1
	if perChannel {
		n = channels
	}
	out := make([]float32, n)
	per := len(w) / n
	each(n, func(c int) { out[c] = KLScale(w[c*per:(c+1)*per], bits) })
	return out
}

// KLScale is the scale of AdaRound (AMCT 2.7): of the 20 widest ranges of a histogram of 512 bins the one
// whose 255 merged bins lose least information; codes are bits wide.
func KLScale(w []float32, bits int) float32 {
	const bins, merged, tries = 512, 255, 20
	var top float64
	for _, v := range w {
		top = max(top, math.Abs(float64(v)))
	}
	if top == 0 {
		return 1
	}
	width := 2 * top / bins
	var hist [bins]float64
	for _, v := range w {
		k := int(math.Floor((float64(v) + top) / width))
		hist[min(max(k, 0), bins-1)]++
	}
	best, bestKL := 0, math.Inf(1)
	for i := range tries {
		part := hist[i : bins-i]
		p := append([]float64(nil), part...)
		for j := range i {
			p[0] += hist[j]
			p[len(p)-1] += hist[bins-1-j]
		}
		if kl := divergence(p, spreadBins(p, merged)); kl < bestKL {
			best, bestKL = i, kl
		}
	}
	_, hi := CodeRange(bits)
	if s := float32((top - float64(float64(best)*width)) / float64(hi+1)); s >= Eps {
		return s
	}
	return 1
}

// spreadBins merges bins and spreads the mass of each merged one over its bins that are not empty.
func spreadBins(p []float64, merged int) []float64 {
	q := make([]float64, len(p))
	width := float64(len(p)) / float64(merged)
	for j := range merged {
		a, b := int(math.Ceil(float64(j)*width)), int(math.Ceil(float64(j+1)*width))
		if j == merged-1 {
			b = len(p)
		}
		var sum, n float64
		for _, v := range p[a:b] {
			sum += v
			if v != 0 {
				n++
			}
		}
		for k := a; k < b; k++ {
			if p[k] != 0 {
				q[k] = sum / n
			}
		}
	}
	return q
}

// divergence is that of Kullback and Leibler of two smoothed histograms.
func divergence(p, q []float64) float64 {
	smooth(p)
	smooth(q)
	var sp, sq float64
	for i := range p {
		sp += p[i]
		sq += q[i]
	}
	var kl float64
	for i := range p {
		a, b := p[i]/sp, q[i]/sq
		if a > 0 && b > 0 {
			kl += float64(a * math.Log(a/b))
		}
	}
	return kl
}

// smooth takes a ten-thousandth from bins that are not empty for each that is.
func smooth(p []float64) {
	const eps = 1e-4
	zeros := 0
	for _, v := range p {
		if v == 0 {
			zeros++
		}
	}
	rest := len(p) - zeros
	if rest == 0 {
		return
	}
	take := eps * float64(zeros) / float64(rest)
	if take >= 1 {
		return
	}
	for i, v := range p {
		if v == 0 {
			p[i] = eps
		} else {
			p[i] -= take
		}
	}
}
