package train

// A Random is a stream of numbers that depends on its seeds alone: SplitMix64 (Steele, Lea and Flood
// 2014). Streams of an epoch or a sample are made anew, so that a resumed run draws what it would have
// drawn.
type Random struct{ state uint64 }

// NewRandom mixes seeds into a stream.
func NewRandom(seeds ...uint64) *Random {
	r := &Random{}
	for _, s := range seeds {
		r.state = r.Next() ^ s
	}
	return r
}

// Next is the next number.
func (r *Random) Next() uint64 {
	r.state += 0x9e3779b97f4a7c15
	z := r.state
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// Below is a number from 0 to n-1. The remainder's bias, n/2^64, is nothing for any n of a data set.
func (r *Random) Below(n int) int { return int(r.Next() % uint64(n)) }

// Uniform is a number in [0, 1).
func (r *Random) Uniform() float64 { return float64(r.Next()>>11) / (1 << 53) }

// Order is a permutation of n samples.
func (r *Random) Order(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	for i := n - 1; i > 0; i-- {
		j := r.Below(i + 1)
		out[i], out[j] = out[j], out[i]
	}
	return out
}
