package calib

import (
	"math"
	"slices"
	"testing"
)

// g is the generator of the golden vectors (AMCT 9).
func g(n int, seed uint64) []float32 {
	out := make([]float32, n)
	s := seed
	for i := range out {
		s = (1103515245*s + 12345) % (1 << 31)
		v := float64(int64((s>>8)%2001) - 1000)
		out[i] = float32(v * math.Abs(v) / 65536)
	}
	return out
}

func relu(x []float32) []float32 {
	out := make([]float32, len(x))
	for i, v := range x {
		out[i] = max(0, v)
	}
	return out
}

func observe(t *testing.T, o Observer, x []float32, batches int) Params {
	t.Helper()
	for pass := 0; ; pass++ {
		o.Begin(pass)
		cut := func(i int) int { return int(int64(i) * int64(len(x)) / int64(batches)) }
		for i := range batches {
			if err := o.Add(x[cut(i):cut(i+1)]); err != nil {
				t.Fatal(err)
			}
		}
		more, err := o.End()
		if err != nil {
			t.Fatal(err)
		}
		if !more {
			break
		}
	}
	p, err := o.Result()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestGoldenActivations holds every row of AMCT 9.1, in 1, 7 and 64 batches.
func TestGoldenActivations(t *testing.T) {
	x := g(1024, 1)
	r := relu(x)
	cfg := func(asym bool, p float64, bits int) IFMRConfig {
		c := DefaultIFMR()
		c.Asymmetric, c.MaxPercentile, c.MinPercentile, c.Bits = asym, p, p, bits
		return c
	}
	const p = 0.999999
	for _, c := range []struct {
		name   string
		make   func() Observer
		x      []float32
		scale  uint32
		offset int32
		index  int
		hi, lo float32
	}{
		{"minmax X asym", func() Observer { return NewMinMax(true, 8) }, x, 0x3DF45D25, -1, -1, 0, 0},
		{"minmax X sym", func() Observer { return NewMinMax(false, 8) }, x, 0x3DF61020, 0, -1, 0, 0},
		{"IFMR X asym", func() Observer { return NewIFMR(cfg(true, p, 8)) }, x, 0x3DF45D25, -1, 30, 15.2727404, -15.1534224},
		{"IFMR X sym", func() Observer { return NewIFMR(cfg(false, p, 8)) }, x, 0x3DF61020, 0, 30, 15.2587891, -15.3789368},
		{"IFMR X sym .99", func() Observer { return NewIFMR(cfg(false, .99, 8)) }, x, 0x3DF4E6A7, 0, 33, 15.1867313, -15.3063116},
		{"IFMR R asym", func() Observer { return NewIFMR(cfg(true, p, 8)) }, r, 0x3D778C8D, -128, 31, 15.411377, 0},
		{"IFMR X 4b asym", func() Observer { return NewIFMR(cfg(true, p, 4)) }, x, 0x40027826, -1, 31, 0, 0},
	} {
		for _, batches := range []int{1, 7, 64} {
			got := observe(t, c.make(), c.x, batches)
			if math.Float32bits(got.Scale) != c.scale || got.Offset != c.offset || got.Index != c.index {
				t.Errorf("%s in %d batches: scale %v (%08X) offset %d index %d, want %08X %d %d", c.name, batches,
					got.Scale, math.Float32bits(got.Scale), got.Offset, got.Index, c.scale, c.offset, c.index)
			}
			if c.hi != 0 && (got.ClipMax != c.hi || got.ClipMin != c.lo) {
				t.Errorf("%s: clip %v / %v, want %v / %v", c.name, got.ClipMax, got.ClipMin, c.hi, c.lo)
			}
		}
	}
	t.Logf("golden values of AMCT 9.1: %d", 7*2+4+4*2) // scale and offset; index; ends
}

// TestGoldenARQ holds AMCT 9.3.
func TestGoldenARQ(t *testing.T) {
	w := g(36, 3)
	scale, codes := ARQ(w, 4, true, 8)
	if want := []float32{0.0861952156, 0.087348938, 0.10481178, 0.11542511}; !slices.Equal(scale, want) {
		t.Errorf("per channel scales %v, want %v", scale, want)
	}
	if want := []int8{0, -15, -111, 0, -15, 111, 127, 3, 36, 49, -128, 8, -6, -107, 0, 29, -1, -95}; !slices.Equal(codes[:18], want) {
		t.Errorf("codes %v, want %v", codes[:18], want)
	}
	if s, _ := ARQ(w, 4, false, 8); math.Float32bits(s[0]) != 0x3DEC6400 {
		t.Errorf("per tensor scale %v", s)
	}
	if s, _ := ARQ(w, 4, false, 4); s[0] != 1.84680176 {
		t.Errorf("4-bit scale %v", s)
	}
	t.Logf("golden values of AMCT 9.3: %d", 4+18+2)
}

// TestGoldenLinear holds AMCT 9.9 from factors to integers.
func TestGoldenLinear(t *testing.T) {
	x := []float32{-1, .25, 2, 3.1, .6, -.4, 1.45, 0}
	w := []float32{.5, -.25, .125, 1, -.75, .3, .9, -.1, .02, -.04, .01, .03}
	b := []float32{.1, -.2, .3}
	p := observe(t, NewMinMax(true, 8), x, 1)
	if math.Float32bits(p.Scale) != 0x3C83B6EA || p.Offset != -66 {
		t.Errorf("scale_d %v offset_d %d", p.Scale, p.Offset)
	}
	scale, codes := ARQ(w, 3, true, 8)
	if want := []float32{0.00787401572, 0.00708661415, 0.000312499993}; !slices.Equal(scale, want) {
		t.Errorf("scale_w %v", scale)
	}
	if want := []int8{64, -32, 16, 127, -106, 42, 127, -14, 64, -128, 32, 96}; !slices.Equal(codes, want) {
		t.Errorf("W_q %v", codes)
	}
	bq, err := Bias(b, p.Scale, scale)
	if want := []int32{790, -1755, 59707}; err != nil || !slices.Equal(bq, want) {
		t.Errorf("b_q %v, %v", bq, err)
	}
	xq := make([]int8, len(x))
	for i, v := range x {
		q := math.RoundToEven(float64(float32(v*float32(1/p.Scale)))) + float64(p.Offset)
		xq[i] = int8(min(max(q, -128), 127))
	}
	if want := []int8{-128, -50, 58, 127, -29, -91, 24, -66}; !slices.Equal(xq, want) {
		t.Errorf("x_q %v, want %v", xq, want)
	}
	for c, want := range []float32{0.000126601823, 0.000113941634, 5.02450985e-06} {
		if d := float32(float64(p.Scale) * float64(scale[c])); d != want {
			t.Errorf("deq_scale %d = %v, want %v", c, d, want)
		}
	}
	wantRaw := []int32{10465, 17056, 12256, -6942, 3224, 4224}
	correction := []int32{11550, 3234, 4224}
	want := []int32{22805, 18535, 76187, 5398, 4703, 68155}
	wantY := []float64{2.88715, 2.11191, 0.38280, 0.68340, 0.53587, 0.34245}
	for r := range 2 {
		for c := range 3 {
			var raw, sum int32
			for k := range 4 {
				raw += int32(xq[4*r+k]) * int32(codes[4*c+k])
				sum += int32(codes[4*c+k])
			}
			if raw != wantRaw[3*r+c] {
				t.Errorf("raw accumulator [%d][%d] = %d, want %d", r, c, raw, wantRaw[3*r+c])
			}
			if z := -p.Offset * sum; z != correction[c] {
				t.Errorf("zero-point correction %d = %d, want %d", c, z, correction[c])
			}
			acc := raw - p.Offset*sum + bq[c]
			if acc != want[3*r+c] {
				t.Errorf("acc[%d][%d] = %d, want %d", r, c, acc, want[3*r+c])
			}
			d := float32(float64(p.Scale) * float64(scale[c]))
			if y := float64(float32(float32(acc) * d)); math.Abs(y-wantY[3*r+c]) > 5e-6 {
				t.Errorf("y[%d][%d] = %v, want %v", r, c, y, wantY[3*r+c])
			}
		}
	}
	t.Logf("golden values of AMCT 9.9: %d", 2+3+12+3+8+3+2*6+3+6)
}
