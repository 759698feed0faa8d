package sim_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/amctc/amctc/target"
	"github.com/amctc/amctc/target/sim"
)

// product is the text of a matrix product C = A x B for A row-major M x K and B row-major N x K (bT) or K x N, through nd2nz, load2d and mmad.
type product struct {
	m, k, n    int
	transposed bool // B is K x N and takes the transposing load
	mmad       string
	out        []string // after the mmad
	outBytes   int
	extra      string   // more symbols
	before     []string // before the mmad
}

func (p product) text(soc string) string {
	m16, n16, k32 := roundUp(p.m, 16), roundUp(p.n, 16), roundUp(p.k, 32)
	s := syms("a", "input", p.m*p.k, "b", "input", p.n*p.k, "c", "output", p.outBytes) + p.extra
	lines := []string{
		fmt.Sprintf("nd2nz L1[0], @a[0] type=s8 n=%d d=%d srcd=%d dstc0=%d", p.m, p.k, p.k, m16),
	}
	if soc == "ascend950pr" {
		lines = append(lines, fmt.Sprintf("load2d L0A[0], L1[0] type=s8 repeat=%d", m16/16*k32/32))
	} else {
		for r := range m16 / 16 {
			lines = append(lines, fmt.Sprintf("load2d L0A[%d], L1[%d] type=s8 repeat=%d stride=%d", r*k32*16, r*512, k32/32, m16/16))
		}
	}
	const at = 200000 / 32 * 32
	if !p.transposed {
		lines = append(lines, fmt.Sprintf("nd2nz L1[%d], @b[0] type=s8 n=%d d=%d srcd=%d dstc0=%d", at, p.n, p.k, p.k, n16))
		for i := 0; i < n16/16*k32/32; i += 128 {
			lines = append(lines, fmt.Sprintf("load2d L0B[%d], L1[%d] type=s8 repeat=%d", 512*i, at+512*i, min(128, n16/16*k32/32-i)))
		}
	} else {
		// NZ image [N/32][k32][32]: squares of 32 k by 32 n; L0B is [K/32][n16/16] fractals.
		lines = append(lines, fmt.Sprintf("nd2nz L1[%d], @b[0] type=s8 n=%d d=%d srcd=%d dstc0=%d", at, p.k, p.n, p.n, k32))
		for kb := range k32 / 32 {
			lines = append(lines, fmt.Sprintf("load2d L0B[%d], L1[%d] type=s8 repeat=%d stride=%d transpose", kb*roundUp(p.n, 32)*32, at+1024*kb, roundUp(p.n, 32)/32, k32/32))
		}
	}
	lines = append(lines, p.before...)
	lines = append(lines, p.mmad)
	lines = append(lines, p.out...)
	return s + steps("aic0", lines...)
}

// reference is the product in plain loops.
func (p product) reference(a, b []byte) [][]int64 {
	c := make([][]int64, p.m)
	for i := range c {
		c[i] = make([]int64, p.n)
		for j := range c[i] {
			for k := range p.k {
				at := j*p.k + k
				if p.transposed {
					at = k*p.n + j
				}
				c[i][j] += int64(int8(a[i*p.k+k])) * int64(int8(b[at]))
			}
		}
	}
	return c
}

var splitSoCs = []string{"ascend910b1", "ascend910b3", "ascend950pr"}

func TestMatrixProduct(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 7))
	for _, soc := range splitSoCs {
		for i := range 24 {
			p := product{m: 1 + r.IntN(70), k: 1 + r.IntN(150), n: 1 + r.IntN(70), transposed: i%3 == 0}
			if i == 0 {
				p.m, p.k, p.n = 128, 256, 128
			}
			if p.transposed { // whole squares, so that no padding is undefined
				p.k, p.n = roundUp(p.k, 32), roundUp(p.n, 32)
			}
			m16, n16 := roundUp(p.m, 16), roundUp(p.n, 16)
			p.mmad = fmt.Sprintf("mmad L0C[0], L0A[0], L0B[0] m=%d k=%d n=%d", p.m, p.k, p.n)
			p.out = []string{fmt.Sprintf("fixpipe @c[0], L0C[0] m=%d n=%d srcstride=%d dststride=%d nd", p.m, p.n, m16, p.n)}
			p.outBytes = 4 * p.m * p.n
			a, b := random(uint64(i), p.m*p.k), random(uint64(i+100), p.n*p.k)
			res := execute(t, soc, p.text(soc), map[string][]byte{"a": a, "b": b})
			for i, row := range p.reference(a, b) {
				for j, want := range row {
					if got := word(res.Outputs["c"], i*p.n+j); int64(got) != want {
						t.Fatalf("%s %+v: C[%d,%d] = %d, want %d", soc, p, i, j, got, want)
					}
				}
			}
			if want := int64(m16) * int64(n16) * int64(roundUp(p.k, 32)); res.MACs != want {
				t.Errorf("%d MACs, want %d", res.MACs, want)
			}
		}
	}
}

// Accumulation, bias, saturation at both ends.
func TestMmadStart(t *testing.T) {
	p := product{m: 20, k: 40, n: 24}
	a, b := random(1, p.m*p.k), random(2, p.n*p.k)
	bias := make([]int32, 32)
	for i := range bias {
		bias[i] = int32(1000*i - 9000)
	}
	bias[3], bias[5] = math.MaxInt32-10, math.MinInt32+10
	p.extra = syms("bias", "input", 128)
	p.before = []string{"datacopy L1[400000], @bias[0] len=4", "datacopy BT[64], L1[400000] len=2"}
	p.mmad = "mmad L0C[1024], L0A[0], L0B[0] m=20 k=40 n=24 init=bias bias=BT[64]"
	p.out = []string{"mmad L0C[1024], L0A[0], L0B[0] m=20 k=40 n=24 init=acc", "fixpipe @c[0], L0C[1024] m=20 n=24 srcstride=32 dststride=24 nd"}
	p.outBytes = 4 * 20 * 24
	sat := func(v int64) int64 { return min(max(v, math.MinInt32), math.MaxInt32) }
	for _, soc := range splitSoCs {
		res := execute(t, soc, p.text(soc), map[string][]byte{"a": a, "b": b, "bias": words(bias...)})
		for i, row := range p.reference(a, b) {
			for j, v := range row {
				want := sat(sat(v+int64(bias[j])) + v)
				if got := word(res.Outputs["c"], i*p.n+j); int64(got) != want {
					t.Fatalf("C[%d,%d] = %d, want %d", i, j, got, want)
				}
			}
		}
	}
}

// img2col against its definition: the matrix comes out through a product with the identity, 64 columns at a time.
func TestImg2col(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 9))
	for _, soc := range splitSoCs {
		nz := soc == "ascend950pr"
		for round := range 30 {
			channels := []int{32, 64, 4, 8, 16}[r.IntN(5)]
			h, w, kh, kw := 1+r.IntN(9), 1+r.IntN(9), 1+r.IntN(3), 1+r.IntN(3)
			sh, sw, dh, dw := 1+r.IntN(3), 1+r.IntN(4), 1+r.IntN(2), 1+r.IntN(2)
			pl, pr, pt, pb := r.IntN(3), r.IntN(3), r.IntN(3), r.IntN(3)
			ho, wo := h+pt+pb-((kh-1)*dh+1), w+pl+pr-((kw-1)*dw+1)
			if ho < 0 || wo < 0 {
				continue
			}
			ho, wo = ho/sh+1, wo/sw+1
			pad := int8(r.IntN(256) - 128)
			c0 := min(channels, 32)
			image := random(uint64(round), channels*h*w)
			rows, real := ho*wo, channels/c0*kh*kw*c0
			cols := roundUp(real, 32)
			want := func(m, k int) int8 {
				if k >= real {
					return 0
				}
				c, tap := k%c0, k/c0
				j, i, c1 := tap%kw, tap/kw%kh, tap/kw/kh
				y, x := m/wo*sh-pt+i*dh, m%wo*sw-pl+j*dw
				if y < 0 || y >= h || x < 0 || x >= w {
					return pad
				}
				return int8(image[((c1*h+y)*w+x)*c0+c])
			}
			// The identity, as ZN of 64 x 64.
			one := make([]byte, 64*64)
			for i := range 64 {
				one[((i/32*4+i/16)*16+i%16)*32+i%32] = 1
			}
			m0 := 0
			if rows > 32 {
				m0 = 16
			}
			me := rows - m0
			if me > 48 {
				me = 32
			}
			var lines []string
			lines = append(lines, fmt.Sprintf("datacopy L1[0], @x[0] len=%d", roundUp(len(image), 32)/32))
			lines = append(lines, "datacopy L1[262144], @one[0] len=128", "load2d L0B[0], L1[262144] type=s8 repeat=8")
			for k0 := 0; k0 < cols; k0 += 64 {
				ke := min(64, cols-k0)
				kext := ke
				if k0+ke == cols && r.IntN(2) == 0 {
					kext = real - k0
				}
				lines = append(lines,
					fmt.Sprintf("load3d L0A[0], L1[0] type=s8 h=%d w=%d channels=%d padl=%d padr=%d padt=%d padb=%d kh=%d kw=%d sh=%d sw=%d dh=%d dw=%d mstart=%d kstart=%d mext=%d kext=%d padvalue=%d",
						h, w, channels, pl, pr, pt, pb, kh, kw, sh, sw, dh, dw, m0, k0, me, kext, pad),
					fmt.Sprintf("mmad L0C[0], L0A[0], L0B[0] m=%d k=%d n=64", me, ke),
					fmt.Sprintf("fixpipe @y[%d], L0C[0] m=%d n=%d srcstride=%d dststride=%d nd", 4*k0, me, ke, roundUp(me, 16), cols))
			}
			text := syms("x", "input", roundUp(len(image), 32), "one", "input", 4096, "y", "output", 4*me*cols) + steps("aic0", lines...)
			in := append(image[:len(image):len(image)], make([]byte, roundUp(len(image), 32)-len(image))...)
			res := execute(t, soc, text, map[string][]byte{"x": in, "one": one})
			for m := range me {
				for k := range cols {
					if got := word(res.Outputs["y"], m*cols+k); int8(got) != want(m0+m, k) {
						t.Fatalf("%s (nz %v): row %d column %d is %d, want %d\n%s", soc, nz, m0+m, k, got, want(m0+m, k), text)
					}
				}
			}
		}
	}
}

// The worked words of the requantization parameter, and each conversion against double precision.
func TestFixpipeGolden(t *testing.T) {
	rows := []struct {
		word        uint64
		x           int32
		plain, relu int
	}{
		{0x0000_4000_3C49_8000, 1000, 12, 12}, {0x0000_4000_3C49_8000, 12345, 127, 127}, {0x0000_4000_3C49_8000, -12345, -128, 0},
		{0x0000_7000_3C49_8000, 1000, -116, -116}, {0x0000_7000_3C49_8000, 12345, 24, 24}, {0x0000_7000_3C49_8000, -100000, -128, -128},
		{0x0000_4060_3F00_0000, -3, 1, 3}, {0x0000_4060_3F00_0000, 1, 3, 3}, {0x0000_4060_3F00_0000, 3, 5, 5}, {0x0000_4060_3F00_0000, 5, 5, 5}, {0x0000_4060_3F00_0000, -1, 3, 3},
		{0x0000_0000_3F80_0000, -3, 0, 0}, {0x0000_0000_3F80_0000, 5, 5, 5}, {0x0000_0000_3F80_0000, 1000, 255, 255},
	}
	for _, c := range rows {
		for _, relu := range []string{"", " relu"} {
			// The accumulator is put there as the bias of a product with zeros.
			text := syms("z", "input", 512, "bias", "input", 64, "y", "output", 1) + steps("aic0",
				"datacopy L1[0], @z[0] len=16", "datacopy L1[512], @bias[0] len=2", "datacopy BT[0], L1[512] len=1",
				"load2d L0A[0], L1[0] type=s8", "load2d L0B[0], L1[0] type=s8",
				"mmad L0C[0], L0A[0], L0B[0] m=1 k=32 n=1 init=bias bias=BT[0]",
				fmt.Sprintf("fixpipe @y[0], L0C[0] m=1 n=1 srcstride=16 dststride=1 quant=req8 word=%#x%s nd", c.word, relu))
			bias := make([]int32, 16)
			bias[0] = c.x
			got := execute(t, "ascend910b3", text, map[string][]byte{"z": make([]byte, 512), "bias": words(bias...)}).Outputs["y"][0]
			want := c.plain
			if relu != "" {
				want = c.relu
			}
			if got != byte(want) {
				t.Errorf("word %#x of %d%s: %d, want %d", c.word, c.x, relu, int8(got), want)
			}
		}
	}
}

// requant is a conversion in double precision, step by step.
func requant(x int32, w uint64, relu bool) byte {
	scale := float64(math.Float32frombits(uint32(w) & 0xffffe000))
	v := float64(float32(float64(float32(x)) * scale))
	if relu && x < 0 {
		v = 0
	}
	v = math.RoundToEven(math.Min(math.Max(v, -256), 255))
	off := float64(w >> 37 & 0x1ff)
	if off > 255 {
		off -= 512
	}
	v += off
	if w>>46&1 == 1 {
		return byte(int8(math.Min(math.Max(v, -128), 127)))
	}
	return byte(math.Min(math.Max(v, 0), 255))
}

func TestFixpipeForms(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	for _, soc := range splitSoCs {
		for round := range 30 {
			p := product{m: 1 + r.IntN(50), k: 1 + r.IntN(64), n: 32 * (1 + r.IntN(3))}
			relu, nd := r.IntN(2) == 1, r.IntN(2) == 1
			mode := []string{"noquant", "req8", "vreq8", "deqf16", "vdeqf16"}[round%5]
			size := map[string]int{"noquant": 4, "req8": 1, "vreq8": 1, "deqf16": 2, "vdeqf16": 2}[mode]
			if nd {
				p.n = 1 + r.IntN(90)
			}
			m16 := roundUp(p.m, 16)
			w := make([]uint64, 96)
			for i := range w {
				w[i] = target.QuantWord(float32(math.Exp2(-3-12*r.Float64())), r.IntN(512)-256, r.IntN(2) == 1)
			}
			scalar := w[0]
			field := " quant=" + mode
			switch mode {
			case "noquant":
				field = ""
			case "req8", "deqf16":
				field += fmt.Sprintf(" word=%#x", scalar)
				for i := range w {
					w[i] = scalar
				}
			default:
				field += " vec=FB[128]"
				p.extra = syms("w", "input", 768)
				p.before = []string{"datacopy L1[400000], @w[0] len=24", "datacopy FB[128], L1[400000] len=6"}
			}
			if relu {
				field += " relu"
			}
			p.mmad = fmt.Sprintf("mmad L0C[0], L0A[0], L0B[0] m=%d k=%d n=%d", p.m, p.k, p.n)
			pitch := p.n + 3 // ND: elements
			stride := p.m + 2
			if nd {
				p.outBytes = size * (pitch*(p.m-1) + p.n)
				p.extra += syms("base", "scratch", p.outBytes)
				p.out = []string{fmt.Sprintf("fixpipe @c[0], L0C[0] m=%d n=%d srcstride=%d dststride=%d%s nd", p.m, p.n, m16, pitch, field)}
			} else {
				p.outBytes = 32 * stride * (p.n / 16) * 4
				p.out = []string{fmt.Sprintf("fixpipe @c[0], L0C[0] m=%d n=%d srcstride=%d dststride=%d%s", p.m, p.n, m16, stride, field)}
				if mode == "noquant" {
					stride = 2*p.m + 4
					p.out = []string{fmt.Sprintf("fixpipe @c[0], L0C[0] m=%d n=%d srcstride=%d dststride=%d%s", p.m, p.n, m16, stride, field)}
					p.outBytes = 32 * stride * (p.n / 16)
				}
			}
			// The output is defined beforehand, so that gaps may stay.
			fill := 0x5a
			p.extra += syms("fill", "input", roundUp(p.outBytes, 32))
			text := p.text(soc)
			background := make([]byte, roundUp(p.outBytes, 32))
			for i := range background {
				background[i] = byte(fill)
			}
			text += "stream aiv0.0 {\npadcopy UB[0], @fill[0] type=s8 len=" + fmt.Sprint(p.outBytes) +
				" fill=0\npipe_barrier ALL\npadcopy @c[0], UB[0] type=s8 len=" + fmt.Sprint(p.outBytes) + " fill=0\ncross_set aic0 MTE3 0\n}\n"
			text = replaceOnce(text, "stream aic0 {\n", "stream aic0 {\ncross_wait S 0\n")
			a, b := random(uint64(round), p.m*p.k), random(uint64(round+50), p.n*p.k)
			in := map[string][]byte{"a": a, "b": b, "fill": background}
			if p.before != nil {
				in["w"] = u64s(w...)
			}
			got := execute(t, soc, text, in).Outputs["c"]
			want := append([]byte(nil), background[:p.outBytes]...)
			for i, row := range p.reference(a, b) {
				for j, v := range row {
					x := int32(v)
					at := size * (i*pitch + j)
					if !nd {
						switch size {
						case 1:
							at = j/32*32*stride + 32*i + j%32
						default:
							at = j/16*32*stride + 16*size*i + j%16*size
						}
					}
					switch size {
					case 1:
						want[at] = requant(x, w[j], relu)
					case 2:
						f := float64(float32(float64(float32(x)) * float64(math.Float32frombits(uint32(w[j])&0xffffe000))))
						if relu && x < 0 {
							f = 0
						}
						h := floatToHalf(math.Min(math.Max(f, -65504), 65504), math.RoundToEven)
						want[at], want[at+1] = byte(h), byte(h>>8)
					default:
						if relu {
							x = max(x, 0)
						}
						copy(want[at:], words(x))
					}
				}
			}
			same(t, fmt.Sprintf("%s m=%d n=%d nd=%v relu=%v %s", soc, p.m, p.n, nd, relu, mode), got, want)
		}
	}
}

// The shift of the first Fixpipe generation: value >> (code+1), saturated to 16 bits; the next generation ignores it.
func TestFixpipeShift(t *testing.T) {
	w := target.QuantWord(0.25, 0, true) | 1<<36 | 3<<32
	for soc, want := range map[string]int{"ascend910b3": 16, "ascend950pr": 127} {
		text := syms("z", "input", 512, "bias", "input", 64, "y", "output", 1) + steps("aic0",
			"datacopy L1[0], @z[0] len=16", "datacopy L1[512], @bias[0] len=2", "datacopy BT[0], L1[512] len=1",
			"load2d L0A[0], L1[0] type=s8", "load2d L0B[0], L1[0] type=s8",
			"mmad L0C[0], L0A[0], L0B[0] m=1 k=32 n=1 init=bias bias=BT[0]",
			fmt.Sprintf("fixpipe @y[0], L0C[0] m=1 n=1 srcstride=16 dststride=1 quant=req8 word=%#x nd", w))
		bias := make([]int32, 16)
		bias[0] = 1000
		if got := execute(t, soc, text, map[string][]byte{"z": make([]byte, 512), "bias": words(bias...)}).Outputs["y"][0]; int(int8(got)) != want {
			t.Errorf("%s: %d, want %d", soc, int8(got), want)
		}
	}
}

// Several ND matrices out of one accumulator.
func TestFixpipeManyND(t *testing.T) {
	p := product{m: 32, k: 32, n: 16, mmad: "mmad L0C[0], L0A[0], L0B[0] m=32 k=32 n=16", outBytes: 4 * 32 * 16}
	p.out = []string{"fixpipe @c[0], L0C[0] m=8 n=16 srcstride=32 dststride=16 nd ndnum=4 srcnd=8 dstnd=128"}
	a, b := random(1, 32*32), random(2, 16*32)
	got := execute(t, "ascend910b3", p.text("ascend910b3"), map[string][]byte{"a": a, "b": b}).Outputs["c"]
	for i, row := range p.reference(a, b) {
		for j, v := range row {
			if int64(word(got, 16*i+j)) != v {
				t.Fatalf("C[%d,%d] = %d, want %d", i, j, word(got, 16*i+j), v)
			}
		}
	}
}

// The transposing load of 16-bit elements and of several squares with gaps.
func TestLoad2DTransposeGaps(t *testing.T) {
	// Two squares of 32 x 32 bytes, the second fractal of each 1+fracgap after the first, the next square after dstgap: the product
	// with one column of ones per k shows the rows.
	p := product{m: 16, k: 64, n: 64, transposed: true}
	a, b := random(3, p.m*p.k), random(4, p.n*p.k)
	n16 := 4 // fractals in a row of L0B
	lines := []string{"nd2nz L1[0], @a[0] type=s8 n=16 d=64 srcd=64 dstc0=16"}
	lines = append(lines, "load2d L0A[0], L1[0] type=s8 repeat=2", "nd2nz L1[65536], @b[0] type=s8 n=64 d=64 srcd=64 dstc0=64")
	// Squares (kb, nb): source at nb*64*32+kb*1024. Fill L0B column by column: nb fixed, kb runs: the next square is n16 fractals after the first.
	for nb := range 2 {
		lines = append(lines, fmt.Sprintf("load2d L0B[%d], L1[%d] type=s8 repeat=2 dstgap=%d transpose", 1024*nb, 65536+2048*nb, n16-2))
	}
	lines = append(lines, "mmad L0C[0], L0A[0], L0B[0] m=16 k=64 n=64", "fixpipe @c[0], L0C[0] m=16 n=64 srcstride=16 dststride=64 nd")
	text := syms("a", "input", 1024, "b", "input", 4096, "c", "output", 4096) + steps("aic0", lines...)
	got := execute(t, "ascend910b3", text, map[string][]byte{"a": a, "b": b}).Outputs["c"]
	for i, row := range p.reference(a, b) {
		for j, v := range row {
			if int64(word(got, 64*i+j)) != v {
				t.Fatalf("C[%d,%d] = %d, want %d", i, j, word(got, 64*i+j), v)
			}
		}
	}
}

// An accumulation onto what the mmad before it wrote needs a barrier where the block is small.
func TestMmadBarrier(t *testing.T) {
	text := func(n int, barrier string) string {
		return syms("z", "input", 65536) + "stream aic0 {\ndatacopy L1[0], @z[0] len=2048\npipe_barrier ALL\nload2d L0A[0], L1[0] type=s8 repeat=16\nload2d L0B[0], L1[0] type=s8 repeat=16\npipe_barrier ALL\n" +
			fmt.Sprintf("mmad L0C[0], L0A[0], L0B[0] m=32 k=32 n=%d\n%smmad L0C[0], L0A[0], L0B[0] m=32 k=32 n=%d init=acc\n}\n", n, barrier, n)
	}
	in := map[string][]byte{"z": make([]byte, 65536)}
	refused(t, "ascend910b3", text(64, ""), in, sim.MissingBarrier)
	execute(t, "ascend910b3", text(64, "pipe_barrier M\n"), in)
	execute(t, "ascend910b3", text(80, ""), in)
}
