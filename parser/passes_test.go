package parser_test

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/irtest"
	"github.com/amctc/amctc/ir/op"
	"github.com/amctc/amctc/parser"
	"github.com/amctc/amctc/passes"
)

// directive gives what stands behind "// KEY:" in the comments of a text, for every such line.
func directive(text, key string) (values []string) {
	for line := range strings.Lines(text) {
		if v, ok := strings.CutPrefix(line, "// "+key+":"); ok {
			values = append(values, strings.TrimSpace(v))
		}
	}
	return values
}

// TestPassFiles runs the passes that each text of testdata/passes names and compares the printed
// module and the remarks. Directives:
//
//	// passes: NAME NAME …
//	// target: SOC            the target to legalize for; ascend910b3 when left out
//	// factors KEY: SCALE_D OFFSET_D [SCALE_W …]
//	// balance KEY: FACTOR …
//	// shift KEY: N …
//	// half KEY:              factors of FORCE_FP16_QUANT
//	// patches: N             how many rewrites must fire
//	// fails: TEXT            the error that is wanted instead of a module
func TestPassFiles(t *testing.T) {
	tried := make(map[string]bool)
	texts(t, "passes", func(t *testing.T, path, text string) {
		m, diags := parser.Parse(path, []byte(text))
		if diags.Len() > 0 {
			t.Fatal(diags)
		}
		c := passes.NewContext(context.Background(), op.All())
		c.Target = passes.TargetFacts{Name: "ascend910b3"}
		for _, name := range directive(text, "target") {
			c.Target = passes.TargetFacts{Name: name}
		}
		readFactors(t, c, text)
		var list []passes.Pass
		for _, names := range directive(text, "passes") {
			for name := range strings.FieldsSeq(names) {
				for _, p := range passes.Named() {
					if p.Name == name {
						list = append(list, p)
						tried[name] = true
					}
				}
			}
		}
		if len(list) == 0 {
			t.Fatal("the text names no pass")
		}
		var g passes.Manager
		_, err := g.Run(c, m, list)
		if want := directive(text, "fails"); len(want) > 0 {
			if err == nil || !strings.Contains(err.Error(), want[0]) {
				t.Errorf("error %v, want %q", err, want[0])
			}
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range directive(text, "patches") {
			if strconv.Itoa(c.Patches) != n {
				t.Errorf("%d patches, want %s", c.Patches, n)
			}
		}
		var out strings.Builder
		out.WriteString(ir.Print(m))
		for _, d := range c.Remarks.Sorted() {
			out.WriteString("// " + d.Severity.String() + "[" + string(d.Code) + "]: " + d.Subject + ": " + d.Message + "\n")
		}
		irtest.Golden(t, strings.TrimSuffix(path, ".amir")+".out", []byte(out.String()), update())
		roundTrip(t, "outcome", m)
	})
	for _, p := range passes.Named() {
		if !tried[p.Name] {
			t.Errorf("no text of testdata/passes tries %s", p.Name)
		}
	}
}

func readFactors(t *testing.T, c *passes.Context, text string) {
	t.Helper()
	for line := range strings.Lines(text) {
		kind, rest, _ := strings.Cut(strings.TrimPrefix(line, "// "), " ")
		if !strings.HasPrefix(line, "// ") || !slices.Contains([]string{"factors", "balance", "shift", "half"}, kind) {
			continue
		}
		at := strings.LastIndexByte(rest, ':')
		if at < 0 {
			t.Fatalf("no colon in %q", line)
		}
		f := c.Factors.At(rest[:at])
		f.Half = f.Half || kind == "half"
		for i, w := range strings.Fields(rest[at+1:]) {
			v, err := strconv.ParseFloat(w, 32)
			if err != nil {
				t.Fatal(err)
			}
			switch {
			case kind == "balance":
				f.Balance = append(f.Balance, float32(v))
			case kind == "shift":
				f.ShiftBit = append(f.ShiftBit, uint32(v))
			case i == 0:
				f.ScaleD = float32(v)
			case i == 1:
				f.OffsetD = int32(v)
			default:
				f.ScaleW = append(f.ScaleW, float32(v))
			}
		}
	}
}
