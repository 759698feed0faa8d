package main

import "testing"

// TestEndedLate tells the time limit of go test from a failure that has an input.
func TestEndedLate(t *testing.T) {
	const end = "fuzz: elapsed: 1m7s, execs: 17969 (0/sec), new interesting: 3 (total: 234)\n--- FAIL: FuzzDescription (67.43s)\n    context deadline exceeded\nFAIL\nexit status 1\n"
	if !endedLate([]byte(end)) {
		t.Error("the end of the time is a failure")
	}
	for _, text := range []string{
		"--- FAIL: FuzzParse (2.10s)\n    --- FAIL: FuzzParse (0.00s)\n        parse_test.go:9: no\n\n    Failing input written to testdata/fuzz/FuzzParse/1\nFAIL\n",
		end + "Failing input written to testdata/fuzz/FuzzDescription/1\n",
		"--- FAIL: FuzzRun (9.00s)\n    fuzzing process hung or terminated unexpectedly: exit status 2\nFAIL\n",
		"panic: no\n" + end,
	} {
		if endedLate([]byte(text)) {
			t.Errorf("no failure: %s", text)
		}
	}
}
