package main

import (
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestMain lets the test program be the process of ONNX Runtime, as the command is.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == peerCommand {
		if err := peer(os.Args[2:]); err != nil {
			os.Stderr.WriteString(err.Error() + "\n")
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

func readReport(t *testing.T, path string) *report {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	r := &report{}
	if err := json.Unmarshal(text, r); err != nil {
		t.Fatal(err)
	}
	return r
}

// TestContest measures the smallest network for a moment: the times mean nothing, but all contenders
// compute the same, and the peer runs on integers throughout.
func TestContest(t *testing.T) {
	file := filepath.Join(t.TempDir(), "r.json")
	var out strings.Builder
	args := []string{"-rounds", "2", "-seconds", "0.01", "-peers", "ort-int8,ort-float", "-json", file, "autoencoder"}
	if err := run(t.Context(), args, &out, io.Discard); err != nil {
		t.Fatal(err)
	}
	r := readReport(t, file)
	if len(r.Networks) != 1 || len(r.Networks[0].Contenders) != 3 {
		t.Fatalf("report %+v", r)
	}
	for _, m := range r.Networks[0].Contenders {
		if m.Failed != "" || !(m.Min > 0 && m.Min <= m.Median && m.Median <= m.Max && m.Ratio > 0) || m.Calls < 2 || m.Threads != 1 {
			t.Errorf("%+v", m)
		}
		if m.Distance == nil || *m.Distance > 0.05 {
			t.Errorf("%s: the result is %v from the float network's", m.Contender, m.Distance)
		}
		if !strings.Contains(out.String(), m.Contender) {
			t.Errorf("the table lacks %s", m.Contender)
		}
	}
	if a := r.Networks[0].Contenders[0]; a.Contender != ours || a.Allocs > 0.5 {
		t.Errorf("ours allocates: %+v", a)
	}
	if got := operators(r.Networks[0].Operators); got != "1 QuantizeLinear, 10 com.microsoft.QGemm" {
		t.Errorf("ONNX Runtime executes %s", got)
	}
}

func TestStarts(t *testing.T) {
	file := filepath.Join(t.TempDir(), "r.json")
	if err := run(t.Context(), []string{"-start", "-rounds", "1", "-json", file, "autoencoder"}, io.Discard, io.Discard); err != nil {
		t.Fatal(err)
	}
	r := readReport(t, file)
	if len(r.Start) != 3 {
		t.Fatalf("report %+v", r)
	}
	for _, s := range r.Start {
		if !(s.Ready > 0 && s.Ready <= s.First && s.Warm > 0) || s.Memory < 1<<20 || s.Bytes < 1<<20 {
			t.Errorf("%+v", s)
		}
	}
}

func TestUsage(t *testing.T) {
	for _, args := range [][]string{{"nothing"}, {"-rounds", "0"}, {"-seconds", "-1"}, {"-peers", "nobody"}, {"-core", "9999", "-peers", "", "autoencoder"}} {
		if err := run(context.Background(), args, io.Discard, io.Discard); err == nil {
			t.Errorf("%q is accepted", args)
		}
	}
}

func TestChoose(t *testing.T) {
	list, err := choose([]string{"mnist", "resnet8"})
	if err != nil || len(list) != 2 || list[0].name != "resnet8" || list[1].name != "mnist" {
		t.Errorf("%v: %v", err, list)
	}
	if list, err = choose(nil); err != nil || len(list) != 9 {
		t.Errorf("%v: %d networks", err, len(list))
	}
}
