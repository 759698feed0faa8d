package report

import (
	"bytes"
	"fmt"
	"math"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// hostile is a name that would leave its place in a page that does not escape.
const hostile = `</script><script>alert("1")</script>'&<b>`

// example is a diagnosis in which every kind of content occurs.
func example() *Diagnosis {
	d := NewDiagnosis()
	d.Version, d.Model, d.Target, d.CalibSamples, d.Samples = "0", hostile, "ascend910b3", 8, 4
	d.Metric = &Metric{Name: "top1", Label: "top-1", Samples: 10, Float: 0.9, Integer: 0.8, Text: "90 % → 80 %"}
	d.Output, d.OutputSum = 12.5, 13
	d.Graph = []Row{
		{Layer: hostile, From: []string{hostile}, Op: "q.conv2d", Value: "a", Inputs: []string{"x"}, Shape: []int{-1, 8, 4, 4}, Codes: true, Scale: 0.5, Compared: true, SQNR: 15, Cosine: 0.9, Min: -1, Max: 2},
		{Layer: "mid", From: []string{"mid"}, Op: "q.conv2d", Value: "b", Inputs: []string{"a"}, Shape: []int{-1, 8, 4, 4}, Compared: true, SQNR: math.Inf(1), Cosine: 1},
		{Layer: "sum", From: []string{"sum"}, Op: "q.add", Value: "c", Inputs: []string{"b", "a", "a"}, Shape: []int{-1, 8, 4, 4}},
	}
	d.Layers = []Layer{{Name: hostile, Op: "nn.conv2d", Shape: []int{-1, 8, 4, 4}, MACs: 100, Isolated: 14, Cosine: 0.9, Activations: DB(math.NaN()), WeightsAlone: DB(math.Inf(1)), Network: 12,
		Share: 0.97, Rank: 1, Accumulated: 15, AccumulatedCosine: 0.9, Finding: 0,
		Operands: []Operand{{Key: hostile, Value: hostile, Scale: 0.1, Bits: 8, ClipMin: -1, ClipMax: 1, Calib: Range{-4, 4}, Seen: Range{-3, 3}, ClipRate: 0.1, Histogram: Histogram{Min: -4, Max: 4, Bins: []float64{0.1, 0, 0.8, 0.1}}}},
		Weights:  &Weights{Bits: 8, Scales: 1, Ratio: 2, Min: []Float{-1, -0.5}, Max: []Float{1, 0.25}}}}
	d.Findings = []Finding{{Cause: Saturation, Layer: hostile, Share: 0.97, Evidence: []string{hostile},
		Repairs: []Repair{{What: hostile, Config: hostile, Record: hostile, LayerGain: 10, NetworkGain: DB(math.Inf(1)), Model: hostile}}},
		{Cause: Accumulated, Share: 0.03}}
	d.Remarks = []string{hostile}
	return d
}

// TestPageStandsAlone holds that a page fetches nothing: no address of any kind, no file, and a policy that
// forbids it.
func TestPageStandsAlone(t *testing.T) {
	page, err := example().HTML()
	if err != nil {
		t.Fatal(err)
	}
	compiled := New()
	compiled.Layers = example().Graph
	small, err := compiled.HTML()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range [][]byte{page, small} {
		Standalone(t, p)
	}
}

// Standalone fails when a page refers to anything outside of it.
func Standalone(t *testing.T, page []byte) {
	t.Helper()
	for _, bad := range []string{`(?i)https?:`, `(?i)["'(]//`, `(?i)\burl\(`, `(?i)@import`, `(?i)<(link|iframe|img|object|embed|base|source)\b`, `(?i)\bsrc\s*=`, `(?i)\b(fetch|XMLHttpRequest|import)\s*\(`} {
		if m := regexp.MustCompile(bad).Find(page); m != nil {
			t.Errorf("the page has %q", m)
		}
	}
	for _, m := range regexp.MustCompile(`href="([^"]*)"`).FindAllSubmatch(page, -1) {
		if !bytes.HasPrefix(m[1], []byte("#")) {
			t.Errorf("the page refers to %q", m[1])
		} else if !bytes.Contains(page, fmt.Appendf(nil, `id="%s"`, m[1][1:])) {
			t.Errorf("the page refers to %q, which it does not have", m[1])
		}
	}
	if !bytes.Contains(page, []byte("default-src 'none'")) {
		t.Error("the page does not forbid to fetch")
	}
}

// TestPageEscapes holds that no name becomes markup.
func TestPageEscapes(t *testing.T) {
	page, err := example().HTML()
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(page, []byte("alert(\"1\")")) || bytes.Contains(page, []byte("&<b>")) || bytes.Count(page, []byte("<script")) != 1 {
		t.Error("a name became markup")
	}
	again, err := example().HTML()
	if err != nil || !bytes.Equal(page, again) {
		t.Errorf("twice the same diagnosis, two pages (%v)", err)
	}
}

// TestDiagnosisRoundTrip holds the JSON form against its reader.
func TestDiagnosisRoundTrip(t *testing.T) {
	d := example()
	text, err := d.JSON()
	if err != nil {
		t.Fatal(err)
	}
	back, err := ParseDiagnosis(text)
	if err != nil {
		t.Fatal(err)
	}
	again, err := back.JSON()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(text), string(again)); diff != "" {
		t.Error(diff)
	}
	if _, err := ParseDiagnosis([]byte(strings.Replace(string(text), "amctc-diagnosis 1", "amctc-diagnosis 9", 1))); err == nil {
		t.Error("another version is read")
	}
}

// TestLayout holds that boxes do not meet, that every box is below what feeds it, and that edges pass ranks in
// places of their own, for ladders of shortcuts of many widths.
func TestLayout(t *testing.T) {
	for wide := 1; wide <= 5; wide++ {
		var rows []Row
		last := "x"
		for i := range 30 {
			from := last
			var ends []string
			for k := range wide {
				v := fmt.Sprintf("v%d.%d", i, k)
				in := from
				for range k { // a longer arm
					mid := v + "m" + in
					rows = append(rows, Row{Value: mid, Inputs: []string{in}})
					in = mid
				}
				rows = append(rows, Row{Value: v, Inputs: []string{in}})
				ends = append(ends, v)
			}
			last = fmt.Sprintf("sum%d", i)
			rows = append(rows, Row{Value: last, Inputs: append(ends, from)})
		}
		d := layout(rows)
		boxes := 0
		for _, rank := range d.ranks {
			for i, s := range rank {
				if !s.lane() {
					boxes++
				}
				if left := s.x - s.wide()/2; left < 0 || s.x+s.wide()/2 > d.wide || s.height+boxHigh > d.high {
					t.Fatalf("width %d: %s lies outside the picture", wide, s.name)
				}
				if i > 0 && rank[i-1].x+rank[i-1].wide()/2 > s.x-s.wide()/2 {
					t.Fatalf("width %d: %s meets %s", wide, rank[i-1].name, s.name)
				}
			}
		}
		if boxes != len(rows)+1 {
			t.Errorf("width %d: %d boxes for %d operators and one input", wide, boxes, len(rows))
		}
		for _, p := range d.paths {
			for i := 1; i < len(p.via); i++ {
				if p.via[i].rank != p.via[i-1].rank+1 {
					t.Fatalf("width %d: the edge of %s skips a rank", wide, p.value)
				}
			}
		}
	}
}
