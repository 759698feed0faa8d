package parser_test

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/irtest"
	"github.com/amctc/amctc/parser"
)

// seeds are texts of every kind: canonical ones, examples of every diagnostic, hostile ones.
func seeds(t testing.TB) []string {
	t.Helper()
	out := hostile()
	for _, pattern := range []string{"../ir/diag/examples/*.amir", "../testdata/parse/*.amir", "../testdata/verify/*.amir", "../testdata/eval/*.amir", "../testdata/passes/*.amir"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %d files, %v", pattern, len(files), err)
		}
		for _, f := range files {
			b, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, string(b))
		}
	}
	for seed := range uint64(4) {
		out = append(out, ir.Print(irtest.Random(seed)))
	}
	return out
}

const head = "amir 1\n\n"

// hostile texts are small ones that ask for much, or that break off in the wrong place.
func hostile() []string {
	fn := func(typ, body string) string {
		return head + "func @main(%x: " + typ + ") -> (" + typ + ") {\n" + body + "  return %x\n}\n"
	}
	return []string{
		"", "a", "amir", "amir 1", "amir -1", "amir 99999999999999999999", "\xef\xbb\xbfamir 1\n", "\x00", "\xff",
		fn("tensor<1000000000x1000000000xf32>", ""), fn("tensor<9223372036854775807x9223372036854775807xf32>", ""), fn("tensor<?x?xf32>", ""),
		fn("tensor<0x0xf32>", ""), fn("tensor<1x4x!q.i8<axis=1048576, scale=[1]>>", ""), fn("tensor<1x4x!q.i8<axis=1, block=1099511627776, scale=[1]>>", ""),
		fn("tensor<"+strings.Repeat("1x", 500)+"f32>", ""), fn("tensor<1x4xf32>", "  %y = nn.pad %x {pad = [0, 1048576, 0, 1048576]} : tensor<1x4xf32>\n"),
		fn("tensor<1x4xf32>", "  %y = nn.reshape %x {shape = [-1, 1099511627776, 1099511627776]} : tensor<1x4xf32>\n"),
		fn("tensor<1x1x4x4xf32>", "  %y = nn.max_pool2d %x {kernel = [9007199254740992, 9007199254740992]} : tensor<1x1x4x4xf32>\n"),
		fn("tensor<1x1x4x4xf32>", "  %y = nn.avg_pool2d %x {kernel = [1048576, 1048576], pad = [1048576, 1048576, 1048576, 1048576]} : tensor<1x1x4x4xf32>\n"),
		fn("tensor<1x4xf32>", "  %y = nn.transpose %x {perm = []} : tensor<1x4xf32>\n"), fn("tensor<1x4xf32>", "  %x = nn.relu %x : tensor<1x4xf32>\n"),
		fn("tensor<1x4xf32>", "  %y = nn.relu %y : tensor<1x4xf32>\n"), fn("tensor<f32>", "  %y = nn.softmax %x {axis = 0} : tensor<f32>\n"),
		head + strings.Repeat("[", 2000), head + strings.Repeat("{", 2000), head + strings.Repeat("func @f(", 500), head + strings.Repeat("!a = !q.i8<", 500),
		head + "const @a : tensor<1xf32> = file(key = \"a\", sha256 = \"b\")\n", head + "const @a : tensor<1000000x1000000xf32> = [1]\n",
		head + "const @a : tensor<2xf32> = [1e999, -1e999]\n", head + "const @a : tensor<1xi64> = [99999999999999999999]\n",
		head + "const @a : tensor<1x!q.i8<axis=0, scale=[]>> = [1]\n", head + "const @a : tensor<0xf32> = []\n", head + "const @a : tensor<?xf32> = [1]\n",
		head + "!a = !a\n!b = !q.i8<>\n", head + "func @main() -> () {\n  return\n}\n", head + "func @main(%\"\\xff\": tensor<f32>) -> (tensor<f32>) {\n  return %\"\\xff\"\n}\n",
		head + "%x\n", head + "return", head + "\"", head + "%\"", head + "!", head + "@", "amir 1 // x", "//", "/", "amir 1\r\n",
	}
}

// FuzzParse holds that parsing never panics, allocates in proportion to the text, and obeys the laws
// of the text for what it accepts.
func FuzzParse(f *testing.F) {
	for _, s := range seeds(f) {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		m, diags := parser.Parse("f.amir", []byte(text))
		if (m == nil) != diags.HasErrors() {
			t.Fatalf("module %v with diagnostics %v", m != nil, diags)
		}
		source := func(string) (string, bool) { return text, true }
		if out := diags.Render(source); diags.Len() > 0 && out == "" {
			t.Fatal("diagnostics render to nothing")
		}
		if m != nil {
			roundTrip(t, "accepted text", m)
		}
	})
}

// FuzzSafetensors holds that reading a side file never panics, and that what it accepts is written
// back with the same tensors.
func FuzzSafetensors(f *testing.F) {
	for _, s := range safetensorsSeeds(f) {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := parser.ReadSafetensors(data)
		if err != nil {
			return
		}
		var list []*parser.SideTensor
		for _, n := range s.Names() {
			x := s.Lookup(n)
			if v, err := x.Tensor(); err != nil || v.Len()*v.DType.Size() != len(x.Data) {
				t.Fatalf("%q: %v", n, err)
			}
			list = append(list, x)
		}
		out, err := parser.WriteSafetensors(list)
		if err != nil {
			t.Fatal(err)
		}
		back, err := parser.ReadSafetensors(out)
		if err != nil {
			t.Fatalf("what was written does not read: %v", err)
		}
		for _, x := range list {
			if y := back.Lookup(x.Name); y == nil || y.Digest() != x.Digest() || y.DType != x.DType {
				t.Fatalf("%q was lost", x.Name)
			}
		}
	})
}

// allocated is the number of bytes that f allocates.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// TestAllocationIsBounded parses large texts that try to make the parser do more than linear work.
func TestAllocationIsBounded(t *testing.T) {
	const n = 3000
	many := func(s string) string { return strings.Repeat(s, n) }
	fn := func(pre, body string) string {
		return head + pre + "\nfunc @main(%x: tensor<1x4xf32>) -> (tensor<1x4xf32>) {\n" + body + "  return %x\n}\n"
	}
	scales := "!a = !q.i8<axis=1, scale=[" + many("0.5, ") + "0.5]>\n"
	wide := "tensor<" + strings.Repeat("1x", n) + "f32>"
	texts := map[string]string{
		"garbage":            many("$ "),
		"names":              many("%abcdef = "),
		"list":               head + "const @a : tensor<4xf32> = [" + many("1, ") + "1]\n",
		"unknown values":     fn("", many("  %y = nn.relu %yy : tensor<1x4xf32>\n")),
		"unknown operators":  fn("", many("  %y = nn.rellu %x : tensor<1x4xf32>\n")),
		"unknown attributes": fn("", "  %y = nn.relu %x {"+many("aa = 1, ")+"b = 2} : tensor<1x4xf32>\n"),
		"long names":         fn("", many("  %y = nn.relu %"+strings.Repeat("n", 200)+" : tensor<1x4xf32>\n")),
		"long types":         fn(scales, many("  %y = nn.relu %x : tensor<1x4x!a>\n")),
		"large rank":         head + "func @main(%x: " + wide + ") -> (tensor<f32>) {\n" + many("  %y = nn.relu %x : tensor<f32>\n") + "  return %y\n}\n",
		"operands":           fn("", "  %y = nn.concat %x"+many(", %x")+" {axis = 2} : tensor<1x4xf32>\n"),
		"functions":          head + many("func @f(%x: tensor<1xf32>) -> (tensor<1xf32>) {\n  return %x\n}\n"),
		"constants":          head + many("const @a : tensor<1000000x1000000xf32> = [1]\n"),
		"syntax errors":      head + many("const @a : tensor<1xf32> = 1]\n"),
		"side file":          head + many("const @a : tensor<1xf32> = file(key = \"a\", sha256 = \"0\")\n"),
		"brackets":           head + many("["),
		"strings":            head + many("\"\\x"),
	}
	for what, text := range texts {
		got := allocated(func() { parser.Parse("f.amir", []byte(text)) })
		if limit := uint64(4000*len(text) + 1<<20); got > limit {
			t.Errorf("%s: %d bytes of text make it allocate %d, %d times as many", what, len(text), got, got/uint64(len(text)))
		}
	}
}

// TestSideTensorIsDecodedOnce refers to one large tensor from many constants.
func TestSideTensorIsDecodedOnce(t *testing.T) {
	const elems, uses = 1 << 16, 500
	x := &parser.SideTensor{Name: "w", DType: 2, Shape: []int{elems}, Data: make([]byte, elems)}
	file, err := parser.WriteSafetensors([]*parser.SideTensor{x})
	if err != nil {
		t.Fatal(err)
	}
	s, err := parser.ReadSafetensors(file)
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	text.WriteString(head)
	for i := range uses {
		text.WriteString("const @c" + strings.Repeat("x", i) + " : tensor<65536xi8> = file(key = \"w\", sha256 = \"" + x.Digest() + "\")\n")
	}
	text.WriteString("\nfunc @main(%x: tensor<1xf32>) -> (tensor<1xf32>) {\n  return %x\n}\n")
	var diags interface{ Len() int }
	got := allocated(func() { _, diags = parser.Parse("f.amir", []byte(text.String()), parser.Side("f.safetensors", s)) })
	if diags.Len() > 0 {
		t.Fatal(diags)
	}
	if limit := uint64(2000*text.Len() + 4*elems); got > limit || got > elems*uses/2 && limit > elems*uses {
		t.Errorf("%d bytes allocated, want at most %d", got, limit)
	}
}
