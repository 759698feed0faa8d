// SPDX-License-Identifier: MIT-0

package rt

import "math"

// ChannelsArgs describe N samples of P positions of C channels.
type ChannelsArgs struct {
	N, P, C int
	Eps     float32
}

// Scratch is how many numbers of memory a call needs: two sums of each channel of each sample.
func (a *ChannelsArgs) Scratch() int { return 2 * a.N * a.C }

// samples calls f for this worker's samples with the numbers of the sample and a row of sums, which is
// clear.
func (a *ChannelsArgs) samples(w *Worker, sums []float32, f func(sum []float32, at int)) {
	lo, hi := w.share(a.N, 1)
	for n := lo; n < hi; n++ {
		row := sums[n*a.C : (n+1)*a.C]
		clear(row)
		f(row, n*a.P*a.C)
	}
	w.wait()
}

// total adds the samples' sums in ascending order and calls f with each channel's total.
func (a *ChannelsArgs) total(w *Worker, sums []float32, f func(c int, total float32)) {
	lo, hi := w.share(a.C, 16)
	for c := lo; c < hi; c++ {
		var t float32
		for n := range a.N {
			t = float32(t + sums[n*a.C+c])
		}
		f(c, t)
	}
	w.wait()
}

// ChannelSum adds up the elements of every channel: those of a sample in ascending order from +0, then
// the samples'.
func ChannelSum(w *Worker, a *ChannelsArgs, dst, src, scratch []float32) {
	a.samples(w, scratch, func(sum []float32, at int) {
		for range a.P {
			for i, v := range src[at : at+len(sum)] {
				sum[i] = float32(sum[i] + v)
			}
			at += len(sum)
		}
	})
	a.total(w, scratch, func(c int, t float32) { dst[c] = t })
}

// BatchStatistics gives the mean of every channel and the mean squared distance from it.
func BatchStatistics(w *Worker, a *ChannelsArgs, mean, variance, src, scratch []float32) {
	n := float32(a.N * a.P)
	a.samples(w, scratch, func(sum []float32, at int) {
		for range a.P {
			for i, v := range src[at : at+len(sum)] {
				sum[i] = float32(sum[i] + v)
			}
			at += len(sum)
		}
	})
	a.total(w, scratch, func(c int, t float32) { mean[c] = float32(t / n) })
	a.samples(w, scratch, func(sum []float32, at int) {
		m := mean[:len(sum)]
		for range a.P {
			for i, v := range src[at : at+len(sum)] {
				d := float32(v - m[i])
				sum[i] = float32(sum[i] + float32(d*d))
			}
			at += len(sum)
		}
	})
	a.total(w, scratch, func(c int, t float32) { variance[c] = float32(t / n) })
}

// BatchNormBy is batch normalization with statistics from memory.
func BatchNormBy(w *Worker, a *ChannelsArgs, dst, src, gamma, beta, mean, variance, scratch []float32) {
	k, b := scratch[:a.C], scratch[a.C:2*a.C]
	if w.alone() {
		for c := range k {
			k[c] = float32(gamma[c] / float32(math.Sqrt(float64(float32(variance[c]+a.Eps)))))
			b[c] = float32(beta[c] - float32(mean[c]*k[c]))
		}
	}
	w.wait()
	lo, hi := w.share(a.N*a.P, 1)
	for p := lo; p < hi; p++ {
		to, from := dst[p*a.C:(p+1)*a.C], src[p*a.C:(p+1)*a.C]
		for i, v := range from {
			to[i] = float32(float32(v*k[i]) + b[i])
		}
	}
	w.wait()
}

// BatchNormSums gives the gradients of beta, the sum of grad, and of gamma, the sum of grad times
// normalized source.
func BatchNormSums(w *Worker, a *ChannelsArgs, dgamma, dbeta, src, grad, mean, variance, scratch []float32) {
	betas, gammas := scratch[:a.N*a.C], scratch[a.N*a.C:]
	r := make([]float32, a.C)
	for c := range r {
		r[c] = inverse(variance[c], a.Eps)
	}
	a.samples(w, betas, func(sum []float32, at int) {
		other := gammas[at/a.P:][:len(sum)]
		clear(other)
		m, r := mean[:len(sum)], r[:len(sum)]
		for range a.P {
			x := src[at : at+len(sum)]
			for i, g := range grad[at : at+len(sum)] {
				sum[i] = float32(sum[i] + g)
				other[i] = float32(other[i] + float32(g*float32(float32(x[i]-m[i])*r[i])))
			}
			at += len(sum)
		}
	})
	a.total(w, betas, func(c int, t float32) { dbeta[c] = t })
	a.total(w, gammas, func(c int, t float32) { dgamma[c] = t })
}

func inverse(variance, eps float32) float32 {
	return float32(1 / float32(math.Sqrt(float64(float32(variance+eps)))))
}

// BatchNormGrad gives the gradient by the source.
func BatchNormGrad(w *Worker, a *ChannelsArgs, dst, src, grad, gamma, mean, variance, dgamma, dbeta []float32) {
	n := float32(a.N * a.P)
	k, r, db, dg := make([]float32, a.C), make([]float32, a.C), make([]float32, a.C), make([]float32, a.C)
	for c := range k {
		r[c] = inverse(variance[c], a.Eps)
		k[c] = float32(gamma[c] * r[c])
		db[c], dg[c] = float32(dbeta[c]/n), float32(dgamma[c]/n)
	}
	lo, hi := w.share(a.N*a.P, 1)
	for p := lo; p < hi; p++ {
		to, x, g := dst[p*a.C:(p+1)*a.C], src[p*a.C:(p+1)*a.C], grad[p*a.C:(p+1)*a.C]
		m := mean[:len(to)]
		for i := range to {
			h := float32(float32(x[i]-m[i]) * r[i])
			to[i] = float32(k[i] * float32(float32(g[i]-db[i])-float32(h*dg[i])))
		}
	}
	w.wait()
}
