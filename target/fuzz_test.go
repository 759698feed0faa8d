package target_test

import (
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/amctc/amctc/target"
)

// FuzzProgram: no text makes the parser panic; what it accepts prints as canonical text, which is a fixed point.
func FuzzProgram(f *testing.F) {
	for _, dir := range []string{"legal", "illegal"} {
		files, err := filepath.Glob(filepath.Join("../testdata/target", dir, "*.ascend"))
		if err != nil {
			f.Fatal(err)
		}
		for _, name := range files {
			b, err := os.ReadFile(name)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(b)
		}
	}
	m := maker{rand.New(rand.NewPCG(9, 9))}
	for range 8 {
		f.Add([]byte(m.program().String()))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		p, err := target.ParseProgram(text)
		if err != nil {
			var s *target.SyntaxError
			if !errors.As(err, &s) || s.Line < 1 || s.Col < 1 {
				t.Fatalf("an error without a position: %v", err)
			}
			return
		}
		once := p.Append(nil)
		q, err := target.ParseProgram(once)
		if err != nil {
			t.Fatalf("the canonical text is refused: %v\n%s", err, once)
		}
		if twice := q.Append(nil); string(twice) != string(once) {
			t.Fatalf("printed twice:\n%s\n%s", once, twice)
		}
		if n := len(p.Lines()); n != len(p.Streams) {
			t.Fatalf("lines of %d streams", n)
		}
	})
}

// FuzzDescription: the same of descriptions.
func FuzzDescription(f *testing.F) {
	for _, text := range descriptions(f) {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		d, err := target.ParseDescription(text)
		if err != nil {
			var s *target.SyntaxError
			if !errors.As(err, &s) || s.Line < 1 || s.Col < 1 {
				t.Fatalf("an error without a position: %v", err)
			}
			return
		}
		once := d.String()
		e, err := target.ParseDescription(once)
		if err != nil {
			t.Fatalf("the canonical text is refused: %v\n%s", err, once)
		}
		if twice := e.String(); twice != once {
			t.Fatalf("printed twice:\n%s\n%s", once, twice)
		}
	})
}

func BenchmarkParseProgram(b *testing.B) {
	m := maker{rand.New(rand.NewPCG(1, 1))}
	var text []byte
	p := &target.Program{Target: "t", Streams: []target.Stream{{Name: "aic0"}}}
	for range 2000 {
		p.Streams[0].Body = append(p.Streams[0].Body, m.body(0)...)
	}
	text = p.Append(nil)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if _, err := target.ParseProgram(text); err != nil {
			b.Fatal(err)
		}
	}
}
