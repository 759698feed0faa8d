//go:build check

package conformance

import (
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var (
	update  = flag.Bool("update", false, "write the list of results anew")
	explain = flag.String("explain", "", "print the details of tests whose name or verdict contains this")
)

// suites are the lists of results, and the folders that each is of.
var suites = map[string][]string{
	"../onnx-node-tests.txt":  {Node},
	"../onnx-model-tests.txt": Models,
}

// TestConformance holds the verdict of every test against the lists of results, so that what passes today passes tomorrow.
// No test may be wrong.
func TestConformance(t *testing.T) {
	for golden, folders := range suites {
		var results []Result
		for _, f := range folders {
			f = filepath.Join("../data/onnx", f)
			if _, err := os.Stat(f); err != nil {
				t.Fatalf("%v; `go run ./testdata/fetch -onnx` brings the tests", err)
			}
			r, err := Run(t.Context(), f)
			if err != nil {
				t.Fatal(err)
			}
			results = append(results, r...)
		}
		compare(t, golden, results)
	}
}

// compare holds results against a list of them.
func compare(t *testing.T, golden string, results []Result) {
	t.Helper()
	count, codes := make(map[string]int), make(map[string]int)
	var lines []string
	for i := range results {
		r := &results[i]
		count[r.Verdict]++
		codes[r.Code]++
		lines = append(lines, r.Line())
		if r.Verdict == Wrong {
			t.Errorf("%s: %s", r.Name, r.Detail)
		}
		if *explain != "" && (strings.Contains(r.Name, *explain) || strings.Contains(r.Verdict, *explain)) {
			t.Logf("%s: %s: %s", r.Name, r.Verdict, r.Detail)
		}
	}
	t.Logf("%s: %d tests: %v; codes %v", filepath.Base(golden), len(results), count, codes)
	text := strings.Join(lines, "\n") + "\n"
	if *update {
		if err := os.WriteFile(golden, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	old := strings.Split(strings.TrimSuffix(string(want), "\n"), "\n")
	for _, l := range lines {
		if !slices.Contains(old, l) {
			t.Errorf("%s: the list has another verdict, or none", l)
		}
	}
	if len(old) != len(lines) {
		t.Errorf("the list has %d tests, %d ran", len(old), len(lines))
	}
}
