package sim_test

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/amctc/amctc/target"
)

// The vector tests load an image into UB, run one instruction and store all of UB's first bytes again; the expectation is worked
// out element by element from the documented addressing.

const ubImage = 65536

// vecText is a program that runs lines on UB's image.
func vecText(lines ...string) string {
	all := append([]string{fmt.Sprintf("datacopy UB[0], @x[0] len=%d", ubImage/32)}, lines...)
	all = append(all, fmt.Sprintf("datacopy @y[0], UB[0] len=%d", ubImage/32))
	return syms("x", "input", ubImage, "y", "output", ubImage) + steps("aiv0.0", all...)
}

// operand is where a vector operand lies.
type operand struct{ off, blk, rep, size int }

func (o operand) String() string { return fmt.Sprintf("UB[%d]:%d:%d", o.off, o.blk, o.rep) }

// at is the byte of element i of repeat r.
func (o operand) at(r, i int) int {
	per := 32 / o.size
	return o.off + 32*(i/per*o.blk+r*o.rep) + i%per*o.size
}

// walk is a random repeat field and operands that don't overlap.
type walk struct {
	repeat, lanes, tail, full int
}

func (w walk) String() string {
	s := fmt.Sprintf(" repeat=%d", w.repeat)
	if w.lanes != w.full {
		s += fmt.Sprintf(" lanes=%d", w.lanes)
	}
	if w.tail != w.lanes {
		s += fmt.Sprintf(" tail=%d", w.tail)
	}
	return s
}

func (w walk) each(f func(r, i int)) {
	for r := range w.repeat {
		n := w.lanes
		if r == w.repeat-1 {
			n = w.tail
		}
		for i := range n {
			f(r, i)
		}
	}
}

// randomWalk makes repeats for a widest element size and operands of the given sizes; the first is the destination.
func randomWalk(r *rand.Rand, sizes ...int) (walk, []operand) {
	widest := 0
	for _, s := range sizes {
		widest = max(widest, s)
	}
	w := walk{repeat: 1 + r.IntN(4), full: 256 / widest}
	w.lanes, w.tail = w.full, w.full
	if r.IntN(2) == 0 {
		w.lanes = 1 + r.IntN(w.full)
		w.tail = w.lanes
	}
	if r.IntN(2) == 0 {
		w.tail = 1 + r.IntN(w.full)
	}
	var ops []operand
	for i, s := range sizes {
		blocks := max(1, w.full*s/32)
		o := operand{off: 32 * (i*512 + r.IntN(16)), blk: 1, rep: blocks, size: s}
		switch r.IntN(4) {
		case 0:
			o.blk = 1 + r.IntN(3)
			o.rep = blocks*o.blk + r.IntN(3)
		case 1:
			if i > 0 {
				o.blk, o.rep = r.IntN(2), r.IntN(9)
			} else {
				o.blk, o.rep = w.repeat, 1 // interleaved
			}
		}
		ops = append(ops, o)
	}
	return w, ops
}

// value reads an element; integers exactly, too.
func value(b []byte, t target.Type) float64 {
	switch t {
	case target.S8:
		return float64(int8(b[0]))
	case target.U8:
		return float64(b[0])
	case target.S16:
		return float64(int16(binary.LittleEndian.Uint16(b)))
	case target.U16:
		return float64(binary.LittleEndian.Uint16(b))
	case target.S32:
		return float64(int32(binary.LittleEndian.Uint32(b)))
	case target.U32:
		return float64(binary.LittleEndian.Uint32(b))
	case target.F16:
		return halfToFloat(binary.LittleEndian.Uint16(b))
	}
	return float64(math.Float32frombits(binary.LittleEndian.Uint32(b)))
}

var ranges = map[target.Type][2]float64{
	target.S8: {-128, 127}, target.U8: {0, 255}, target.S16: {-32768, 32767}, target.U16: {0, 65535}, target.S32: {math.MinInt32, math.MaxInt32}, target.U32: {0, math.MaxUint32},
}

// putValue writes a real value as an element: integers saturate and NaN is 0, floats round with mode.
func putValue(b []byte, t target.Type, v float64, mode func(float64) float64) {
	switch t {
	case target.F32:
		f := float32(v)
		if mode != nil && !math.IsInf(v, 0) && v == v && float64(f) != v { // only s32 -> f32 needs a mode
			ulp := math.Pow(2, math.Floor(math.Log2(math.Abs(v)))-23)
			f = float32(mode(v/ulp) * ulp)
		}
		if v != v {
			binary.LittleEndian.PutUint32(b, 0x7fc00000)
			return
		}
		binary.LittleEndian.PutUint32(b, math.Float32bits(f))
		return
	case target.F16:
		if mode == nil {
			mode = math.RoundToEven
		}
		binary.LittleEndian.PutUint16(b, floatToHalf(v, mode))
		return
	}
	if v != v {
		v = 0
	} else if mode != nil {
		v = mode(v)
	}
	v = math.Min(math.Max(v, ranges[t][0]), ranges[t][1])
	switch t.Size() {
	case 1:
		b[0] = byte(int64(v))
	case 2:
		binary.LittleEndian.PutUint16(b, uint16(int64(v)))
	default:
		binary.LittleEndian.PutUint32(b, uint32(int64(v)))
	}
}

// fillImage is random bytes with every kind of float among them.
func fillImage(r *rand.Rand, t target.Type) []byte {
	b := make([]byte, ubImage)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	if t == target.F32 { // mostly of moderate size, so that results are interesting
		for i := 0; i < len(b); i += 4 {
			v := float32((r.Float64() - 0.5) * math.Pow(2, float64(r.IntN(36)-12)))
			switch r.IntN(12) {
			case 0:
				v = float32(r.IntN(21)-10) / 2
			case 1:
				v = []float32{float32(math.Inf(1)), float32(math.Inf(-1)), float32(math.NaN()), 0, float32(math.Copysign(0, -1)), 65519, 65520, 3e-8, 1e30}[r.IntN(9)]
			}
			putValue(b[i:], t, float64(v), nil)
		}
	}
	return b
}

var modes = map[string]func(float64) float64{
	"none": math.RoundToEven, "rint": math.RoundToEven, "round": math.Round, "floor": math.Floor, "ceil": math.Ceil, "trunc": math.Trunc,
}

func TestVectorArithmetic(t *testing.T) {
	nan := func(f func(a, b float64) float64) func(a, b float64) float64 {
		return func(a, b float64) float64 {
			if a != a || b != b {
				return math.NaN()
			}
			return f(a, b)
		}
	}
	binary := map[string]func(a, b float64) float64{
		"vadd": func(a, b float64) float64 { return a + b }, "vsub": func(a, b float64) float64 { return a - b },
		"vmul": func(a, b float64) float64 { return a * b }, "vmax": nan(math.Max), "vmin": nan(math.Min),
		"vand": func(a, b float64) float64 { return float64(int64(a) & int64(b)) }, "vor": func(a, b float64) float64 { return float64(int64(a) | int64(b)) },
	}
	unary := map[string]func(a float64) float64{
		"vabs": math.Abs, "vrelu": func(a float64) float64 {
			if a > 0 || a != a {
				return a
			}
			return 0
		}, "vnot": func(a float64) float64 { return float64(^int64(a)) }, "vcopy": func(a float64) float64 { return a },
	}
	r := rand.New(rand.NewPCG(11, 2))
	for _, soc := range []string{"ascend910b3", "ascend950pr"} {
		d := describe(t, soc)
		for _, spec := range d.Vec {
			for _, typ := range spec.Types {
				for range 6 {
					f, two := binary[spec.Op]
					scalar := ""
					if !two {
						if len(spec.Op) > 1 && spec.Op[len(spec.Op)-1] == 's' && binary[spec.Op[:len(spec.Op)-1]] != nil {
							f, scalar = binary[spec.Op[:len(spec.Op)-1]], "yes"
						} else if unary[spec.Op] == nil {
							continue
						}
					}
					n := typ.Size()
					w, ops := randomWalk(r, n, n, n)
					image := fillImage(r, typ)
					if typ == target.U16 && spec.Op == "vnot" {
						f = func(a, _ float64) float64 { return 65535 - a }
					}
					imm := 0.0
					text := fmt.Sprintf("%s %v, %v, %v type=%v%v", spec.Op, ops[0], ops[1], ops[2], typ, w)
					switch {
					case scalar != "":
						imm = float64(r.IntN(200) - 100)
						text = fmt.Sprintf("%s %v, %v type=%v imm=%v%v", spec.Op, ops[0], ops[1], typ, imm, w)
					case !two:
						g := unary[spec.Op]
						if f == nil {
							f = func(a, _ float64) float64 { return g(a) }
						}
						text = fmt.Sprintf("%s %v, %v type=%v%v", spec.Op, ops[0], ops[1], typ, w)
					}
					want := append([]byte(nil), image...)
					w.each(func(rr, i int) {
						a, b := value(image[ops[1].at(rr, i):], typ), imm
						if two {
							b = value(image[ops[2].at(rr, i):], typ)
						}
						dst := want[ops[0].at(rr, i):]
						v := f(a, b)
						switch {
						case spec.Op == "vcopy":
							copy(dst[:n], image[ops[1].at(rr, i):])
						case a != a && spec.Op == "vabs": // clears the sign, whatever the rest is
							copy(dst[:n], image[ops[1].at(rr, i):])
							dst[n-1] &= 0x7f
						case typ == target.S32 && spec.Op == "vmul" || typ == target.S32 && spec.Op == "vmuls":
							x := int64(a) * int64(b)
							putValue(dst, typ, float64(min(max(x, math.MinInt32), math.MaxInt32)), nil)
						default:
							putValue(dst, typ, v, nil)
						}
					})
					got := execute(t, soc, vecText(text), map[string][]byte{"x": image}).Outputs["y"]
					if typ == target.F32 && spec.Op == "vrelu" || typ == target.F32 {
						for i := 0; i < len(got); i += 4 { // the payload of a NaN that is passed on is free
							if value(got[i:], typ) != value(got[i:], typ) && value(want[i:], typ) != value(want[i:], typ) {
								copy(got[i:i+4], want[i:])
							}
						}
					}
					same(t, soc+" "+text, got, want)
				}
			}
		}
	}
}

func TestVectorShift(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, typ := range []target.Type{target.S16, target.U16, target.S32, target.U32} {
		for _, op := range []string{"vshl", "vshr"} {
			w, ops := randomWalk(r, typ.Size(), typ.Size())
			k := r.IntN(8 * typ.Size())
			image := fillImage(r, typ)
			want := append([]byte(nil), image...)
			w.each(func(rr, i int) {
				v := value(image[ops[1].at(rr, i):], typ)
				if op == "vshl" { // keep the low bits
					m := math.Pow(2, float64(8*typ.Size()))
					v = math.Mod(v*math.Pow(2, float64(k)), m)
					if v < 0 {
						v += m
					}
					if v >= m/2 && ranges[typ][0] < 0 {
						v -= m
					}
				} else {
					v = math.Floor(v / math.Pow(2, float64(k)))
				}
				putValue(want[ops[0].at(rr, i):], typ, v, nil)
			})
			text := fmt.Sprintf("%s %v, %v type=%v imm=%d%v", op, ops[0], ops[1], typ, k, w)
			same(t, text, execute(t, "ascend910b3", vecText(text), map[string][]byte{"x": image}).Outputs["y"], want)
		}
	}
}

func TestVectorCasts(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	for _, soc := range []string{"ascend910b3", "ascend950pr"} {
		for _, c := range describe(t, soc).Casts {
			for _, mode := range c.Modes {
				for range 4 {
					w, ops := randomWalk(r, c.To.Size(), c.From.Size())
					image := fillImage(r, c.From)
					want := append([]byte(nil), image...)
					deq, field := 1.0, ""
					if c.From == target.S32 && c.To == target.F16 {
						deq = 0.0078125 * float64(1+r.IntN(7)) / 4
						field = fmt.Sprintf(" deq=%v", deq)
					}
					if mode != target.RoundNone {
						field = fmt.Sprintf(" round=%v%s", mode, field)
					}
					w.each(func(rr, i int) {
						v := value(image[ops[1].at(rr, i):], c.From)
						if deq != 1 {
							v = float64(float32(float64(float32(v)) * deq))
						}
						dst := want[ops[0].at(rr, i):]
						if c.From == target.F32 && c.To == target.F32 {
							if v == v && !math.IsInf(v, 0) {
								v = modes[mode.String()](v)
							}
							putValue(dst, c.To, v, nil)
							return
						}
						if math.IsInf(v, 0) && c.To != target.F16 && c.To != target.F32 {
							putValue(dst, c.To, v, nil)
							return
						}
						putValue(dst, c.To, v, modes[mode.String()])
					})
					text := fmt.Sprintf("vcast %v, %v to=%v from=%v%s%v", ops[0], ops[1], c.To, c.From, field, w)
					same(t, soc+" "+text, execute(t, soc, vecText(text), map[string][]byte{"x": image}).Outputs["y"], want)
				}
			}
		}
	}
}

func TestVectorCompareSelect(t *testing.T) {
	conds := map[string]func(a, b float64) bool{
		"eq": func(a, b float64) bool { return a == b }, "ne": func(a, b float64) bool { return a != b }, "lt": func(a, b float64) bool { return a < b },
		"le": func(a, b float64) bool { return a <= b }, "gt": func(a, b float64) bool { return a > b }, "ge": func(a, b float64) bool { return a >= b },
	}
	r := rand.New(rand.NewPCG(8, 8))
	for _, typ := range []target.Type{target.F16, target.F32, target.S32} {
		for _, cond := range []string{"eq", "ne", "lt", "le", "gt", "ge"} {
			if typ == target.S32 && cond != "eq" {
				continue
			}
			for _, scalar := range []bool{false, true} {
				n := typ.Size()
				w, ops := randomWalk(r, n, n, n)
				image := fillImage(r, typ)
				for i := range ubImage / 4 { // some are equal
					if r.IntN(3) == 0 {
						copy(image[ops[1].off+4*i%8192:][:4], image[ops[2].off+4*i%8192:])
					}
				}
				mask, imm := 60000/32*32, 0.0
				want := append([]byte(nil), image...)
				clear(want[mask : mask+w.repeat*w.full/8])
				w.each(func(rr, i int) {
					b := imm
					if !scalar {
						b = value(image[ops[2].at(rr, i):], typ)
					}
					if conds[cond](value(image[ops[1].at(rr, i):], typ), b) {
						want[mask+rr*w.full/8+i/8] |= 1 << (i % 8)
					}
				})
				field := ""
				if cond != "eq" {
					field = " cond=" + cond
				}
				text := fmt.Sprintf("vcmp UB[%d], %v, %v%s type=%v%v", mask, ops[1], ops[2], field, typ, w)
				if scalar {
					text = fmt.Sprintf("vcmps UB[%d], %v%s type=%v imm=0%v", mask, ops[1], field, typ, w)
				}
				same(t, text, execute(t, "ascend910b3", vecText(text), map[string][]byte{"x": image}).Outputs["y"], want)
				if typ == target.S32 {
					continue
				}
				// Selection by a random mask: the image's own bytes.
				want = append([]byte(nil), image...)
				w.each(func(rr, i int) {
					src := image[ops[1].at(rr, i):]
					if image[mask+rr*w.full/8+i/8]>>(i%8)&1 == 0 {
						src = make([]byte, 4)
						if !scalar {
							src = image[ops[2].at(rr, i):]
						}
					}
					copy(want[ops[0].at(rr, i):][:n], src)
				})
				text = fmt.Sprintf("vsel %v, UB[%d], %v, %v type=%v%v", ops[0], mask, ops[1], ops[2], typ, w)
				if scalar {
					text = fmt.Sprintf("vsels %v, UB[%d], %v type=%v imm=0%v", ops[0], mask, ops[1], typ, w)
				}
				same(t, text, execute(t, "ascend910b3", vecText(text), map[string][]byte{"x": image}).Outputs["y"], want)
			}
		}
	}
}

func TestVectorMoves(t *testing.T) {
	r := rand.New(rand.NewPCG(6, 1))
	check := func(text string, image, want []byte) {
		t.Helper()
		same(t, text, execute(t, "ascend910b3", vecText(text), map[string][]byte{"x": image}).Outputs["y"], want)
	}
	for _, typ := range []target.Type{target.S16, target.U16, target.F16, target.S32, target.U32, target.F32} {
		n := typ.Size()
		image := fillImage(r, target.S16)
		clone := func() []byte { return append([]byte(nil), image...) }

		w, ops := randomWalk(r, n)
		want := clone()
		w.each(func(rr, i int) { putValue(want[ops[0].at(rr, i):], typ, 7, nil) })
		check(fmt.Sprintf("vdup %v type=%v imm=7%v", ops[0], typ, w), image, want)

		want = clone()
		for rr := range 3 {
			for b := range 8 {
				for i := 0; i < 32; i += n {
					copy(want[32*(2*b+20*rr)+i:][:n], image[16384+(8*rr+b)*n:])
				}
			}
		}
		check(fmt.Sprintf("vbrcb UB[0]:2:20, UB[16384] type=%v repeat=3", typ), image, want)

		for i := range 100 {
			binary.LittleEndian.PutUint32(image[32768+4*i:], uint32(n*r.IntN(4096/n)))
		}
		want = clone()
		for i := range 100 {
			copy(want[n*i:][:n], image[16384+int(binary.LittleEndian.Uint32(image[32768+4*i:])):])
		}
		check(fmt.Sprintf("vgather UB[0], UB[16384], UB[32768] type=%v count=100", typ), image, want)
	}
	for _, typ := range []target.Type{target.S8, target.F16, target.S32} {
		n := typ.Size()
		side := 32 / n
		image := fillImage(r, target.S16)
		want := append([]byte(nil), image...)
		for sq := range 3 {
			for row := range side {
				for col := range side {
					copy(want[32*(2*row+70*sq)+n*col:][:n], image[20480+32*(3*col+100*sq)+n*row:])
				}
			}
		}
		check(fmt.Sprintf("vtrans UB[0]:2:70, UB[20480]:3:100 type=%v repeat=3", typ), image, want)
	}
}

func TestVectorReduce(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 6))
	for _, typ := range []target.Type{target.F16, target.F32} {
		for _, op := range []string{"sum", "max", "min"} {
			for _, whole := range []bool{false, true} {
				for range 4 {
					n := typ.Size()
					w, ops := randomWalk(r, n, n)
					image := fillImage(r, typ)
					want := append([]byte(nil), image...)
					join := func(v []float64) float64 {
						for len(v) > 1 {
							var next []float64
							for i := 0; i+1 < len(v); i += 2 {
								a, b := v[i], v[i+1]
								var x float64
								switch {
								case op == "sum":
									var buf [4]byte
									putValue(buf[:], typ, a+b, nil)
									x = value(buf[:], typ)
								case a != a || b != b:
									x = math.NaN()
								case op == "max":
									x = math.Max(a, b)
								default:
									x = math.Min(a, b)
								}
								next = append(next, x)
							}
							if len(v)%2 == 1 {
								next = append(next, v[len(v)-1])
							}
							v = next
						}
						return v[0]
					}
					const to = 60000 / 32 * 32
					for rr := range w.repeat {
						active := w.lanes
						if rr == w.repeat-1 {
							active = w.tail
						}
						var v []float64
						for i := range active {
							v = append(v, value(image[ops[1].at(rr, i):], typ))
						}
						if whole {
							putValue(want[to+rr*n:], typ, join(v), nil)
							continue
						}
						for b := 0; b*32/n < active; b++ {
							putValue(want[to+(8*rr+b)*n:], typ, join(v[b*32/n:min(active, (b+1)*32/n)]), nil)
						}
					}
					field := ""
					if op != "sum" {
						field = " op=" + op
					}
					if whole {
						field += " whole"
					}
					text := fmt.Sprintf("vreduce UB[%d], %v%s type=%v%v", to, ops[1], field, typ, w)
					same(t, text, execute(t, "ascend910b3", vecText(text), map[string][]byte{"x": image}).Outputs["y"], want)
				}
			}
		}
	}
}
