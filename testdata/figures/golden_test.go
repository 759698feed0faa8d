package main

import "testing"

func TestGoldenFigure(t *testing.T) {
	sections := []string{"9.1", "9.2"}
	for _, c := range []struct {
		out, want string
		pass      bool
	}{
		{"=== RUN\n  x_test.go:1: golden values of AMCT 9.2: 3\n  golden values of AMCT 9.1: 4\n y: golden values of AMCT 9.2: 1\n", "8 values reproduced (9.1 4, 9.2 4)", true},
		{"golden values of AMCT 9.1: 4\n", "4 values reproduced (9.1 4, 9.2 0)", false},
	} {
		if got, pass, err := goldenFigure(c.out, sections); got != c.want || pass != c.pass || err != nil {
			t.Errorf("%q: %q, %v, %v", c.out, got, pass, err)
		}
	}
	for _, out := range []string{"golden values of AMCT 9.3: 4", "golden values of AMCT 9.1: none", "golden values of AMCT 9.1: 0"} {
		if _, pass, err := goldenFigure(out, sections); err == nil || pass {
			t.Errorf("%q is taken", out)
		}
	}
}
