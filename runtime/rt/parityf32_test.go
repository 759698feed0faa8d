// SPDX-License-Identifier: MIT-0

package rt

import (
	"math"
	"math/rand/v2"
	"testing"
	"unsafe"
)

// wildFloats are numbers among which sums meet infinities, zeros of both signs and subnormals.
func wildFloats(r *rand.Rand, n int) []float32 {
	special := []float32{0, float32(math.Copysign(0, -1)), 1e-42, -1e-42, float32(math.Inf(1)), float32(math.Inf(-1)), 3e38, -3e38, 1}
	wild := r.IntN(2) == 0
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(r.NormFloat64())
		if r.IntN(4) == 0 {
			x[i] = float32(math.Copysign(0, float64(r.IntN(2)-1)))
		}
		if wild && r.IntN(12) == 0 {
			x[i] = special[r.IntN(len(special))]
		}
	}
	return x
}

// sameFloats compares bits; a NaN equals any other.
func sameFloats(t *testing.T, what string, got, want []float32) {
	t.Helper()
	for i := range want {
		if math.Float32bits(got[i]) != math.Float32bits(want[i]) && !(got[i] != got[i] && want[i] != want[i]) {
			t.Fatalf("%s: number %d of %d is %v (%08x), want %v (%08x)", what, i, len(want), got[i], math.Float32bits(got[i]), want[i], math.Float32bits(want[i]))
		}
	}
}

// TestTileF32 holds the matrix kernels for float32 numbers against their definition.
func TestTileF32(t *testing.T) {
	eachISA(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(13, 14))
		for range 1500 {
			lanes := [...]int{16, 32, 64}[r.IntN(3)]
			channels := 1 + r.IntN(lanes)
			n, segs, taps := 1+r.IntN(chunk), 1+r.IntN(4), 1+r.IntN(30)
			step, skip := 4*r.IntN(9), r.IntN(3)
			width := segs*(4*taps+step) - step
			src, w, bias := wildFloats(r, width/4+r.IntN(200)), wildFloats(r, segs*(taps+skip)*lanes), wildFloats(r, lanes)
			offs, outs := make([]int32, n), make([]int32, n)
			for i := range offs {
				offs[i], outs[i] = int32(4*r.IntN(len(src)-width/4+1)), int32(4*i*(channels+3))
			}
			a := tileF32{src: unsafe.Pointer(&src[0]), offs: &offs[0], outs: &outs[0], n: n, w: &w[0], bias: &bias[0], segs: segs, taps: taps, step: step,
				skip: 4 * lanes * skip, row: 4 * lanes, mask: 1<<channels - 1}
			want := newGuarded[float32](r, n*(channels+3)+lanes)
			got := want.clone()
			a.dst = unsafe.Pointer(&want.part[0])
			a.runGeneric(lanes)
			a.dst = unsafe.Pointer(&got.part[0])
			a.run(lanes)
			sameFloats(t, "tile", got.all, want.all)
		}
	})
}

// TestSpotsF32 holds the depthwise kernel for float32 numbers against its definition.
func TestSpotsF32(t *testing.T) {
	eachISA(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(15, 16))
		for range 500 {
			c, n, rows, cols := 1+r.IntN(70), 1+r.IntN(9), 1+r.IntN(4), 1+r.IntN(4)
			s := spotsF32{n: n, c: 4 * c, rows: rows, cols: cols, col: 4 * c * (1 + r.IntN(2)), stride: 4 * c * (1 + r.IntN(2)), ldd: 4 * c, wcol: 4 * c, skip: 4 * c * r.IntN(2)}
			s.row = cols*s.col + 4*r.IntN(9)
			src := wildFloats(r, ((n-1)*s.stride+(rows-1)*s.row+(cols-1)*s.col)/4+c)
			w, bias := wildFloats(r, rows*(cols*c+s.skip/4)), wildFloats(r, c)
			s.src, s.w, s.bias = unsafe.Pointer(&src[0]), unsafe.Pointer(&w[0]), unsafe.Pointer(&bias[0])
			want := newGuarded[float32](r, n*c)
			got := want.clone()
			s.dst = unsafe.Pointer(&want.part[0])
			s.runGeneric()
			s.dst = unsafe.Pointer(&got.part[0])
			s.run()
			sameFloats(t, "spots", got.all, want.all)
		}
	})
}

// TestRowsF32 holds functions of rows against their definition: bits of NaN, infinities, both zeros.
func TestRowsF32(t *testing.T) {
	special := []float32{float32(math.NaN()), math.Float32frombits(0xffc12345), float32(math.Inf(1)), float32(math.Inf(-1)), 0, float32(math.Copysign(0, -1)), 1, -1, 6, 1e-42, math.MaxFloat32}
	eachISA(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(13, 14))
		draw := func(n int) []float32 {
			v := newGuarded[float32](r, n).part
			for i := range v {
				v[i] = special[r.IntN(len(special))]
				if r.IntN(2) == 0 {
					v[i] = float32(r.NormFloat64())
				}
			}
			return v
		}
		for n := 1; n < 200; n++ {
			x, y := draw(n), draw(n)
			for name, f := range map[string][2]func(*rowF32){
				"relu": {(*rowF32).reluGeneric, (*rowF32).relu}, "clip": {(*rowF32).clipGeneric, (*rowF32).clip}, "add": {(*rowF32).addGeneric, (*rowF32).add},
				"mul": {(*rowF32).mulGeneric, (*rowF32).mul}, "max": {(*rowF32).maxGeneric, (*rowF32).max},
			} {
				want := newGuarded[float32](r, n)
				got := want.clone()
				f[0](&rowF32{dst: want.part, x: x, y: y, hi: 6})
				f[1](&rowF32{dst: got.part, x: x, y: y, hi: 6})
				for i := range want.all {
					a, b := want.all[i], got.all[i]
					if math.Float32bits(a) != math.Float32bits(b) && !(a != a && b != b && (name == "add" || name == "mul")) {
						t.Fatalf("%s of %d numbers: number %d is %x, want %x", name, n, i-margin, math.Float32bits(b), math.Float32bits(a))
					}
				}
			}
		}
	})
}
