package stats

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/amctc/amctc/passes/calib"
)

// example has an empty tensor, one of zeros, and one with all that a sketch can have.
func example(t interface{ Fatal(...any) }) *Statistics {
	digest := func(c string) string { return strings.Repeat(c, 64) }
	s := &Statistics{Weights: Float, Samples: 3, Nodes: []Node{{"conv \"1\"", digest("a")}, {"relu", digest("b")}}}
	var long []float32
	for i := range 3000 {
		long = append(long, float32(i%700)/7-20)
	}
	for i, x := range [][]float32{nil, {0, 0, 0}, {-1.5, 0, 2, 2, 2, 6}, long} {
		sketch := calib.NewSketch()
		if err := sketch.Add(x); err != nil {
			t.Fatal(err)
		}
		s.Tensors = append(s.Tensors, &Tensor{Name: string(rune('w' + i)), Digest: digest(string(rune('0' + i))), Keys: []string{"conv \"1\"", "add:0"}[:i%2+1], Sketch: sketch})
	}
	return s
}

// TestVersion1 holds that a file of version 1 is read, and written as it is, for ever.
func TestVersion1(t *testing.T) {
	file := filepath.Join("testdata", "v1.stats")
	want := example(t).Format()
	if os.Getenv("AMCTC_WRITE") != "" {
		if err := os.WriteFile(file, want, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(text, want) {
		t.Error("the format is another one than in the file")
	}
	s, err := Parse(file, text)
	if err != nil {
		t.Fatal(err)
	}
	if got := s.Format(); !bytes.Equal(got, text) {
		t.Errorf("read and written again:\n%s", got)
	}
}

func TestRefusals(t *testing.T) {
	text := string(example(t).Format())
	for _, c := range []struct{ old, new, want string }{
		{"amstats 1", "amstats 2", "x.stats:1:1: error[S002]: the file has version 2"},
		{"amstats 1", "amstat 1", "S001"},
		{"amstats 1", "amstats 01", "S001"},
		{"weights float", "weights fake", ":2:1: error[S001]"},
		{"samples 3", "samples -3", ":3:1: error[S001]"},
		{"samples 3", "samples 99999999999999999999", "S001"},
		{"node \"relu\"", "node \"conv \\\"1\\\"\"", "stands twice"},
		{"node \"relu\" b", "node \"relu\" B", "hexadecimal"},
		{"node \"relu\"", "node `relu`", "double quotes"},
		{"tensor \"x\"", "tensor \"w\"", "stands twice"},
		{strings.Repeat("1", 64), strings.Repeat("0", 64), "stands twice"},
		{"count 3 zeros 3", "count 3 zeros 2", "S003]: tensor \"x\": bins hold fewer"},
		{"low 00000000*3", "low 00000000*4000000000", "S001"},
		{"low 00000000*3", "low 00000000*2 00000000", "shortest"},
		{"low 00000000*3", "low 00000000*2", "S003"},
		{"low bfc00000", "low 7fc00000", "not finite"},
		{"\nend\n", "\n", "ends before"},
		{"\nend\n", "\nend\nend\n", "more behind"},
		{"keys \"conv", "keys conv", "quotes"},
	} {
		if !strings.Contains(text, c.old) {
			t.Fatalf("%q is not in the text", c.old)
		}
		_, err := Parse("x.stats", []byte(strings.Replace(text, c.old, c.new, 1)))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s -> %s: %v, want %q", c.old, c.new, err, c.want)
		}
	}
	for cut := 0; cut < len(text)-1; cut += 61 {
		if _, err := Parse("x.stats", []byte(text[:cut])); err == nil {
			t.Fatalf("cut at %d: accepted", cut)
		}
	}
}

// TestMergeChecks: nothing is merged in part.
func TestMergeChecks(t *testing.T) {
	for name, change := range map[string]func(*Statistics){
		"node":    func(s *Statistics) { s.Nodes[1].Digest = strings.Repeat("c", 64) },
		"weights": func(s *Statistics) { s.Weights = "other" },
		"tensors": func(s *Statistics) { s.Tensors = s.Tensors[1:] },
		"keys":    func(s *Statistics) { s.Tensors[1].Keys = nil },
		"samples": func(s *Statistics) { s.Samples = maxSamples },
	} {
		a, b := example(t), example(t)
		change(b)
		if err := a.Merge(b, "b.stats"); err == nil || !strings.Contains(err.Error(), "b.stats: error[S004]") {
			t.Errorf("%s: %v", name, err)
		}
		if !bytes.Equal(a.Format(), example(t).Format()) {
			t.Errorf("%s: changed although it was refused", name)
		}
	}
}

// FuzzParse: hostile files end in a message, and what is read is written as it was.
func FuzzParse(f *testing.F) {
	small := example(f)
	small.Tensors = small.Tensors[:3]
	f.Add(small.Format())
	f.Add([]byte("amstats 1\nweights float\nsamples 0\nend\n"))
	f.Add([]byte("amstats 2\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		s, err := Parse("f", text)
		if err != nil {
			return
		}
		if got := s.Format(); !bytes.Equal(got, text) && !bytes.Equal(got, append(text, '\n')) {
			t.Fatalf("%q is written as %q", text, got)
		}
		if again, err := Parse("f", text); err != nil || again.Merge(s, "f") != nil && s.Samples <= maxSamples/2 {
			for _, x := range s.Tensors {
				if x.Sketch.Count > maxElements/2 {
					return
				}
			}
			t.Fatalf("read once, not twice, or not merged with itself: %v", err)
		}
	})
}
