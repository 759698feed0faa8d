package sim

import (
	"math"
	"math/rand/v2"
	"testing"
)

// Rounding to half and the orders of halves against float32 arithmetic.
func TestHalf(t *testing.T) {
	h := halfTable()
	for i, v := range h {
		if v != v {
			continue
		}
		if got := toHalf(v); int(got) != i {
			t.Fatalf("half %#x is %v and rounds to %#x", i, v, got)
		}
	}
	// Between two neighbours: the nearer one, the even one on a tie.
	for i := range 0x7c00 {
		next := float64(h[i+1])
		if i+1 == 0x7c00 {
			next = 65536
		}
		mid := (float64(h[i]) + next) / 2
		even := uint16(i + i&1)
		for v, want := range map[float32]uint16{float32(mid): even, math.Nextafter32(float32(mid), 0): uint16(i), math.Nextafter32(float32(mid), 1e9): uint16(i + 1)} {
			if got := toHalf(v); got != want {
				t.Fatalf("%v rounds to %#x, want %#x", v, got, want)
			}
			if got := toHalf(-v); got != want|0x8000 {
				t.Fatalf("%v rounds to %#x", -v, got)
			}
		}
	}
	r := rand.New(rand.NewPCG(1, 1))
	for range 200000 {
		a, b := uint16(r.Uint32()), uint16(r.Uint32())
		if r.IntN(8) == 0 {
			b = a ^ 0x8000
		}
		if got, want := halfMax(a, b), toHalf(max(h[a], h[b])); got != want {
			t.Fatalf("max(%#x, %#x) = %#x, want %#x", a, b, got, want)
		}
		if got, want := halfMin(a, b), toHalf(min(h[a], h[b])); got != want {
			t.Fatalf("min(%#x, %#x) = %#x, want %#x", a, b, got, want)
		}
	}
	if halfMax(0, 0x8000) != 0 || halfMin(0, 0x8000) != 0x8000 {
		t.Error("zeros")
	}
}

// The set of defined bytes against one flag per byte.
func TestBitset(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 2))
	const n = 300
	b, plain := newBitset(n), make([]bool, n)
	for range 3000 {
		lo := r.IntN(n)
		hi := lo + 1 + r.IntN(min(n-lo, 1+r.IntN(150)))
		switch r.IntN(4) {
		case 0:
			b.set(lo, hi)
			for i := lo; i < hi; i++ {
				plain[i] = true
			}
		case 1:
			b.clear(lo)
			plain[lo] = false
		default:
			want, first := true, n
			for i := lo; i < hi; i++ {
				want = want && plain[i]
			}
			for i := n - 1; i >= 0; i-- {
				if !plain[i] {
					first = i
				}
			}
			if got := b.all(lo, hi); got != want || b.get(lo) != plain[lo] || b.firstClear(n) != first {
				t.Fatalf("all(%d, %d) = %v, want %v; first clear %d, want %d", lo, hi, got, want, b.firstClear(n), first)
			}
		}
	}
}
