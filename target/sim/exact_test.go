package sim

import (
	"encoding/binary"
	"math"
	"math/big"
	"testing"

	"github.com/amctc/amctc/target"
)

// exact is the value of a finite half as a rational number, from its fields.
func exact(h uint16) *big.Rat {
	m, e := int64(h&0x3ff), int(h>>10&31)
	if e > 0 {
		m += 1024
		e--
	}
	v := new(big.Rat).SetFrac(new(big.Int).Lsh(big.NewInt(m), uint(e)), new(big.Int).Lsh(big.NewInt(1), 24))
	if h&0x8000 != 0 {
		v.Neg(v)
	}
	return v
}

// whole rounds a rational number to an integer, by definition of the mode.
func whole(v *big.Rat, mode target.Round) int64 {
	floor := new(big.Int).Div(v.Num(), v.Denom()) // Euclidean: towards -inf for a positive divisor
	rest := new(big.Rat).Sub(v, new(big.Rat).SetInt(floor))
	n, half := floor.Int64(), rest.Cmp(big.NewRat(1, 2))
	switch mode {
	case target.RoundFloor:
		return n
	case target.RoundCeil:
		if rest.Sign() > 0 {
			n++
		}
		return n
	case target.RoundTrunc:
		if v.Sign() < 0 && rest.Sign() > 0 {
			n++
		}
		return n
	case target.RoundAway:
		if half > 0 || half == 0 && v.Sign() > 0 {
			n++
		}
		return n
	}
	if half > 0 || half == 0 && n&1 != 0 {
		n++
	}
	return n
}

// TestEveryHalf converts each of the 65,536 halves to every type in every mode, and every int16 and int8 to half, and
// holds the results against rational numbers.
func TestEveryHalf(t *testing.T) {
	ranges := map[target.Type][2]int64{target.S8: {-128, 127}, target.U8: {0, 255}, target.S16: {math.MinInt16, math.MaxInt16}, target.S32: {math.MinInt32, math.MaxInt32}}
	modes := []target.Round{target.RoundNone, target.RoundRint, target.RoundAway, target.RoundFloor, target.RoundCeil, target.RoundTrunc}
	src := make([]byte, 2*65536)
	for i := range 65536 {
		binary.LittleEndian.PutUint16(src[2*i:], uint16(i))
	}
	for _, mode := range modes {
		var wholes [65536]int64
		for i := range wholes {
			if i&0x7c00 != 0x7c00 {
				wholes[i] = whole(exact(uint16(i)), mode)
			}
		}
		for to, r := range ranges {
			out := make([]byte, to.Size()*65536)
			castKernel(&target.VCast{From: target.F16, To: to, Round: mode})(out, src, nil)
			for i := range 65536 {
				var want int64
				switch h := uint16(i); {
				case h&0x7c00 != 0x7c00:
					want = min(max(wholes[i], r[0]), r[1])
				case h&0x3ff != 0: // NaN
				case h&0x8000 != 0:
					want = r[0]
				default:
					want = r[1]
				}
				var got int64
				switch to {
				case target.S8:
					got = int64(int8(out[i]))
				case target.U8:
					got = int64(out[i])
				case target.S16:
					got = int64(int16(binary.LittleEndian.Uint16(out[2*i:])))
				default:
					got = int64(int32(binary.LittleEndian.Uint32(out[4*i:])))
				}
				if got != want {
					t.Fatalf("half %#04x to %v, %v: %d, want %d", i, to, mode, got, want)
				}
			}
		}
	}
	out := make([]byte, 4*65536)
	castKernel(&target.VCast{From: target.F16, To: target.F32})(out, src, nil)
	back := make([]byte, 2*65536)
	for _, mode := range modes { // a half is exact in every mode
		castKernel(&target.VCast{From: target.F32, To: target.F16, Round: mode})(back, out, nil)
		for i := range 65536 {
			h := uint16(i)
			f := math.Float32frombits(binary.LittleEndian.Uint32(out[4*i:]))
			got := binary.LittleEndian.Uint16(back[2*i:])
			switch {
			case h&0x7fff > 0x7c00:
				if f == f || got != halfNaN {
					t.Fatalf("half %#04x is NaN and became %v and %#04x", i, f, got)
				}
			case h&0x7fff == 0x7c00:
				if !math.IsInf(float64(f), 0) || got != h {
					t.Fatalf("half %#04x became %v and %#04x", i, f, got)
				}
			default:
				if want := exact(h); new(big.Rat).SetFloat64(float64(f)).Cmp(want) != 0 || math.Signbit(float64(f)) != (h&0x8000 != 0) || got != h {
					t.Fatalf("half %#04x, %v, became %v and %#04x with %v", i, want, f, got, mode)
				}
			}
		}
		// Every int16 to half: the result is one of the two neighbours, and the one of the mode.
		halves := make([]byte, 2*65536)
		castKernel(&target.VCast{From: target.S16, To: target.F16, Round: mode})(halves, src, nil)
		for i := range 65536 {
			v := big.NewRat(int64(int16(uint16(i))), 1)
			unit := int64(1)
			for m := int64(math.Abs(float64(int16(uint16(i))))); m >= 2048*unit; unit *= 2 {
			}
			want := unit * whole(new(big.Rat).Quo(v, big.NewRat(unit, 1)), mode)
			if got := exact(binary.LittleEndian.Uint16(halves[2*i:])); got.Cmp(big.NewRat(want, 1)) != 0 {
				t.Fatalf("int16 %v to half with %v: %v, want %d", v, mode, got, want)
			}
		}
	}
}

// TestRequantizeTies requantizes accumulators whose product with the scale lies exactly between two integers, or one
// unit of the accumulator beside that, for scales of 11 bits.
func TestRequantizeTies(t *testing.T) {
	ties := 0
	for m := int64(1025); m < 2048; m += 14 { // odd: acc*m/2^k is a tie only when acc has exactly k-1 factors of 2
		for k := 1; k <= 18; k++ {
			scale := float32(math.Ldexp(float64(m), -k))
			for _, odd := range []int64{1, 3, 5, 7, 9, 11, 13, 127, 255} {
				for _, off := range []int{0, -128, 3, 127} {
					for _, signed := range []bool{true, false} {
						q, ok := decodeWord(target.QuantWord(scale, off, signed), "c220")
						if !ok || q.scale != scale {
							t.Fatalf("scale %v reads back as %v", scale, q.scale)
						}
						for _, sign := range []int64{1, -1} {
							at := sign * odd << (k - 1)
							for d := int64(-1); d <= 1; d++ {
								acc := at + d
								if p := acc * m; p >= 1<<24 || p <= -1<<24 { // exact in float32
									continue
								}
								v := big.NewRat(acc*m, 1<<k)
								n := whole(v, target.RoundRint)
								if d == 0 {
									ties++
									if n&1 != 0 {
										t.Fatalf("%v is no tie", v)
									}
								}
								n = min(max(n, -256), 255) + int64(off)
								want := byte(min(max(n, 0), 255))
								if signed {
									want = byte(int8(min(max(n, -128), 127)))
								}
								if got := q.req8(int32(acc), false); got != want {
									t.Fatalf("%d * %v + %d: %d, want %d", acc, scale, off, int8(got), int8(want))
								}
								if got := q.req8(int32(acc), true); acc >= 0 && got != want {
									t.Fatalf("relu of %d * %v + %d: %d, want %d", acc, scale, off, int8(got), int8(want))
								}
							}
						}
					}
				}
			}
		}
	}
	t.Logf("%d ties", ties)
	if ties < 50000 {
		t.Errorf("only %d ties", ties)
	}
}
