package exec_test

import (
	"os"
	"testing"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/irtest"
	"github.com/amctc/amctc/parser"
)

// channelTables is a network with a table for each channel.
func channelTables(t *testing.T) *ir.Module {
	t.Helper()
	const path = "../../testdata/eval/q.table.channels.amir"
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	m, diags := parser.Parse(path, text)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	return m
}

// TestChannelTables holds a table for each channel against the interpreter on any codes.
func TestChannelTables(t *testing.T) {
	m := channelTables(t)
	for seed := range uint64(20) {
		if err := compare(m.Main(), irtest.RandomInputs(m.Main(), seed, 1)); err != nil {
			t.Error(err)
		}
	}
}
