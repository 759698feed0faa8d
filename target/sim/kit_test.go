package sim_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/amctc/amctc/target"
	"github.com/amctc/amctc/target/sim"
)

// describe reads a bundled description.
func describe(t testing.TB, soc string) *target.Description {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "ascend", "desc", soc+".desc"))
	if err != nil {
		t.Fatal(err)
	}
	d, err := target.ParseDescription(string(text))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// parse makes a program of symbol lines and streams.
func parse(t testing.TB, soc, text string) *target.Program {
	t.Helper()
	p, err := target.ParseProgram([]byte("amprog 1\ntarget " + soc + "\nname \"test\"\n" + text))
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	return p
}

// execute runs the text of symbols and streams.
func execute(t testing.TB, soc, text string, inputs map[string][]byte) *sim.Result {
	t.Helper()
	r, err := sim.Run(context.Background(), parse(t, soc, text), nil, describe(t, soc), inputs, sim.Options{})
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	return r
}

// refused runs the text and wants the rule.
func refused(t testing.TB, soc, text string, inputs map[string][]byte, want sim.Code) *sim.Error {
	t.Helper()
	_, err := sim.Run(context.Background(), parse(t, soc, text), nil, describe(t, soc), inputs, sim.Options{})
	var e *sim.Error
	if !errors.As(err, &e) || e.Code != want {
		t.Fatalf("got %v, want %v, of\n%s", err, want, text)
	}
	return e
}

// steps is instructions with a barrier after each, as the body of a stream.
func steps(stream string, lines ...string) string {
	return "stream " + stream + " {\n" + strings.Join(lines, "\npipe_barrier ALL\n") + "\n}\n"
}

// the symbols of a program: name, kind, bytes.
func syms(list ...any) string {
	var b strings.Builder
	for i := 0; i < len(list); i += 3 {
		fmt.Fprintf(&b, "sym %v %v s8 nd dims=%v bytes=%v\n", list[i], list[i+1], list[i+2], list[i+2])
	}
	return b.String()
}

func random(seed uint64, n int) []byte {
	r := rand.New(rand.NewPCG(seed, 1))
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

func words(v ...int32) []byte {
	var b []byte
	for _, x := range v {
		b = binary.LittleEndian.AppendUint32(b, uint32(x))
	}
	return b
}

func u64s(v ...uint64) []byte {
	var b []byte
	for _, x := range v {
		b = binary.LittleEndian.AppendUint64(b, x)
	}
	return b
}

func word(b []byte, i int) int32 { return int32(binary.LittleEndian.Uint32(b[4*i:])) }

func same(t testing.TB, what string, got, want []byte) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d bytes, want %d", what, len(got), len(want))
	}
	for i := range got {
		if got[i] != want[i] {
			t.Fatalf("%s: byte %d is %#x, want %#x", what, i, got[i], want[i])
		}
	}
}

func roundUp(n, m int) int { return (n + m - 1) / m * m }

// Half precision by its definition, through float64: independent of the simulator's.

func halfToFloat(h uint16) float64 {
	e, m := int(h>>10)&31, float64(h&1023)
	var v float64
	switch {
	case e == 31 && m != 0:
		return math.NaN()
	case e == 31:
		v = math.Inf(1)
	case e == 0:
		v = m * 0x1p-24
	default:
		v = (1 + m/1024) * math.Pow(2, float64(e-15))
	}
	return math.Copysign(v, 1-2*float64(h>>15))
}

// halfByValue maps every half that isn't NaN to its bits; the zeros share one.
var halfByValue = sync.OnceValue(func() map[float64]uint16 {
	m := map[float64]uint16{}
	for h := range 0x7c01 {
		v := halfToFloat(uint16(h))
		m[v], m[-v] = uint16(h), uint16(h)|0x8000
	}
	return m
})

// floatToHalf rounds a real value with mode, a rounding to integers.
func floatToHalf(v float64, mode func(float64) float64) uint16 {
	if v != v {
		return 0x7e00
	}
	sign := uint16(0)
	if math.Signbit(v) {
		sign = 0x8000
	}
	if v == 0 {
		return sign
	}
	if math.IsInf(v, 0) {
		return sign | 0x7c00
	}
	ulp := math.Pow(2, math.Max(math.Floor(math.Log2(math.Abs(v))), -14)-10)
	q := mode(v/ulp) * ulp
	switch {
	case q == 0:
		return sign
	case math.Abs(q) >= 65536:
		return sign | 0x7c00
	}
	return halfByValue()[q]
}

func replaceOnce(s, old, new string) string { return strings.Replace(s, old, new, 1) }
