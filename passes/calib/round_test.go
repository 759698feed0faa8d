package calib

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// gramError is the mean squared error at the output.
func gramError(codes []int8, w, scale []float32, rows []float32, k int) float64 {
	out := len(w) / k
	var sum float64
	n := 0
	for x := rows; len(x) >= k; x = x[k:] {
		for o := range out {
			var e float64
			s := float64(scale[o%len(scale)])
			for i := range k {
				e += (float64(codes[o*k+i])*s - float64(w[o*k+i])) * float64(x[i])
			}
			sum += e * e
			n++
		}
	}
	return sum / float64(n)
}

// TestGoldenGPTQ is AMCT 9.6.
func TestGoldenGPTQ(t *testing.T) {
	w, x := g(32, 31), g(48, 33)
	for i := range w {
		w[i] /= 16
	}
	for i := range x {
		x[i] /= 8
		if i%8 == 2 {
			x[i] *= 8
		}
	}
	scale, nearest := ARQ(w, 4, true, 4)
	for i, want := range []float32{0.123474121, 0.096359387, 0.118086815, 0.105109334} {
		if math.Abs(float64(scale[i]-want)) > 1e-8 {
			t.Errorf("scale %d: %v, want %v", i, scale[i], want)
		}
	}
	gram := NewGram(8)
	gram.Add(x)
	codes, err := GPTQ(w, scale, gram, Levels(4))
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(codes[:8], nearest[:8]) {
		t.Errorf("row 0: %v, want %v", codes[:8], nearest[:8])
	}
	if want := []int8{0, -1, 2, 7, 7, 3, -3, -1}; !slices.Equal(codes[8:16], want) {
		t.Errorf("row 1: %v, want %v", codes[8:16], want)
	}
	if want := []int8{-1, -3, 2, 7, 6, 4, -2, -3}; !slices.Equal(nearest[8:16], want) {
		t.Errorf("row 1 to nearest: %v, want %v", nearest[8:16], want)
	}
	e, n := gramError(codes, w, scale, x, 8), gramError(nearest, w, scale, x, 8)
	if math.Abs(e-0.00263535) > 1e-7 || math.Abs(n-0.00991575) > 1e-7 {
		t.Errorf("errors %v and %v", e, n)
	}
	before := e
	Descend(codes, w, scale, gram, Levels(4), 0)
	if e := gramError(codes, w, scale, x, 8); e > before+1e-12 {
		t.Errorf("descent raised the error from %v to %v", before, e)
	}
	t.Logf("golden values of AMCT 9.6: %d", 4+2*8+2)
}

// TestDescend holds the descent against all codes of a row of four.
func TestDescend(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	worse := 0
	for range 50 {
		const k = 4
		w, x := make([]float32, k), make([]float32, 10*k)
		for i := range w {
			w[i] = float32(r.NormFloat64())
		}
		for i := range x {
			x[i] = float32(r.NormFloat64()) + x[i/k*k]
		}
		scale, codes := ARQ(w, 1, true, 3)
		gram := NewGram(k)
		gram.Add(x)
		before := gramError(codes, w, scale, x, k)
		Descend(codes, w, scale, gram, Levels(3), 0)
		got := gramError(codes, w, scale, x, k)
		if got > before+1e-9 {
			t.Fatalf("the error rose from %v to %v", before, got)
		}
		best := math.Inf(1)
		try := make([]int8, k)
		for c := range 8 * 8 * 8 * 8 {
			for i := range try {
				try[i] = int8(c>>(3*i)&7 - 4)
			}
			best = min(best, gramError(try, w, scale, x, k))
		}
		if got > 2*best+1e-9 {
			worse++
		}
	}
	if worse > 15 {
		t.Errorf("%d of 50 rows ended at more than twice the least error", worse)
	}
}

// TestGoldenKL is AMCT 9.3.
func TestGoldenKL(t *testing.T) {
	for _, c := range []struct {
		w    []float32
		want float32
	}{{g(36, 3), 0.114523351}, {g(1024, 1), 0.118743628}} {
		if s := KLScale(c.w, 8); math.Abs(float64(s-c.want)) > 2e-8 {
			t.Errorf("%v, want %v", s, c.want)
		}
	}
	t.Logf("golden values of AMCT 9.3: %d", 2)
}

func TestNUQ(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 2))
	w := make([]float32, 4*300)
	for i := range w {
		w[i] = float32(r.NormFloat64() * math.Exp(r.NormFloat64()) * float64(1+i/300))
	}
	scale, _ := ARQ(w, 4, true, 8)
	error := func(codes []int8, s []float32) (e float64) {
		for i, v := range w {
			d := float64(codes[i])*float64(s[i/300]) - float64(v)
			e += d * d
		}
		return e
	}
	last := math.Inf(1)
	for _, c := range []NUQConfig{{16, 0}, {32, 0}} {
		codes, cluster, s := NUQ(w, scale, c)
		if e := error(codes, s); e > last {
			t.Errorf("%+v: the error rose from %v to %v", c, last, e)
		} else {
			last = e
		}
		used := make(map[int8]bool)
		for _, q := range codes {
			used[q] = true
			if !slices.Contains(cluster, q) {
				t.Fatalf("%+v: code %d is no level", c, q)
			}
		}
		if len(cluster) > c.Steps || !slices.IsSorted(cluster) || !slices.Contains(cluster, 0) || len(used) > c.Steps {
			t.Errorf("%+v: levels %v", c, cluster)
		}
	}
	last = math.Inf(1)
	for n := range 4 {
		codes, _, s := NUQ(w, scale, NUQConfig{16, n})
		e := error(codes, s)
		if e > last*(1+1e-9) {
			t.Errorf("%d iterations: the error rose from %v to %v", n, last, e)
		}
		last = e
	}
	uniform, q4 := ARQ(w, 4, true, 4)
	if e := error(q4, uniform); last >= e {
		t.Errorf("16 levels err by %v, 4 bits by %v", last, e)
	}
}

// TestLevelsAreBest holds the levels of a code book against all others that have 0 among them.
func TestLevelsAreBest(t *testing.T) {
	r := rand.New(rand.NewPCG(6, 6))
	for range 10 {
		w := make([]float32, 9)
		for i := range w {
			w[i] = float32(r.NormFloat64())
		}
		scale, _ := ARQ(w, 3, true, 8)
		for i := range scale {
			scale[i] *= float32(1 + 7*r.Float64()) // codes stay small
		}
		levels := nuqLevels(w, scale, 3)
		got := weightError(w, scale, NearestLevels(w, scale, levels))
		if len(levels) > 3 || !slices.Contains(levels, 0) {
			t.Fatalf("levels %v", levels)
		}
		best := math.Inf(1)
		for a := -128; a <= 127; a++ {
			for b := a; b <= 127; b++ {
				try := []int8{int8(a), int8(b), 0}
				slices.Sort(try)
				best = min(best, weightError(w, scale, NearestLevels(w, scale, slices.Compact(try))))
			}
		}
		if got > best*(1+1e-9) {
			t.Errorf("levels %v err by %v, the best by %v", levels, got, best)
		}
	}
}

// TestLevelsMonotone: more levels never err more.
func TestLevelsMonotone(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 7))
	for range 5 {
		w := make([]float32, 400)
		for i := range w {
			w[i] = float32(r.NormFloat64() * math.Exp(2*r.NormFloat64()))
		}
		scale, _ := ARQ(w, 4, true, 8)
		last := math.Inf(1)
		for steps := 1; steps <= 32; steps++ {
			e := weightError(w, scale, NearestLevels(w, scale, nuqLevels(w, scale, steps)))
			if e > last*(1+1e-9) {
				t.Fatalf("%d levels err by %v, one less by %v", steps, e, last)
			}
			last = e
		}
	}
}
