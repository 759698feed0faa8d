package gogen

import "strings"

// What is the same in every emitted package. PACKAGE and RUNTIME stand for the package's name and the
// import path of its kernels.

// weightsText is weights.go with the readers that the package uses.
func weightsText(used map[string]bool) string {
	text := weightsFileHead
	imports := `_ "embed"
	"encoding/binary"
	"errors"
	"fmt"` + map[bool]string{true: "\n\t\"math\""}[used["f32"] || used["codes"]] + "\n\t\"unsafe\""
	if used["codes"] {
		imports += "\n\n\t\"RUNTIME\""
	}
	text = strings.Replace(text, "IMPORTS", imports, 1)
	for _, r := range readerTexts {
		if used[r.name] {
			text += r.text
		}
	}
	return text
}

const weightsFileHead = `package PACKAGE

import (
	IMPORTS
)

// weights are a head and sections of little-endian numbers; layers.go says where each begins.
//
//go:embed weights.bin
var weights string

// weightsHead is the size of the head: a line of text and the checksum of the rest.
const weightsHead = 64

// A section is the file, read at byte offsets.
type section []byte

// open checks that the embedded file is the one that belongs to this source. It reads only the head;
// the package's test reads all of it.
func open() (section, error) {
	w := section(unsafe.Slice(unsafe.StringData(weights), len(weights)))
	if len(w) == WeightsBytes && string(w[:16]) == "amctc weights 1\n" && binary.LittleEndian.Uint64(w[16:]) == weightsSum {
		return w, nil
	}
	if len(w) < 1024 && WeightsBytes > 1024 {
		return nil, fmt.Errorf("PACKAGE: weights.bin has %d bytes instead of %d; was a pointer checked out in its place?", len(w), WeightsBytes)
	}
	return nil, errors.New("PACKAGE: weights.bin does not belong to this source; write the package again")
}
`

var readerTexts = []struct{ name, text string }{
	{"u8", `
// u8 views n codes; they are read-only.
func (w section) u8(at, n int) []uint8 { return w[at : at+n : at+n] }
`},
	{"i8", `
// i8 views n weights; they are read-only.
func (w section) i8(at, n int) []int8 {
	return unsafe.Slice((*int8)(unsafe.Pointer(unsafe.SliceData(w[at:at+n]))), n)
}
`},
	{"i8book", `
// i8book reads n weights that are bits-wide indices into a list of codes.
func (w section) i8book(at, n, bits int) []int8 {
	codes, packed := w[at:at+1<<bits], w[at+1<<bits:]
	v := make([]int8, n)
	if bits == 4 {
		for i := 0; i+2 <= n; i += 2 {
			two := packed[i/2]
			v[i], v[i+1] = int8(codes[two&15]), int8(codes[two>>4])
		}
		if n%2 != 0 {
			v[n-1] = int8(codes[packed[n/2]&15])
		}
		return v
	}
	var have uint32
	for i, k, next := 0, 0, 0; i < n; i++ {
		for ; k < bits; k += 8 {
			have |= uint32(packed[next]) << k
			next++
		}
		v[i] = int8(codes[have&(1<<bits-1)])
		have >>= bits
		k -= bits
	}
	return v
}
`},
	{"i32", `
// i32 reads n numbers.
func (w section) i32(at, n int) []int32 {
	v := make([]int32, n)
	for i := range v {
		v[i] = int32(binary.LittleEndian.Uint32(w[at+4*i:]))
	}
	return v
}
`},
	{"f32", `
// f32 reads n numbers.
func (w section) f32(at, n int) []float32 {
	v := make([]float32, n)
	for i := range v {
		v[i] = math.Float32frombits(binary.LittleEndian.Uint32(w[at+4*i:]))
	}
	return v
}
`},
	{"codes", `
// codes reads n ways to codes, each two bounds, a zero point and the code of NaN.
func (w section) codes(at, n int) []rt.Codes {
	v := make([]rt.Codes, n)
	for i := range v {
		p := w[at+16*i:]
		v[i] = rt.Codes{
			Lo:   math.Float32frombits(binary.LittleEndian.Uint32(p)),
			Hi:   math.Float32frombits(binary.LittleEndian.Uint32(p[4:])),
			Zero: int32(binary.LittleEndian.Uint32(p[8:])),
			NaN:  p[12],
		}
	}
	return v
}
`},
}

// traceText shows every value of a run: a table traced and the functions decodeInputs and newOutputs,
// which are particular to a network, complete it.
const traceText = `
// A tracedValue is a result of one operator of the network.
type tracedValue struct {
	name  string // of the value
	layer string // operator and layer
	len   int
	codes bool // int8 codes, otherwise float32 numbers
	order rt.Permute
	sums  []uint64 // of each recorded sample, CRC-64 (ECMA) of the row-major little-endian bytes
}

// canonical gives a value's row-major little-endian bytes.
func (t *tracedValue) canonical(codes []uint8, numbers []float32) []byte {
	if t.codes {
		q := make([]int8, t.len)
		rt.ExportCodes(rt.Alone(0), &t.order, q, codes)
		return putI8(nil, q)
	}
	x := make([]float32, t.len)
	rt.PermuteF32(rt.Alone(0), &t.order, x, numbers)
	return putF32(nil, x)
}

// dump runs samples, each the little-endian bytes of every input, and writes every value of each
// sample: length of its name, name, number of bytes, bytes. Both lengths are little-endian uint32.
func dump(out io.Writer, data []byte) error {
	m, err := New()
	if err != nil {
		return err
	}
	if len(data)%inputBytes != 0 {
		return fmt.Errorf("%d bytes are no whole number of samples of %d bytes", len(data), inputBytes)
	}
	w := bufio.NewWriterSize(out, 1<<16)
	put := func(b []byte) {
		w.Write(binary.LittleEndian.AppendUint32(nil, uint32(len(b))))
		w.Write(b)
	}
	s := m.NewSession()
	openTaps(s)
	s.trace = func(value int, codes []uint8, numbers []float32) {
		t := &traced[value]
		put([]byte(t.name))
		put(t.canonical(codes, numbers))
	}
	for ; len(data) > 0; data = data[inputBytes:] {
		if err := s.Run(newOutputs(1), decodeInputs(data, 1)); err != nil {
			return err
		}
	}
	return w.Flush()
}

func getF32(b []byte, n int) []float32 {
	v := make([]float32, n)
	for i := range v {
		v[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
	}
	return v
}

func getU8(b []byte, n int) []uint8 { return append([]uint8(nil), b[:n]...) }

func getI8(b []byte, n int) []int8 {
	v := make([]int8, n)
	for i := range v {
		v[i] = int8(b[i])
	}
	return v
}

func putF32(b []byte, v []float32) []byte {
	for _, x := range v {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(x))
	}
	return b
}

func putI8(b []byte, v []int8) []byte {
	for _, x := range v {
		b = append(b, byte(x))
	}
	return b
}
`

// testText is model_test.go.
const testText = `package PACKAGE

import (
	"bufio"
	"bytes"
	_ "embed"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc64"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"reflect"
	"sync"
	"testing"

	"RUNTIME"
)

// recorded holds samples, each the little-endian bytes of every input and of every output.
//
//go:embed testdata/recorded.bin
var recorded []byte

// inputOf and outputOf are the parts of recorded sample i.
func inputOf(i int) []byte { return recorded[i*(inputBytes+outputBytes):][:inputBytes] }

func outputOf(i int) []byte { return recorded[i*(inputBytes+outputBytes)+inputBytes:][:outputBytes] }

func model(t testing.TB) *Model {
	t.Helper()
	m, err := New()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestWeights reads all weights.
func TestWeights(t *testing.T) {
	w, err := open()
	if err != nil {
		t.Fatal(err)
	}
	if sum := crc64.Checksum(w[weightsHead:], crc64.MakeTable(crc64.ECMA)); sum != weightsSum {
		t.Errorf("weights.bin has checksum %016x, recorded %016x", sum, uint64(weightsSum))
	}
}

// TestThreads runs the samples on several goroutines.
func TestThreads(t *testing.T) {
	m, err := New(WithThreads(3))
	if err != nil {
		t.Fatal(err)
	}
	s := m.NewSession()
	defer s.Close()
	for k := range 2 * recordedSamples {
		i := k % recordedSamples
		out := newOutputs(1)
		if err := s.Run(out, decodeInputs(inputOf(i), 1)); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(encodeOutputs(out, 0), outputOf(i)) {
			t.Errorf("sample %d: the outputs are not the recorded ones", i)
		}
	}
	const many = 7
	var data []byte
	for k := range many {
		data = append(data, inputOf(k%recordedSamples)...)
	}
	out := newOutputs(many)
	if err := s.Run(out, decodeInputs(data, many)); err != nil {
		t.Fatal(err)
	}
	for k := range many {
		if !bytes.Equal(encodeOutputs(out, k), outputOf(k%recordedSamples)) {
			t.Errorf("sample %d of %d at once: the outputs are not the recorded ones", k, many)
		}
	}
}

// TestRecorded runs the recorded samples and holds every layer against its recorded checksum. It names
// the first layer that differs.
func TestRecorded(t *testing.T) {
	s := model(t).NewSession()
	openTaps(s)
	table := crc64.MakeTable(crc64.ECMA)
	for i := range recordedSamples {
		seen, same := 0, true
		s.trace = func(value int, codes []uint8, numbers []float32) {
			if value != seen {
				t.Errorf("sample %d: value %d comes after %d others", i, value, seen)
			}
			seen++
			v := &traced[value]
			if sum := crc64.Checksum(v.canonical(codes, numbers), table); sum != v.sums[i] && same {
				same = false
				t.Errorf("sample %d: the first value that differs is number %d of %d, %s of %s: checksum %016x, recorded %016x", i, value+1, len(traced), v.name, v.layer, sum, v.sums[i])
			}
		}
		out := newOutputs(1)
		if err := s.Run(out, decodeInputs(inputOf(i), 1)); err != nil {
			t.Fatal(err)
		}
		if seen != len(traced) {
			t.Errorf("sample %d: %d values seen, not %d", i, seen, len(traced))
		}
		if !bytes.Equal(encodeOutputs(out, 0), outputOf(i)) {
			t.Errorf("sample %d: the outputs are not the recorded ones", i)
		}
	}
}

// TestAgain runs every sample twice through one session, so that nothing is left over from another run.
func TestAgain(t *testing.T) {
	s := model(t).NewSession()
	for k := range 2 * recordedSamples {
		i := k % recordedSamples
		out := newOutputs(1)
		if err := s.Run(out, decodeInputs(inputOf(i), 1)); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(encodeOutputs(out, 0), outputOf(i)) {
			t.Errorf("sample %d: the outputs are not the recorded ones", i)
		}
	}
}

// TestSamples gives two samples at once.
func TestSamples(t *testing.T) {
	in := decodeInputs(append(append([]byte(nil), inputOf(0)...), inputOf(another)...), 2)
	out := newOutputs(2)
	if err := model(t).NewSession().Run(out, in); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(encodeOutputs(out, 0), outputOf(0)) || !bytes.Equal(encodeOutputs(out, 1), outputOf(another)) {
		t.Error("two samples at once differ from one at a time")
	}
}

// TestAllocs holds that a session allocates nothing.
func TestAllocs(t *testing.T) {
	s := model(t).NewSession()
	in, out := decodeInputs(inputOf(0), 1), newOutputs(1)
	if n := testing.AllocsPerRun(2, func() {
		if err := s.Run(out, in); err != nil {
			t.Error(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations in a run", n)
	}
}

// TestConcurrent runs sessions of one model at once.
func TestConcurrent(t *testing.T) {
	m := model(t)
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			i := g % recordedSamples
			out := newOutputs(1)
			if err := m.NewSession().Run(out, decodeInputs(inputOf(i), 1)); err != nil {
				t.Error(err)
			} else if !bytes.Equal(encodeOutputs(out, 0), outputOf(i)) {
				t.Errorf("sample %d: the outputs are not the recorded ones", i)
			}
		}()
	}
	wg.Wait()
}

// TestShapes holds that slices of wrong lengths are refused.
func TestShapes(t *testing.T) {
	s := model(t).NewSession()
	var shape *ErrShape
	for _, c := range []struct {
		out *Outputs
		in  *Inputs
	}{{nil, nil}, {newOutputs(1), &Inputs{}}, {&Outputs{}, decodeInputs(inputOf(0), 1)}} {
		if err := s.Run(c.out, c.in); !errors.As(err, &shape) || shape.Error() == "" {
			t.Errorf("error %v for slices of wrong lengths", err)
		}
	}
}

// TestAnyLength gives slices of all manner of lengths, nil, and no struct at all: every call computes or gives an
// *ErrShape.
func TestAnyLength(t *testing.T) {
	s, r := model(t).NewSession(), rand.New(rand.NewPCG(1, 2))
	var calls []reflect.Value
	for _, name := range []string{"Run", "RunFloat", "RunPixels", "RunQuantized", "Step"} {
		if call := reflect.ValueOf(s).MethodByName(name); call.IsValid() {
			calls = append(calls, call)
		}
	}
	right := map[string]int{} // lengths of one sample
	var first []int           // of the first output and input
	for _, ports := range []any{*newOutputs(1), *decodeInputs(inputOf(0), 1)} {
		v := reflect.ValueOf(ports)
		for i := range v.NumField() {
			right[v.Type().Field(i).Name] = v.Field(i).Len()
		}
		first = append(first, v.Field(0).Len())
	}
	computed := 0
	for range 300 {
		n, wrong := r.IntN(4), computed >= 6 || r.IntN(2) == 0
		slice := func(typ reflect.Type, one, n int) reflect.Value {
			size := n * one
			switch r.IntN(6) {
			case 0:
				if wrong {
					return reflect.Zero(typ)
				}
			case 1:
				if wrong {
					size = r.IntN(3*one + 2)
				}
			case 2:
				if wrong {
					size = max(size+r.IntN(3)-1, 0)
				}
			}
			return reflect.MakeSlice(typ, size, size)
		}
		call := calls[r.IntN(len(calls))]
		args := make([]reflect.Value, call.Type().NumIn())
		for k := range args {
			typ := call.Type().In(k)
			if typ.Kind() == reflect.Slice {
				args[k] = slice(typ, first[k], n)
				continue
			}
			if args[k] = reflect.Zero(typ); wrong && r.IntN(10) == 0 {
				continue
			}
			args[k] = reflect.New(typ.Elem())
			for i := range typ.Elem().NumField() {
				if f := args[k].Elem().Field(i); f.Kind() == reflect.Slice && f.CanSet() {
					times := n
					if typ.Elem().Name() == "State" {
						times = 1
					}
					f.Set(slice(f.Type(), right[typ.Elem().Field(i).Name], times))
				}
			}
		}
		var shape *ErrShape
		switch err, _ := call.Call(args)[0].Interface().(error); {
		case err == nil:
			computed++
		case !errors.As(err, &shape):
			t.Fatalf("%v is no *ErrShape", err)
		}
	}
	if computed == 0 {
		t.Error("no call has the right lengths")
	}
}

// TestTrace runs the samples in the file that AMCTC_TRACE_IN names and writes every value to the file
// that AMCTC_TRACE_OUT names, both as dump says. Without these variables it reads back what the
// recorded samples give.
func TestTrace(t *testing.T) {
	from, to := os.Getenv("AMCTC_TRACE_IN"), os.Getenv("AMCTC_TRACE_OUT")
	if from != "" && to != "" {
		data, err := os.ReadFile(from)
		if err != nil {
			t.Fatal(err)
		}
		f, err := os.Create(to)
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(dump(f, data), f.Close()); err != nil {
			t.Fatal(err)
		}
		return
	}
	var b bytes.Buffer
	if err := dump(&b, inputOf(0)); err != nil {
		t.Fatal(err)
	}
	next := func() []byte {
		var n uint32
		if err := binary.Read(&b, binary.LittleEndian, &n); err != nil {
			t.Fatal(err)
		}
		return b.Next(int(n))
	}
	for i := range traced {
		v := &traced[i]
		if name := string(next()); name != v.name {
			t.Errorf("value %d is %s, not %s", i, name, v.name)
		}
		if sum := crc64.Checksum(next(), crc64.MakeTable(crc64.ECMA)); sum != v.sums[0] {
			t.Errorf("%s has checksum %016x, recorded %016x", v.name, sum, v.sums[0])
		}
	}
	if b.Len() != 0 {
		t.Errorf("%d bytes follow the last value", b.Len())
	}
	if err := dump(io.Discard, make([]byte, inputBytes+1)); err == nil {
		t.Error("half a sample is accepted")
	}
}
` + traceText
