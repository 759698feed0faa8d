package targetfaults

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

// several are faults in the residual network on four AI cores.
var several = []fault{
	{"cores: one writes the rows of another", alike("aic1", "aic0", "fixpipe"), "T026", "fixpipe", "@"},
	{"cores: one writes the elements of another", alike("aiv2.0", "aiv1.0", "padcopy @"), "T026", "padcopy", "@"},
	{"cores: one does not wait for the others between two layers", late("aic3", "datacopy"), "T026", "datacopy", "@_"},
	{"cores: one leaves out the last barrier", dropLast("aic2", "sync_all"), "T016", "sync_all", "aic2 ends after"},
	{"cores: one has a barrier more", twice("aiv1.0", "sync_all"), "T016", "sync_all", "sync_all"},
	{"cores: one is missing", func(t testing.TB, l *lowered) []string {
		from := first(t, l, "", "stream", "aic1")
		to := first(t, l, "", "stream", "aic2")
		return slices.Delete(slices.Clone(l.lines), from, to)
	}, "T012", "", "@"},
	{"cores: the SoC has fewer", edit("", "stream", "aic3", "aic20"), "T005", "", "aic20"},
}

// alike gives the first such line of a stream the destination of the first in another, in the same symbol.
func alike(stream, other, words string) func(testing.TB, *lowered) []string {
	return func(t testing.TB, l *lowered) []string {
		dst := regexp.MustCompile(`@[^,]*`)
		for _, i := range l.find(stream, strings.Fields(words)[0]) {
			for _, j := range l.find(other, strings.Fields(words)[0]) {
				a, b := dst.FindString(l.lines[i]), dst.FindString(l.lines[j])
				if !strings.HasPrefix(strings.TrimSpace(l.lines[i]), words) || a == b || a == "" {
					continue
				}
				if sym := a[:strings.IndexByte(a, '[')+1]; strings.HasPrefix(strings.TrimSpace(l.lines[j]), words) && strings.HasPrefix(b, sym) && !strings.Contains(b, "%") {
					return l.with(i, strings.Replace(l.lines[i], a, b, 1))
				}
			}
		}
		t.Fatalf("no %q in %s and %s with the same symbol", words, stream, other)
		return nil
	}
}

// late moves a stream's sync_all between two layers behind the first load of a layer's result that follows it.
func late(stream, words string) func(testing.TB, *lowered) []string {
	return func(t testing.TB, l *lowered) []string {
		syncs := l.find(stream, "sync_all")
		for _, i := range l.find(stream, words) {
			for _, s := range slices.Backward(syncs) {
				if s < i && strings.Contains(l.lines[i], ", @_") && !regexp.MustCompile(`\.[wbq]\[`).MatchString(l.lines[i]) {
					out := l.with(s, "  pipe_barrier ALL") // the core itself is in order
					return slices.Insert(out, i+1, l.lines[s])
				}
			}
		}
		t.Fatalf("no %q after a sync_all in %s", words, stream)
		return nil
	}
}

func dropLast(stream, words string) func(testing.TB, *lowered) []string {
	return func(t testing.TB, l *lowered) []string {
		at := l.find(stream, words)
		return l.without(at[len(at)-1])
	}
}

func twice(stream, words string) func(testing.TB, *lowered) []string {
	return func(t testing.TB, l *lowered) []string {
		at := l.find(stream, words)
		return slices.Insert(slices.Clone(l.lines), at[len(at)-1], l.lines[at[len(at)-1]])
	}
}
