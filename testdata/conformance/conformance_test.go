//go:build check

package conformance

import (
	"flag"
	"os"
	"slices"
	"strings"
	"testing"
)

var (
	update  = flag.Bool("update", false, "write the list of results anew")
	explain = flag.String("explain", "", "print the details of tests whose name or verdict contains this")
)

const (
	folder = "../data/onnx/node"
	golden = "../onnx-node-tests.txt"
)

// TestNodeTests holds the verdict of every node test against the list of results, so that what passes today
// passes tomorrow. No test may be wrong.
func TestNodeTests(t *testing.T) {
	if _, err := os.Stat(folder); err != nil {
		t.Fatalf("%v; `go run ./testdata/fetch -onnx` brings the tests", err)
	}
	results, err := Run(t.Context(), folder)
	if err != nil {
		t.Fatal(err)
	}
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
	t.Logf("%d tests: %v; codes %v", len(results), count, codes)
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
