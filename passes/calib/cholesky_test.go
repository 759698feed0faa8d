package calib

import (
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"gonum.org/v1/gonum/mat"
)

// gramOf is the Gram matrix of normal rows with common parts, of k numbers each.
func gramOf(r *rand.Rand, k, n int) (*Gram, []float32) {
	x := make([]float32, k*n)
	for i := range x {
		x[i] = float32(r.NormFloat64()) + x[i/k*k]
	}
	g := NewGram(k)
	g.Add(x)
	return g, x
}

func lower(g *Gram, damp float64) []float64 {
	a := make([]float64, g.K*g.K)
	for i := range g.K {
		for j := range i + 1 {
			a[i*g.K+j] = g.At(i, j)
		}
		a[i*g.K+i] += damp
	}
	return a
}

// TestCholesky holds the factor and the solution against the matrix, for sizes around the panel's, and
// that the bits do not depend on how many goroutines compute them.
func TestCholesky(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	for _, n := range []int{1, 2, panel - 1, panel, panel + 1, 2*panel + 5, 130} {
		g, _ := gramOf(r, n, n+3)
		c, ok := newCholesky(n, lower(g, .1))
		if !ok {
			t.Fatalf("%d: not positive definite", n)
		}
		for i := range n {
			for j := range i + 1 {
				want := g.At(i, j)
				if i == j {
					want += .1
				}
				if got := dot(c.l[i*n:i*n+j+1], c.l[j*n:j*n+j+1]); math.Abs(got-want) > 1e-9*float64(n)*(1+math.Abs(want)) {
					t.Fatalf("%d: element %d, %d is %v, want %v", n, i, j, got, want)
				}
			}
		}
		want := make([]float64, n)
		b := make([]float64, n)
		for i := range want {
			want[i] = r.NormFloat64()
		}
		for i := range b {
			for j, x := range want {
				b[i] += g.At(i, j) * x
			}
			b[i] += .1 * want[i]
		}
		c.solve(b)
		for i := range b {
			if math.Abs(b[i]-want[i]) > 1e-6 {
				t.Fatalf("%d: solution %d is %v, want %v", n, i, b[i], want[i])
			}
		}
		before := runtime.GOMAXPROCS(1)
		one, _ := newCholesky(n, lower(g, .1))
		runtime.GOMAXPROCS(before)
		if !slices.Equal(one.l, c.l) {
			t.Errorf("%d: another factor on one thread", n)
		}
	}
	if _, ok := newCholesky(2, []float64{1, 0, 2, 1}); ok {
		t.Error("an indefinite matrix has a factor")
	}
	if _, ok := newCholesky(1, []float64{math.NaN()}); ok {
		t.Error("NaN has a factor")
	}
}

// TestGPTQ holds the codes against the algorithm as it is published, with the inverse of the Hessian.
func TestGPTQ(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	for range 20 {
		k, out := 3+r.IntN(40), 5
		g, _ := gramOf(r, k, k+r.IntN(60))
		w := make([]float32, out*k)
		for i := range w {
			w[i] = float32(r.NormFloat64())
		}
		scale, _ := ARQ(w, out, true, 4)
		got, err := GPTQ(w, scale, g, Levels(4))
		if err != nil {
			t.Fatal(err)
		}
		want := published(t, w, scale, g, Levels(4))
		differ := 0
		for i := range got {
			if got[i] != want[i] {
				differ++
			}
		}
		if differ > 0 {
			t.Errorf("%d of %d codes differ", differ, len(got))
		}
	}
	if _, err := GPTQ([]float32{1}, []float32{1}, NewGram(1), Levels(4)); err == nil {
		t.Error("no error without rows")
	}
}

func published(t *testing.T, w, scale []float32, g *Gram, levels []int8) []int8 {
	t.Helper()
	k := g.K
	order := make([]int, k)
	var mean float64
	for i := range order {
		order[i] = i
		mean += 2 * g.At(i, i) / float64(g.Rows) / float64(k)
	}
	slices.SortStableFunc(order, func(a, b int) int {
		return int(math.Copysign(1, g.At(b, b)-g.At(a, a)))
	})
	h := mat.NewSymDense(k, nil)
	for i := range k {
		for j := i; j < k; j++ {
			v := 2 * g.At(order[i], order[j]) / float64(g.Rows)
			if i == j {
				v += .01 * mean
			}
			h.SetSym(i, j, v)
		}
	}
	var c mat.Cholesky
	var inverse mat.SymDense
	if !c.Factorize(h) || c.InverseTo(&inverse) != nil || !c.Factorize(&inverse) {
		t.Fatal("not positive definite")
	}
	var u mat.TriDense
	c.UTo(&u)
	codes := make([]int8, len(w))
	for o := range len(w) / k {
		row := make([]float64, k)
		for i, at := range order {
			row[i] = float64(w[o*k+at])
		}
		s := float64(scale[o])
		for i, at := range order {
			q := levels[nearestLevel(levels, row[i]/s)]
			codes[o*k+at] = q
			e := (row[i] - float64(q)*s) / u.At(i, i)
			for j := i + 1; j < k; j++ {
				row[j] -= e * u.At(i, j)
			}
		}
	}
	return codes
}

// TestCorrected: with inputs that the earlier layers left as they were the weights stay; with others the
// outputs come nearer to the ideal ones.
func TestCorrected(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	const k, out, n = 12, 4, 200
	g, rows := gramOf(r, k, n)
	w := make([]float32, out*k)
	for i := range w {
		w[i] = float32(r.NormFloat64())
	}
	same, err := Corrected(w, g, rows, rows)
	if err != nil {
		t.Fatal(err)
	}
	for i := range w {
		if math.Abs(float64(same[i]-w[i])) > 1e-5 {
			t.Fatalf("weight %d moved from %v to %v", i, w[i], same[i])
		}
	}
	ideal := slices.Clone(rows)
	for i := range ideal {
		ideal[i] += float32(.3 * r.NormFloat64())
		if i%k == 2 {
			ideal[i] = 2 * rows[i]
		}
	}
	better, err := Corrected(w, g, rows, ideal)
	if err != nil {
		t.Fatal(err)
	}
	miss := func(v []float32) (e float64) {
		for s := range n {
			for o := range out {
				var d float64
				for i := range k {
					d += float64(v[o*k+i])*float64(rows[s*k+i]) - float64(w[o*k+i])*float64(ideal[s*k+i])
				}
				e += d * d
			}
		}
		return e
	}
	if a, b := miss(better), miss(w); a > .7*b {
		t.Errorf("corrected weights miss the ideal outputs by %v, the original ones by %v", a, b)
	}
}
