package calib

import (
	"cmp"
	"errors"
	"math"
	"slices"
)

// A Gram is the sum of outer products of a layer's inputs: how errors of its weights add up at its
// output. It is filled by rows.
type Gram struct {
	K    int
	Rows int
	sum  []float64 // upper triangle of K by K
}

// NewGram is empty, for inputs of k numbers.
func NewGram(k int) *Gram { return &Gram{K: k, sum: make([]float64, k*k)} }

// gramRows is how many rows are added at a time.
const gramRows = 64

// Add adds rows of K numbers, one after another.
func (g *Gram) Add(rows []float32) {
	k := g.K
	wide := make([]float64, gramRows*k)
	for len(rows) >= k {
		n := min(gramRows, len(rows)/k)
		for i, v := range rows[:n*k] {
			wide[i] = float64(v)
		}
		each(k, func(i int) {
			for x := wide[:n*k]; len(x) > 0; x = x[k:] {
				if x[i] != 0 {
					axpy(x[i], x[i:k], g.sum[i*k+i:(i+1)*k])
				}
			}
		})
		rows = rows[n*k:]
		g.Rows += n
	}
}

// At is the sum of products of inputs i and j.
func (g *Gram) At(i, j int) float64 {
	if i > j {
		i, j = j, i
	}
	return g.sum[i*g.K+j]
}

// Levels are the codes of a width, ascending.
func Levels(bits int) []int8 {
	lo, hi := CodeRange(bits)
	var out []int8
	for q := lo; q <= hi; q++ {
		out = append(out, int8(q))
	}
	return out
}

// nearestLevel is the index of the level nearest to x, of two the even one where they are neighbouring
// codes, as rounding half to even gives it, and otherwise the lower.
func nearestLevel(levels []int8, x float64) int {
	i, _ := slices.BinarySearchFunc(levels, x, func(l int8, x float64) int {
		if float64(l) < x {
			return -1
		}
		return 1
	})
	if i == len(levels) {
		return i - 1
	}
	if i == 0 {
		return 0
	}
	below, above := x-float64(levels[i-1]), float64(levels[i])-x
	if below < above || below == above && levels[i-1]%2 == 0 {
		return i - 1
	}
	return i
}

// GPTQ rounds weights [out][K] to levels of fixed scales, one or one for each output, so that
// what the rounding of one weight does to the output is made up for by those that are rounded after it
// (AMCT 2.12; Frantar et al. 2023): inputs in descending order of their energy, the Hessian damped by a
// hundredth of its mean diagonal. Inputs that are always zero count as weights of zero.
//
// With H = U times its transpose, U upper triangular, an output's error is the squared length of U's
// transpose times the errors e of its weights, and element m of that depends on e up to m alone: each weight in
// turn is rounded from where that element would be zero. These are GPTQ's codes, without the inverse of H.
func GPTQ(w, scale []float32, g *Gram, levels []int8) ([]int8, error) {
	k := g.K
	if g.Rows == 0 {
		return nil, ErrEmpty
	}
	dead := make([]bool, k)
	energy := make([]float64, k)
	var mean float64
	for i := range k {
		energy[i] = 2 * g.At(i, i) / float64(g.Rows)
		if energy[i] == 0 {
			dead[i], energy[i] = true, 1
		}
		mean += energy[i]
	}
	damp := 0.01 * mean / float64(k)
	// The last weight to be rounded comes first: L of that order is U turned round.
	order := make([]int, k)
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(energy[b], energy[a]) })
	slices.Reverse(order)
	a := make([]float64, k*k)
	for i := range k {
		for j := range i {
			a[i*k+j] = 2 * g.At(order[i], order[j]) / float64(g.Rows)
		}
		a[i*k+i] = energy[order[i]] + damp
	}
	l, ok := newCholesky(k, a)
	if !ok {
		return nil, errors.New("the inputs' Hessian is not positive definite")
	}
	out := len(w) / k
	codes := make([]int8, len(w))
	each(out, func(o int) {
		s := float64(scaleOf(scale, o))
		carried := make([]float64, k) // sum of L[j][i]*e_j over the weights j rounded before
		for i := k - 1; i >= 0; i-- {
			want := float64(w[o*k+order[i]])
			if dead[order[i]] {
				want = 0
			}
			q := levels[nearestLevel(levels, (want-carried[i]/l.at(i, i))/s)]
			codes[o*k+order[i]] = q
			axpy(float64(float64(q)*s)-want, l.row(i), carried)
		}
	})
	return codes, nil
}

// scaleOf is the scale of output o.
func scaleOf(scale []float32, o int) float32 {
	if len(scale) == 1 {
		return scale[0]
	}
	return scale[o]
}

// Descend improves codes [out][K] of weights that are wanted to be w: it moves one code to a neighbouring level at a time
// as long as the output's squared error falls, the best move of a row first. slack is what is added to
// the diagonal, as a part of its mean, so that codes do not wander along inputs that the data do not tell apart.
func Descend(codes []int8, w, scale []float32, g *Gram, levels []int8, slack float64) {
	k := g.K
	// up and down are the steps from a code to the neighbouring levels; 0 where there is none.
	var up, down [256]float64
	for i := range levels[1:] {
		d := float64(levels[i+1]) - float64(levels[i])
		up[uint8(levels[i])], down[uint8(levels[i+1])] = d, -d
	}
	diag := make([]float64, k)
	var mean float64
	for i := range k {
		diag[i] = g.At(i, i)
		mean += diag[i]
	}
	damp := slack * mean / float64(k)
	full := make([]float64, k*k)
	for i := range k {
		diag[i] += damp
		for j := range k {
			full[i*k+j] = g.At(i, j)
		}
		full[i*k+i] = diag[i]
	}
	each(len(codes)/k, func(o int) {
		s := float64(scaleOf(scale, o))
		row, want := codes[o*k:(o+1)*k], w[o*k:(o+1)*k]
		// force is the gradient of the squared error by each weight, halved.
		force := make([]float64, k)
		for i := range k {
			d := float64(float64(row[i])*s) - float64(want[i])
			if d == 0 {
				continue
			}
			for j, v := range full[i*k : (i+1)*k] {
				force[j] += float64(d * v)
			}
		}
		for range 4 * k {
			best, step, gain := -1, 0.0, 0.0
			for i, f := range force {
				move := float64(down[uint8(row[i])] * s)
				if f < 0 {
					move = float64(up[uint8(row[i])] * s)
				}
				// The error changes by 2*move*force + move^2*diag.
				if d := float64(2*move*f) + float64(move*move*diag[i]); d < gain {
					best, step, gain = i, move, d
				}
			}
			if best < 0 || gain > -1e-12*diag[best]*s*s {
				return
			}
			row[best] += int8(math.Round(step / s))
			for j, v := range full[best*k : (best+1)*k] {
				force[j] += float64(step * v)
			}
		}
	})
}
