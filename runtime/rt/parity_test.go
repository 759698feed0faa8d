// SPDX-License-Identifier: MIT-0

package rt

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"unsafe"
)

// eachISA runs a test with every instruction set that this machine has.
func eachISA(t *testing.T, f func(t *testing.T)) {
	was := machine
	defer func() { machine = was }()
	for i, name := range isaNames {
		if has(ISA(i)) {
			machine = ISA(i)
			t.Run(name, f)
		}
	}
}

// guarded is n elements with a margin on both sides of which the kernels must not change anything.
type guarded[T uint8 | int32 | float32] struct{ all, part []T }

const margin = 128

func newGuarded[T uint8 | int32 | float32](r *rand.Rand, n int) guarded[T] {
	g := guarded[T]{all: make([]T, n+2*margin)}
	for i := range g.all {
		g.all[i] = T(r.IntN(200))
	}
	g.part = g.all[margin : margin+n : margin+n]
	return g
}

func (g guarded[T]) clone() guarded[T] {
	c := guarded[T]{all: append([]T(nil), g.all...)}
	c.part = c.all[margin : margin+len(g.part) : margin+len(g.part)]
	return c
}

func (g guarded[T]) same(o guarded[T]) error {
	a := unsafe.Slice((*byte)(unsafe.Pointer(&g.all[0])), len(g.all)*int(unsafe.Sizeof(g.all[0])))
	b := unsafe.Slice((*byte)(unsafe.Pointer(&o.all[0])), len(o.all)*int(unsafe.Sizeof(o.all[0])))
	if bytes.Equal(a, b) {
		return nil
	}
	for i := range g.all {
		if math.Float64bits(float64(g.all[i])) != math.Float64bits(float64(o.all[i])) {
			return fmt.Errorf("element %d of %d is %v, want %v", i-margin, len(g.part), g.all[i], o.all[i])
		}
	}
	return fmt.Errorf("numbers of different signs of zero")
}

func weights8(r *rand.Rand, n int) []int8 {
	w := make([]int8, n)
	for i := range w {
		w[i] = int8(r.IntN(256))
		if r.IntN(8) == 0 {
			w[i] = [2]int8{-128, 127}[r.IntN(2)]
		}
	}
	return w
}

// factors draws multipliers of which some take sums far out of range and some give ties.
func factors(r *rand.Rand, n int) []float32 {
	m := make([]float32, n)
	kinds := 5 + r.IntN(2)
	for i := range m {
		m[i] = [...]float32{0.5, 1. / 1024, float32(r.Float64() * 0.01), float32(r.Float64() * 0.0001), 0, 3e5}[r.IntN(kinds)]
	}
	return m
}

// bounded says whether sums as these tests give them stay below 2^31.
func bounded(m []float32) bool { return slices.Max(m) < 1 }

func randomCodes(r *rand.Rand) Codes {
	lo, hi := r.IntN(256), r.IntN(256)
	if lo > hi {
		lo, hi = hi, lo
	}
	if r.IntN(2) == 0 {
		lo, hi = 0, 255
	}
	zero := r.IntN(256)
	if r.IntN(3) == 0 {
		lo, hi, zero = 0, 255, 0
	}
	return Codes{Lo: float32(lo - zero), Hi: float32(hi - zero), Zero: int32(zero), NaN: uint8(min(max(zero, lo), hi))}
}

// TestTile holds the matrix kernels against their definition.
func TestTile(t *testing.T) {
	eachISA(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(1, 2))
		for range 3000 {
			lanes := [...]int{16, 32, 64}[r.IntN(3)]
			channels := 1 + r.IntN(lanes)
			n := 1 + r.IntN(chunk)
			segs, quads := 1+r.IntN(4), 1+r.IntN(20)
			step := r.IntN(40)
			width := segs*(4*quads+step) - step
			src := newGuarded[uint8](r, width+r.IntN(300))
			for i := range src.part {
				src.part[i] = uint8(r.IntN(256))
				if r.IntN(4) == 0 {
					src.part[i] = 255
				}
			}
			offs := make([]int32, n)
			for i := range offs {
				offs[i] = int32(r.IntN(len(src.part) - width + 1))
			}
			bias := make([]int32, lanes)
			for i := range bias {
				bias[i] = int32(r.IntN(200000) - 100000)
			}
			w, m := weights8(r, segs*quads*4*lanes), factors(r, lanes)
			q := randomCodes(r)
			tl := tile{src: unsafe.Pointer(&src.part[0]), offs: &offs[0], n: n, w: &w[0], bias: &bias[0], m: &m[0], segs: segs, groups: quads, step: step,
				mask: 1<<channels - 1}
			tl.by(Alone(0))
			tl.offs = &offs[0]
			tl.requantization(&q, &Packed{Bounded: bounded(m)})
			if r.IntN(3) == 0 {
				tl.sums, tl.ldd = 1, 4*lanes
				want := newGuarded[int32](r, n*lanes)
				got := want.clone()
				tl.dst = unsafe.Pointer(&want.part[0])
				tl.runGeneric(lanes)
				tl.dst = unsafe.Pointer(&got.part[0])
				tl.run(lanes)
				if err := got.same(want); err != nil {
					t.Fatalf("sums of %d pixels, %d lanes, %d segments of %d groups: %v", n, lanes, segs, quads, err)
				}
				continue
			}
			tl.ldd = channels + r.IntN(80)
			want := newGuarded[uint8](r, (n-1)*tl.ldd+channels)
			got := want.clone()
			tl.dst = unsafe.Pointer(&want.part[0])
			tl.runGeneric(lanes)
			tl.dst = unsafe.Pointer(&got.part[0])
			tl.run(lanes)
			if err := got.same(want); err != nil {
				t.Fatalf("codes of %d pixels, %d of %d lanes, %d segments of %d groups: %v", n, channels, lanes, segs, quads, err)
			}
		}
	})
}

// TestTileExtremes drives sums to the ends of int32, where the plan's proof allows them.
func TestTileExtremes(t *testing.T) {
	eachISA(t, func(t *testing.T) {
		const quads = 16000
		src := bytes.Repeat([]byte{255}, 4*quads)
		for _, v := range []int8{127, -128} {
			w := bytes.Repeat([]byte{byte(v)}, 4*quads*16)
			var offs [1]int32
			var bias, sums [16]int32
			var m [16]float32
			tl := tile{dst: unsafe.Pointer(&sums), src: unsafe.Pointer(&src[0]), offs: &offs[0], n: 1, w: (*int8)(unsafe.Pointer(&w[0])), bias: &bias[0], m: &m[0],
				segs: 1, groups: quads, ldd: 64, sums: 1}
			tl.by(Alone(0))
			tl.offs = &offs[0]
			tl.run(16)
			for _, s := range sums {
				if want := int32(v) * 255 * 4 * quads; s != want {
					t.Fatalf("sum %d, want %d", s, want)
				}
			}
		}
	})
}

// TestColumns holds the interleaving of rows against its definition.
func TestColumns(t *testing.T) {
	eachISA(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(3, 4))
		for n := 1; n < 400; n += 1 + n/40 {
			var c columns
			for i := range c.rows {
				c.rows[i] = &newGuarded[uint8](r, n).part[0]
			}
			c.n = n
			want := newGuarded[uint8](r, 4*n)
			got := want.clone()
			c.dst = &want.part[0]
			c.runGeneric()
			c.dst = &got.part[0]
			c.run()
			if err := got.same(want); err != nil {
				t.Fatalf("%d codes: %v", n, err)
			}
		}
	})
}

// TestSpots holds the depthwise kernels against their definition.
func TestSpots(t *testing.T) {
	eachISA(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(5, 6))
		for range 2000 {
			lanes := [...]int{16, 32, 64}[r.IntN(3)]
			channels := 1 + r.IntN(lanes)
			n, planes, taps := 1+r.IntN(30), 1+r.IntN(2), 1+r.IntN(7)
			s := spots{n: n, planes: planes, taps: taps, step: 4 * (channels + r.IntN(9)), stride: 4 * (1 + r.IntN(150)), ldd: channels + r.IntN(9), mask: 1<<channels - 1}
			line := (n-1)*s.stride + (taps-1)*s.step + 4*64
			s.plane = line + 4*r.IntN(9)
			src := newGuarded[uint8](r, planes*s.plane)
			for i := range src.part {
				src.part[i] = uint8(r.IntN(256))
			}
			bias := make([]int32, lanes)
			for i := range bias {
				bias[i] = int32(r.IntN(200000) - 100000)
			}
			w, m := weights8(r, planes*taps*4*lanes), factors(r, lanes)
			q := randomCodes(r)
			s.zero, s.lo, s.hi, s.plain = q.ends(&Packed{Bounded: bounded(m)})
			s.src, s.w, s.bias, s.m = &src.part[0], &w[0], &bias[0], &m[0]
			want := newGuarded[uint8](r, (n-1)*s.ldd+channels)
			got := want.clone()
			s.dst = &want.part[0]
			s.runGeneric(lanes)
			s.dst = &got.part[0]
			s.run(lanes)
			if err := got.same(want); err != nil {
				t.Fatalf("%d outputs, %d of %d lanes, %d planes of %d taps: %v", n, channels, lanes, planes, taps, err)
			}
		}
	})
}

// TestSum holds the residual sum against its definition.
func TestSum(t *testing.T) {
	eachISA(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(7, 8))
		for n := 1; n < 400; n += 1 + n/40 {
			a := Sum{OA: int32(r.IntN(256)), OB: int32(r.IntN(256)), MA: float32(r.Float64() * 3), MB: [...]float32{0.5, 2e5, float32(r.Float64())}[r.IntN(3)], Codes: randomCodes(r)}
			x, y := newGuarded[uint8](r, n), newGuarded[uint8](r, n)
			want := newGuarded[uint8](r, n)
			got := want.clone()
			a.addGeneric(want.part, x.part, y.part)
			a.add(got.part, x.part, y.part)
			if err := got.same(want); err != nil {
				t.Fatalf("%d codes: %v", n, err)
			}
			if x = x.clone(); true { // in place
				a.add(x.part, x.part, y.part)
			}
			if !bytes.Equal(x.part, want.part) {
				t.Fatalf("%d codes in place differ", n)
			}
		}
	})
}

// TestQuantize holds the way from numbers to codes against its definition: ties, infinities, NaN.
func TestQuantize(t *testing.T) {
	eachISA(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(9, 10))
		special := []float32{float32(math.Inf(1)), float32(math.Inf(-1)), float32(math.NaN()), 0, float32(math.Copysign(0, -1)), 1e-42, math.MaxFloat32, 0.5, 1.5, -2.5}
		for n := 1; n < 400; n += 1 + n/40 {
			q := randomCodes(r)
			q.NaN = uint8(min(max(0, int(q.Lo)), int(q.Hi)) + int(q.Zero))
			src := make([]float32, n)
			for i := range src {
				src[i] = float32(r.NormFloat64() * 100)
				if r.IntN(3) == 0 {
					src[i] = special[r.IntN(len(special))]
				}
			}
			want := newGuarded[uint8](r, n)
			got := want.clone()
			q.quantizeGeneric(want.part, src, 1)
			q.quantize(got.part, src, 1)
			if err := got.same(want); err != nil {
				t.Fatalf("%d numbers: %v", n, err)
			}
			planes := [3][]uint8{newGuarded[uint8](r, n).part, newGuarded[uint8](r, n).part, newGuarded[uint8](r, n).part}
			want = newGuarded[uint8](r, 3*n)
			got = want.clone()
			interleaveGeneric(want.part, planes[0], planes[1], planes[2])
			interleave3(got.part, planes[0], planes[1], planes[2])
			if err := got.same(want); err != nil {
				t.Fatalf("planes of %d codes: %v", n, err)
			}
		}
	})
}

// TestWindows holds the pooling kernels against their definition.
func TestWindows(t *testing.T) {
	eachISA(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(11, 12))
		for range 500 {
			p := windows{n: 1 + r.IntN(9), c: 1 + r.IntN(200), rows: 1 + r.IntN(4), cols: 1 + r.IntN(4)}
			p.col = p.c * (1 + r.IntN(2))
			p.row = p.cols*p.col + r.IntN(50)
			p.stride = p.c * (1 + r.IntN(3))
			src := newGuarded[uint8](r, (p.n-1)*p.stride+(p.rows-1)*p.row+(p.cols-1)*p.col+p.c)
			p.src = &src.part[0]
			want := newGuarded[uint8](r, p.n*p.c)
			got := want.clone()
			p.dst = unsafe.Pointer(&want.part[0])
			p.maxGeneric()
			p.dst = unsafe.Pointer(&got.part[0])
			p.max()
			if err := got.same(want); err != nil {
				t.Fatalf("greatest of %+v: %v", p, err)
			}
			sums := newGuarded[int32](r, p.n*p.c)
			others := sums.clone()
			p.dst = unsafe.Pointer(&sums.part[0])
			p.sumsGeneric()
			p.dst = unsafe.Pointer(&others.part[0])
			p.sums()
			if err := others.same(sums); err != nil {
				t.Fatalf("sums of %+v: %v", p, err)
			}
		}
	})
}
