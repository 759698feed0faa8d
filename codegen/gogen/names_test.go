package gogen

import (
	"go/token"
	"testing"
)

func TestIdent(t *testing.T) {
	for name, want := range map[string]string{
		"/features/features.1/body/body.0/body.0.0/Conv": "features1Body00Conv",
		"/conv1/Conv":           "conv1Conv",
		"Plus214_Output_0":      "plus214Output0",
		"model::conv.0::Conv":   "modelConv0Conv",
		"3":                     "layer3",
		"":                      "layer",
		"层":                     "layer",
		"ReLU":                  "reLU",
		"a/a.b":                 "aB",
		"a/ab":                  "aAb",
		"\xff\n":                "layer",
		string(make([]byte, 9)): "layer",
	} {
		if got := layerIdent(name); got != want {
			t.Errorf("%q becomes %s, want %s", name, got, want)
		}
	}
}

// FuzzIdent holds that names become identifiers, each once.
func FuzzIdent(f *testing.F) {
	f.Add("/a/b", "a.b")
	f.Add("func", "1")
	f.Fuzz(func(t *testing.T, a, b string) {
		s := newScope("run")
		x, y, z := s.pick(layerIdent(a)), s.pick(layerIdent(b)), s.pick(layerIdent(a))
		if x == y || y == z || x == z {
			t.Errorf("%q and %q give %s, %s, %s", a, b, x, y, z)
		}
		for _, n := range []string{x, y, z} {
			if !token.IsIdentifier(n) || n == "run" || n == "len" {
				t.Errorf("%q and %q give %s", a, b, n)
			}
		}
		if c := oneLine(a); len(c) > 3*len(a) {
			t.Errorf("%q becomes %q", a, c)
		}
	})
}
