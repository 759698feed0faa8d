package target_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/amctc/amctc/target"
)

// every is one of each instruction, empty.
var every = []func() target.Instr{
	func() target.Instr { return &target.DataCopy{} }, func() target.Instr { return &target.PadCopy{} }, func() target.Instr { return &target.Nd2Nz{} },
	func() target.Instr { return &target.Load2D{} }, func() target.Instr { return &target.Load3D{} }, func() target.Instr { return &target.Mmad{} },
	func() target.Instr { return &target.Fixpipe{} }, func() target.Instr { return &target.SetFlag{} }, func() target.Instr { return &target.WaitFlag{} },
	func() target.Instr { return &target.PipeBarrier{} }, func() target.Instr { return &target.CrossSet{} }, func() target.Instr { return &target.CrossWait{} },
	func() target.Instr { return &target.SyncAll{} }, func() target.Instr { return &target.VBin{} }, func() target.Instr { return &target.VScalar{} },
	func() target.Instr { return &target.VUn{} }, func() target.Instr { return &target.VCast{} }, func() target.Instr { return &target.VCmp{} },
	func() target.Instr { return &target.VCmps{} }, func() target.Instr { return &target.VSel{} }, func() target.Instr { return &target.VSels{} },
	func() target.Instr { return &target.VDup{} }, func() target.Instr { return &target.VBrcb{} }, func() target.Instr { return &target.VGather{} },
	func() target.Instr { return &target.VTrans{} }, func() target.Instr { return &target.VRed{} }, func() target.Instr { return &target.Probe{} },
	func() target.Instr { return &target.Host{} },
}

// maker fills values at random.
type maker struct{ *rand.Rand }

func (m maker) name() string {
	return []string{"x", "w0", "conv1/out.0", "a-b_c$d", "9lives"}[m.IntN(5)]
}

func (m maker) affine() target.Affine {
	a := target.Int(m.IntN(1<<20) - 1000)
	for _, v := range []string{"i", "j", "tile_2"}[:m.IntN(4)] {
		a = a.Step(v, m.IntN(2001)-1000)
	}
	return a
}

func (m maker) addr() target.Addr {
	if m.IntN(3) == 0 {
		return target.Addr{Space: target.GM, Sym: m.name(), Off: m.affine()}
	}
	return target.Addr{Space: target.L1 + target.Space(m.IntN(int(target.UB-target.L1)+1)), Off: m.affine()}
}

// enums bounds the values of enumerations.
var enums = map[reflect.Type]uint64{
	reflect.TypeOf(target.Type(0)): 10, reflect.TypeOf(target.Quant(0)): 5, reflect.TypeOf(target.Init(0)): 3, reflect.TypeOf(target.Round(0)): 6, reflect.TypeOf(target.Cond(0)): 6,
	reflect.TypeOf(target.RedOp(0)): 3, reflect.TypeOf(target.BinOp(0)): 7, reflect.TypeOf(target.ScalarOp(0)): 6, reflect.TypeOf(target.UnOp(0)): 4, reflect.TypeOf(target.Pipe(0)): 9, reflect.TypeOf(target.Layout(0)): 5,
}

func (m maker) fill(v reflect.Value) {
	switch p := v.Addr().Interface().(type) {
	case *target.Addr:
		*p = m.addr()
		return
	case *target.Affine:
		*p = m.affine()
		return
	case *target.VAddr:
		*p = target.VAddr{Addr: m.addr(), Blk: m.IntN(70000), Rep: m.IntN(256)}
		if m.IntN(2) == 0 {
			p.Blk, p.Rep = 1, 8
		}
		return
	case *target.Imm:
		*p = target.Imm(m.Uint32())
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			m.fill(v.Field(i))
		}
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(m.IntN(3) * m.IntN(100000)))
	case reflect.Uint8:
		v.SetUint(m.Uint64N(enums[v.Type()]))
	case reflect.Uint64:
		v.SetUint(m.Uint64() >> m.IntN(64))
	case reflect.Bool:
		v.SetBool(m.IntN(2) == 0)
	case reflect.String:
		v.SetString(m.name())
	case reflect.Slice:
		n := m.IntN(4)
		if v.Type().Elem().Kind() == reflect.Int {
			for range n {
				v.Set(reflect.Append(v, reflect.ValueOf(m.IntN(300))))
			}
			return
		}
	default:
		panic(v.Type())
	}
}

// fit makes an immediate one that its type can hold: only the low bits of the type.
func fit(x target.Instr) {
	low := func(t target.Type, p *target.Imm) {
		switch t.Size() {
		case 1:
			*p &= 0xff
		case 2:
			*p &= 0xffff
		}
		if t == target.F16 && *p&0x7fff > 0x7c00 || t == target.F32 && *p&0x7fffffff > 0x7f800000 {
			return // NaN keeps its bits
		}
	}
	switch x := x.(type) {
	case *target.PadCopy:
		low(x.Type, &x.Fill)
	case *target.VScalar:
		if x.Op < target.VShl {
			low(x.Type, &x.Imm)
		}
	case *target.VCmps:
		low(x.Type, &x.Imm)
	case *target.VSels:
		low(x.Type, &x.Imm)
	case *target.VDup:
		low(x.Type, &x.Imm)
	case *target.VCast:
		x.Deq &= 0xffff
		if x.From != target.S32 || x.To != target.F16 {
			x.Deq = 0
		}
	}
}

func (m maker) instr() target.Instr {
	x := every[m.IntN(len(every))]()
	m.fillInstr(x)
	return x
}

func (m maker) fillInstr(x target.Instr) {
	if h, ok := x.(*target.Host); ok {
		h.Op = []string{"conv2d", "relu", "avg_pool2d"}[m.IntN(3)]
		h.Out, h.In = []string{m.name()}, []string{m.name(), m.name()}[:1+m.IntN(2)]
		for _, k := range []string{"pad", "eps", "axis"}[:m.IntN(4)] {
			switch m.IntN(3) {
			case 0:
				h.Attrs = append(h.Attrs, target.Float(k, math.Float32frombits(m.Uint32()>>1&^(1<<30))))
			case 1:
				h.Attrs = append(h.Attrs, target.Float(k, float32(math.Inf(1-2*m.IntN(2)))))
			default:
				h.Attrs = append(h.Attrs, target.Ints(k, []int{-3, 1 << 40, 0, 5}[:1+m.IntN(4)]...))
			}
		}
		return
	}
	m.fill(reflect.ValueOf(x).Elem())
	fit(x)
	switch x := x.(type) {
	case *target.Probe:
		x.Name = []string{"conv1", `a "b" \ c`, "größe\n", ""}[m.IntN(4)]
	case *target.SetFlag:
		x.ID %= 64
	}
}

func (m maker) body(depth int) []target.Instr {
	var b []target.Instr
	for range 1 + m.IntN(8) {
		if depth < 3 && m.IntN(6) == 0 {
			b = append(b, &target.Loop{Var: []string{"i", "j", "tile_2"}[depth], From: int64(m.IntN(5) - 2), To: int64(3 + m.IntN(100)), Body: m.body(depth + 1)})
			continue
		}
		b = append(b, m.instr())
	}
	return b
}

func (m maker) program() *target.Program {
	p := &target.Program{Target: "ascend910b3", Name: []string{"lenet", `odd "name"`, ""}[m.IntN(3)]}
	w := &target.ConstWriter{}
	for i := range m.IntN(5) {
		k := target.Kind(m.IntN(4))
		var s *target.Symbol
		switch m.IntN(4) {
		case 0:
			s = p.AddSymbol(fmt.Sprintf("s%d", i), k, target.S8, target.NC1HWC0, 1, 1+m.IntN(60), 3, 4)
		case 1:
			s = p.AddSymbol(fmt.Sprintf("s%d", i), k, target.S8, target.FracZ, 20, 40, 3, 3)
		case 2:
			s = p.AddSymbol(fmt.Sprintf("s%d", i), k, target.F16, target.NZ, 17, 33)
		default:
			s = p.AddSymbol(fmt.Sprintf("s%d", i), k, target.F32, target.ND)
		}
		if k == target.Const {
			s.At = w.Add(make([]byte, s.Bytes))
		}
	}
	_, p.Consts = w.Finish()
	for _, n := range []string{"host", "aic0", "aiv0.0"}[:m.IntN(4)] {
		p.Streams = append(p.Streams, target.Stream{Name: n, Body: m.body(0)})
	}
	return p
}

var values = []cmp.Option{cmpopts.IgnoreUnexported(target.Stream{}), cmpopts.EquateEmpty(), cmpopts.EquateNaNs()}

// A program's text parses back to the same program, and prints as the same text.
func TestProgramRoundTrip(t *testing.T) {
	m := maker{rand.New(rand.NewPCG(1, 2))}
	for range 300 {
		p := m.program()
		text := p.String()
		q, err := target.ParseProgram([]byte(text))
		if err != nil {
			line := 0
			fmt.Sscanf(err.Error(), "%d:", &line)
			t.Fatalf("%v: %s", err, strings.Split(text, "\n")[max(0, line-1)])
		}
		if d := cmp.Diff(p, q, values...); d != "" {
			t.Fatal(d)
		}
		if again := q.String(); again != text {
			t.Fatalf("printed again:\n%s\nwas\n%s", again, text)
		}
		if !p.Equal(q) {
			t.Fatal("not equal")
		}
	}
}

// Each instruction alone, many times.
func TestInstructionRoundTrip(t *testing.T) {
	m := maker{rand.New(rand.NewPCG(3, 4))}
	for _, make := range every {
		for range 200 {
			x := make()
			m.fillInstr(x)
			line := target.InstrString(x)
			p, err := target.ParseProgram([]byte("amprog 1\ntarget t\nname \"\"\nstream aic0 {\n" + line + "\n}\n"))
			if err != nil {
				t.Fatalf("%v: %s", err, line)
			}
			if d := cmp.Diff(x, p.Streams[0].Body[0], values...); d != "" {
				t.Fatalf("%s: %s", line, d)
			}
		}
	}
}

// Where the text of a program has an instruction is known, read or printed.
func TestLines(t *testing.T) {
	m := maker{rand.New(rand.NewPCG(5, 6))}
	for range 50 {
		p := m.program()
		text := strings.Split(p.String(), "\n")
		q, err := target.ParseProgram([]byte(p.String()))
		if err != nil {
			t.Fatal(err)
		}
		for _, lines := range [][][]int32{p.Lines(), q.Lines()} {
			for i, s := range p.Streams {
				k := 0
				var walk func(body []target.Instr)
				walk = func(body []target.Instr) {
					for _, x := range body {
						if got := strings.TrimSpace(text[lines[i][k]-1]); !strings.HasPrefix(got, x.Mnemonic()) {
							t.Fatalf("line %d is %q, want %s", lines[i][k], got, x.Mnemonic())
						}
						k++
						if l, ok := x.(*target.Loop); ok {
							walk(l.Body)
						}
					}
				}
				walk(s.Body)
				if k != len(lines[i]) {
					t.Fatalf("%d lines for %d instructions", len(lines[i]), k)
				}
			}
		}
	}
}

// Faults of a program's text are named at their line and column.
func TestProgramSyntax(t *testing.T) {
	const head = "amprog 1\ntarget t\nname \"n\"\n"
	for _, c := range []struct{ text, want string }{
		{"", "1:1: the first line must be"},
		{"amprog 2\n", "1:1: the first line must be"},
		{"amprog 1\nname \"x\"\n", "no target line"},
		{"amprog 1\ntarget t\ntarget u\n", `3:1: second "target" line`},
		{head + "sym x inptu s8 nd dims=4 bytes=4\n", `4:7: "inptu" is no kind of symbol`},
		{head + "sym x input s8 nd dims=4 bytes=3\n", "4:1: symbol x needs at least 4 bytes"},
		{head + "sym x input s8 nd dims=4 bytes=4\nsym x input s8 nd dims=4 bytes=4\n", "5:1: second symbol named x"},
		{head + "stream aic0 {\n", "missing }"},
		{head + "stream aic0 {\n}\nstream aic0 {\n}\n", "6:1: second stream named aic0"},
		{head + "stream aic0 {\n  frobnicate L1[0]\n}\n", `5:3: no instruction "frobnicate"`},
		{head + "stream aic0 {\n  datacopy L1[0] @x[0]\n}\n", `5:18: expected ","`},
		{head + "stream aic0 {\n  datacopy L7[0], @x[0]\n}\n", `5:12: "L7" is no buffer`},
		{head + "stream aic0 {\n  datacopy L1[0], @x[0] len=1 count=2\n}\n", `unexpected "count": a`[:10]},
		{head + "stream aic0 {\n  datacopy L1[0], @x[0] len=99999999999999999999\n}\n", "number too large"},
		{head + "stream aic0 {\n  loop %i 5 2 {\n  }\n}\n", "loop bounds"},
		{head + "stream aic0 {\n  loop %i 0 2 {\n  loop %i 0 2 {\n  }\n  }\n}\n", "loop variable %i is already in use"},
		{head + "stream aic0 {\n" + strings.Repeat("loop %v 0 2 {\n", 13), "loop variable %v is already in use"},
		{head + "stream aiv0.0 {\n  vdup UB[0] type=s16 imm=40000\n}\n", "immediate out of the range of s16"},
		{head + "stream aiv0.0 {\n  vdup UB[0] type=f16 imm=0.1\n}\n", "not a half"},
		{head + "stream aiv0.0 {\n  vdup UB[0] type=q7 imm=1\n}\n", `"q7" is no element type`},
		{head + "consts bytes=4 sha256=12\n", "expected 64 hexadecimal digits"},
	} {
		_, err := target.ParseProgram([]byte(c.text))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q gives %v, want %s", c.text, err, c.want)
		}
	}
}

func TestConsts(t *testing.T) {
	w := &target.ConstWriter{}
	a, b := w.Add([]byte{1, 2, 3}), w.Add([]byte{4})
	file, c := w.Finish()
	if a%512 != 0 || b%512 != 0 || a == b || file[a+1] != 2 || file[b] != 4 {
		t.Errorf("blobs at %d and %d", a, b)
	}
	if err := c.Check(file); err != nil {
		t.Error(err)
	}
	for _, f := range [][]byte{nil, file[:len(file)-1], append([]byte("x"), file[1:]...)} {
		if c.Check(f) == nil {
			t.Errorf("%d other bytes pass", len(f))
		}
	}
	file[b] ^= 1
	if c.Check(file) == nil {
		t.Error("a changed byte passes")
	}
	if f, c := (&target.ConstWriter{}).Finish(); f != nil || c.Check(nil) != nil {
		t.Error("no constants, no file")
	}
}

// The packed words of the worked examples.
func TestQuantWord(t *testing.T) {
	for _, c := range []struct {
		scale  float32
		offset int
		signed bool
		want   uint64
	}{
		{0.0123, 0, true, 0x0000_4000_3C49_8000}, {0.0123, -128, true, 0x0000_7000_3C49_8000}, {0.5, 3, true, 0x0000_4060_3F00_0000}, {1, 0, false, 0x0000_0000_3F80_0000},
		{0.7, 0, true, 0x0000_4000_3F33_2000},                                                         // lower bits of the mantissa are dropped, not rounded
		{1, 300, true, 1<<46 | 255<<37 | 0x3F80_0000}, {1, -300, true, 1<<46 | 256<<37 | 0x3F80_0000}, // offsets clamp to nine bits
	} {
		if got := target.QuantWord(c.scale, c.offset, c.signed); got != c.want {
			t.Errorf("QuantWord(%v, %d, %v) = %#x, want %#x", c.scale, c.offset, c.signed, got, c.want)
		}
	}
}

// Halves: every one of them as itself, and ties to even.
func TestImmF16(t *testing.T) {
	for h := range 1 << 16 {
		e, m := h>>10&31, float64(h&1023)
		v := math.Ldexp(m, -24)
		if e > 0 {
			v = math.Ldexp(1024+m, e-25)
		}
		if e == 31 {
			if m != 0 {
				continue
			}
			v = math.Inf(1)
		}
		if h >= 0x8000 {
			v = -v
		}
		if got := target.ImmF16(float32(v)); int(got) != h {
			t.Fatalf("half %#x (%v) gives %#x", h, v, got)
		}
	}
	for v, want := range map[float32]target.Imm{65519: 0x7bff, 65520: 0x7c00, 1 + 1.0/2048: 0x3c00, 1 + 3.0/2048: 0x3c02, 0x1p-25: 0, 0x1.000002p-25: 1} {
		if got := target.ImmF16(v); got != want {
			t.Errorf("%v gives %#x, want %#x", v, got, want)
		}
	}
}

func TestLayoutBytes(t *testing.T) {
	for _, c := range []struct {
		l    target.Layout
		t    target.Type
		dims []int
		want int
	}{
		{target.ND, target.F32, nil, 4}, {target.ND, target.S8, []int{3, 5}, 15}, {target.NC1HWC0, target.S8, []int{2, 33, 3, 5}, 2 * 2 * 15 * 32},
		{target.FracZ, target.S8, []int{17, 33, 3, 3}, 2 * 9 * 2 * 512}, {target.NZ, target.F16, []int{20, 28}, 2 * 2 * 512}, {target.ZN, target.S8, []int{40, 17}, 2 * 2 * 512}, {target.NZ, target.S8, []int{1, 2, 3}, 0},
	} {
		if got := c.l.Bytes(c.t, c.dims); got != c.want {
			t.Errorf("%v of %v %v has %d bytes, want %d", c.l, c.t, c.dims, got, c.want)
		}
	}
}

const descDir = "ascend/desc"

func descriptions(t testing.TB) map[string]string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(descDir, "*.desc"))
	if err != nil {
		t.Fatal(err)
	}
	m := map[string]string{}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		m[strings.TrimSuffix(filepath.Base(f), ".desc")] = string(b)
	}
	return m
}

// The bundled descriptions are canonical text and say what is published.
func TestDescriptions(t *testing.T) {
	d := map[string]*target.Description{}
	for name, text := range descriptions(t) {
		x, err := target.ParseDescription(text)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if x.Name != name {
			t.Errorf("%s names itself %s", name, x.Name)
		}
		y, err := target.ParseDescription(x.String())
		if err != nil {
			t.Fatalf("%s printed: %v", name, err)
		}
		if diff := cmp.Diff(x, y); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if x.String() != y.String() {
			t.Errorf("%s prints differently after a round", name)
		}
		d[name] = x
	}
	type row struct {
		aic, aiv, mhz, l1, l0, l0c, ub, bt, ks4, gm int
		l0a                                         string
		fixpipe, split                              bool
	}
	const mib = 1 << 20
	want := map[string]row{
		"ascend310":   {2, 0, 680, mib, 65536, 262144, 253952, 0, 0, 67, "zz", false, false},
		"ascend310p3": {8, 7, 1060, mib, 65536, 262144, 262144, 0, 64, 17, "zz", false, false},
		"ascend910a":  {32, 0, 1000, mib, 65536, 262144, 262144, 0, 0, 32, "zz", false, false},
		"ascend910b1": {24, 48, 1850, 524288, 65536, 131072, 196608, 1024, 64, 32, "zz", true, true},
		"ascend910b3": {20, 40, 1800, 524288, 65536, 131072, 196608, 1024, 64, 32, "zz", true, true},
		"ascend950pr": {32, 64, 1650, 524288, 65536, 262144, 253952, 4096, 0, 31, "nz", true, true},
	}
	for name, w := range want {
		x := d[name]
		if x == nil {
			t.Errorf("no description of %s", name)
			continue
		}
		got := row{x.AIC, x.AIV, x.MHz, x.Size(target.L1), x.Size(target.L0A), x.Size(target.L0C), x.Size(target.UB), x.Size(target.BT), x.Cube.KS4, x.GMRate, x.Cube.L0A, x.HasQuant(target.REQ8), x.Split}
		if got != w {
			t.Errorf("%s: %+v, want %+v", name, got, w)
		}
		if x.Size(target.L0B) != w.l0 || x.Cube.M != 16 || x.Cube.N != 16 || x.Cube.KS8 != 32 || x.Cube.KF16 != 16 {
			t.Errorf("%s: cube %+v, L0B %d", name, x.Cube, x.Size(target.L0B))
		}
	}
	if len(d) != len(want) {
		t.Errorf("%d descriptions", len(d))
	}
}

// img2col rates of the published table.
func TestLoad3DRate(t *testing.T) {
	r := target.Load3DRate{Latency: 50, Full: 256, Base: 512, Floor: 32}
	for _, c := range []struct{ stride, rows, num, den int }{
		{1, 1, 256, 1}, {1, 2, 512, 4}, {1, 3, 512, 5}, {1, 14, 512, 16}, {1, 15, 32, 1}, {2, 1, 512, 4}, {2, 3, 512, 7}, {4, 1, 512, 8}, {8, 5, 512, 21}, {3, 1, 32, 1}, {7, 7, 32, 1},
	} {
		if num, den := r.Rate(c.stride, c.rows); num*c.den != c.num*den {
			t.Errorf("stride %d, %d rows: %d/%d, want %d/%d", c.stride, c.rows, num, den, c.num, c.den)
		}
	}
}

func TestDescriptionSyntax(t *testing.T) {
	text := descriptions(t)["ascend910b3"]
	for _, c := range []struct{ old, new, want string }{
		{"amdesc 1", "amdesc 9", "1:1: the first line must be"},
		{"clock mhz=1800", "clock mhz=fast", "6:7: mhz must be a number"},
		{"clock mhz=1800\n", "", `no "clock" line`},
		{"isa c220", "isa c220\nisa c220", `second "isa" line`},
		{"split yes", "split perhaps", "expected yes or no"},
		{"buffer BT ", "buffer BX ", `"BX" is no buffer`},
		{"l0a=zz", "l0a=xx", "l0a must be zz or nz"},
		{"limit mmad.dim max=4095", "limit mmad.dim max=4095 min=1", `unexpected "min=1"`},
		{"queue depth=32", "queue depth=1000000", "depth must be a number"},
		{"gm rate=32", "gmm rate=32", `no keyword "gmm"`},
	} {
		bad := strings.Replace(text, c.old, c.new, 1)
		if bad == text {
			t.Fatalf("no %q in the text", c.old)
		}
		_, err := target.ParseDescription(bad)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q for %q gives %v, want %s", c.new, c.old, err, c.want)
		}
	}
}
