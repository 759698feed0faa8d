package contender

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestRequest(t *testing.T) {
	want := Request{Name: "resnet50", Seconds: 1.5, Threads: 2}
	if got, err := ParseRequest(want.String()); err != nil || got != want {
		t.Errorf("%v: %v, want %v", err, got, want)
	}
	for _, line := range []string{"", "a", "a 1", "a -1 1", "a 601 1", "a x 1", "a NaN 1", "a 1 0", "a 1 1 1"} {
		if _, err := ParseRequest(line); err == nil {
			t.Errorf("%q is accepted", line)
		}
	}
}

func TestReply(t *testing.T) {
	for _, want := range []Reply{{Name: "a", Calls: 3, Median: 1234.5, Allocs: 0.25}, {Name: "b", Failed: "no such operator"}} {
		if got, err := ParseReply(want.String()); err != nil || got != want {
			t.Errorf("%v: %v, want %v", err, got, want)
		}
	}
	if got := (Reply{Name: "b", Failed: "two\nlines"}).String(); got != "b failed two lines" {
		t.Errorf("got %q", got)
	}
	for _, line := range []string{"", "a", "a 1 2", "a 0 1 1", "a 1 x 1", "a 1 1 -1"} {
		if _, err := ParseReply(line); err == nil {
			t.Errorf("%q is accepted", line)
		}
	}
}

func TestMedian(t *testing.T) {
	for _, c := range []struct {
		v    []float64
		want float64
	}{{[]float64{7}, 7}, {[]float64{9, 1, 2}, 2}, {[]float64{4, 1, 3, 2}, 2.5}} {
		if got := Median(c.v); got != c.want {
			t.Errorf("%v: got %v, want %v", c.v, got, c.want)
		}
	}
}

// doubles is a network of one number.
func doubles(int) (*Net, error) {
	n := &Net{In: make([]float32, 1), Out: make([]float32, 1)}
	n.Run = func() error { n.Out[0] = 2 * n.In[0]; return nil }
	return n, nil
}

func TestServe(t *testing.T) {
	dir := t.TempDir()
	if err := WriteFloats(InputPath(dir, "double"), []float32{21}); err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	nets := map[string]Open{
		"double": doubles,
		"absent": func(int) (*Net, error) { return nil, errors.New("not today") },
		"panics": func(int) (*Net, error) { panic("no") },
	}
	if err := Serve(strings.NewReader("double 0.001 1\nabsent 1 1\npanics 1 1\nother 1 1\n"), &out, dir, "me", nets); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 4 {
		t.Fatalf("replies %q", lines)
	}
	r, err := ParseReply(lines[0])
	if err != nil || r.Failed != "" || r.Calls < 1 {
		t.Errorf("%v: %+v", err, r)
	}
	for i, want := range []string{"not today", "panic: no", "no network other"} {
		if r, err := ParseReply(lines[1+i]); err != nil || r.Failed != want {
			t.Errorf("%v: %+v, want %q", err, r, want)
		}
	}
	if y, err := ReadFloats(OutputPath(dir, "double", "me")); err != nil || !slices.Equal(y, []float32{42}) {
		t.Errorf("result %v: %v", y, err)
	}
	if err := Serve(strings.NewReader("double\n"), &out, dir, "me", nets); err == nil {
		t.Error("a broken request is accepted")
	}
}

func TestStart(t *testing.T) {
	dir := t.TempDir()
	if err := WriteFloats(InputPath(dir, "double"), []float32{21}); err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := Start(strings.NewReader(""), &out, dir, "double", doubles); err != nil || !strings.HasPrefix(out.String(), "ready\ndone\n") {
		t.Fatalf("%v: %q", err, out.String())
	}
	if r, err := ParseReply(strings.TrimPrefix(out.String(), "ready\ndone\n")); err != nil || r.Median <= 0 {
		t.Errorf("%v: %q", err, out.String())
	}
}

func TestSample(t *testing.T) {
	dir := t.TempDir()
	n, _ := doubles(1)
	if err := n.Load(dir, "double"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
	if err := WriteFloats(InputPath(dir, "double"), []float32{1, 2}); err != nil {
		t.Fatal(err)
	}
	if err := n.Load(dir, "double"); err == nil {
		t.Error("a sample of two numbers is accepted")
	}
}

// TestSources: the copied files need nothing but the standard library and the files beside them.
func TestSources(t *testing.T) {
	files, err := Sources.ReadDir(".")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files: %v", len(files), err)
	}
	for _, f := range files {
		text, err := Sources.ReadFile(f.Name())
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), "github.com/") {
			t.Errorf("%s imports more", f.Name())
		}
	}
}

// TestMeasure: a run that takes no time is called many times between two looks at the clock, one that
// takes long only once when there is no time.
func TestMeasure(t *testing.T) {
	n := 0
	r, err := measure("fast", func() error { n++; return nil }, 5*time.Millisecond)
	if err != nil || r.Calls != n || n < 1000 || r.Median > 1e5 || r.Allocs > 0.1 {
		t.Errorf("%v: %+v after %d calls", err, r, n)
	}
	n = 0
	r, err = measure("slow", func() error { n++; time.Sleep(2 * time.Millisecond); return nil }, 0)
	if err != nil || r.Calls != 1 || n != 1 || r.Median < 2e6 {
		t.Errorf("%v: %+v after %d calls", err, r, n)
	}
	wrong := errors.New("wrong")
	if _, err := measure("wrong", func() error { return wrong }, 0); err != wrong {
		t.Errorf("got %v", err)
	}
}
