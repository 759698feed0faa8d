package parser_test

import (
	"flag"
	"os"
	"strings"
	"testing"
)

var updateFlag = flag.Bool("update", false, "rewrite golden files")

// update says whether golden files are rewritten: by -update in one package, by AMCTC_UPDATE=1 in all.
func update() bool { return *updateFlag || os.Getenv("AMCTC_UPDATE") == "1" }

// replace is strings.ReplaceAll that demands something to replace.
func replace(t *testing.T, s, old, new string) string {
	t.Helper()
	if !strings.Contains(s, old) {
		t.Fatalf("%q is not in\n%s", old, s)
	}
	return strings.ReplaceAll(s, old, new)
}
