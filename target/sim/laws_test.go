package sim_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/amctc/amctc/target"
	"github.com/amctc/amctc/target/sim"
)

// outputs runs a text on pseudo-random inputs.
func outputs(t *testing.T, text string, d *target.Description) (*sim.Result, error) {
	t.Helper()
	p, err := target.ParseProgram([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	in := map[string][]byte{}
	for i, s := range p.Symbols {
		if s.Kind == target.Input {
			in[s.Name] = random(uint64(i), int(s.Bytes))
			if s.Type == target.U64 {
				in[s.Name] = nil
				for range s.Bytes / 8 {
					in[s.Name] = append(in[s.Name], u64s(target.QuantWord(0.001, 3, true))...)
				}
			}
		}
	}
	return sim.Run(context.Background(), p, nil, d, in, sim.Options{})
}

func sameResult(t *testing.T, what string, a, b *sim.Result, times bool) {
	t.Helper()
	for name, x := range a.Outputs {
		if !bytes.Equal(x, b.Outputs[name]) {
			t.Errorf("%s: output %s differs", what, name)
		}
	}
	if !times {
		return
	}
	if a.Cycles != b.Cycles {
		t.Errorf("%s: %d cycles, then %d", what, a.Cycles, b.Cycles)
	}
	for _, s := range a.Pipes {
		if s.Busy != b.Busy(s.Stream, s.Pipe) {
			t.Errorf("%s: %s %v is busy %d, then %d", what, s.Stream, s.Pipe, s.Busy, b.Busy(s.Stream, s.Pipe))
		}
	}
}

// What the streams compute, and when, doesn't depend on their order in the text.
func TestStreamOrder(t *testing.T) {
	d := describe(t, "ascend910b3")
	stream := regexp.MustCompile(`(?s)stream .*?\n}\n`)
	for name, text := range legalPrograms(t) {
		list := stream.FindAllString(text, -1)
		head := text[:strings.Index(text, "stream ")]
		first, err := outputs(t, text, d)
		if err != nil {
			t.Fatal(err)
		}
		for k := range list {
			r, err := outputs(t, head+strings.Join(append(append([]string{}, list[k:]...), list[:k]...), ""), d)
			if err != nil {
				t.Fatal(err)
			}
			sameResult(t, fmt.Sprintf("%s turned by %d", name, k), first, r, true)
		}
	}
}

// The depth of the queues changes times only.
func TestQueueDepthIsNoMeaning(t *testing.T) {
	d := describe(t, "ascend910b3")
	for name, text := range legalPrograms(t) {
		first, err := outputs(t, text, d)
		if err != nil {
			t.Fatal(err)
		}
		for _, depth := range []int{1, 2, 5, 1000} {
			e := *d
			e.Queue = depth
			r, err := outputs(t, text, &e)
			if err != nil {
				t.Fatalf("%s at depth %d: %v", name, depth, err)
			}
			sameResult(t, fmt.Sprintf("%s at depth %d", name, depth), first, r, false)
			if depth < 32 && r.Cycles < first.Cycles {
				t.Errorf("%s: a queue of %d is faster than one of %d", name, depth, d.Queue)
			}
		}
	}
}

// Every ordering of the legal programs is needed: without one kind of flag, barrier, counter or sync_all, in all its places, the program is refused.
func TestEveryOrderCounts(t *testing.T) {
	d := describe(t, "ascend910b3")
	order := regexp.MustCompile(`(?m)^ *(?:set_flag|wait_flag|cross_set \S+|cross_wait|pipe_barrier|sync_all) ?(.*)\n`)
	for _, name := range []string{"product", "conv", "vector"} {
		text := legalPrograms(t)[name]
		kinds := map[string]bool{}
		for _, m := range order.FindAllStringSubmatch(text, -1) {
			kind := m[1]
			if strings.Contains(m[0], "cross_") {
				kind = "cross"
			} else if strings.Contains(m[0], "sync_all") {
				kind = "sync_all"
			}
			kinds[kind] = true
		}
		for kind := range kinds {
			lines := strings.Split(text, "\n")
			kept := lines[:0]
			for _, l := range lines {
				f := strings.TrimSpace(l)
				isOrder := order.MatchString(l + "\n")
				if isOrder && (kind == "cross" && strings.HasPrefix(f, "cross_") || kind == "sync_all" && f == "sync_all" || strings.HasSuffix(f, "_flag "+kind) || f == "pipe_barrier "+kind) {
					continue
				}
				kept = append(kept, l)
			}
			_, err := outputs(t, strings.Join(kept, "\n"), d)
			var e *sim.Error
			if !errors.As(err, &e) || e.Code != sim.Race {
				t.Errorf("%s without %q gives %v", name, kind, err)
			}
		}
	}
}

// A program can run several times at once, and runs leave it as it was.
func TestConcurrentRuns(t *testing.T) {
	d := describe(t, "ascend910b3")
	p, err := target.ParseProgram([]byte(legalPrograms(t)["conv"]))
	if err != nil {
		t.Fatal(err)
	}
	before := p.String()
	in := map[string][]byte{"x": random(1, 4608), "w": random(2, 9216)}
	var wg sync.WaitGroup
	results := make([]*sim.Result, 6)
	for i := range results {
		wg.Go(func() {
			r, err := sim.Run(context.Background(), p, nil, d, in, sim.Options{})
			if err != nil {
				t.Error(err)
				return
			}
			results[i] = r
		})
	}
	wg.Wait()
	for _, r := range results[1:] {
		if r == nil || results[0] == nil {
			t.Fatal("no result")
		}
		sameResult(t, "at once", results[0], r, true)
	}
	if p.String() != before {
		t.Error("the program has changed")
	}
}

// A fused core runs vector instructions beside the cube; what it lacks is refused.
func TestFusedCore(t *testing.T) {
	text := syms("x", "input", 256, "y", "output", 256) + steps("aic0", "datacopy UB[0], @x[0] len=8", "vcopy UB[512], UB[0] type=f16", "datacopy @y[0], UB[512] len=8")
	x := random(5, 256)
	for _, soc := range []string{"ascend310", "ascend310p3", "ascend910a"} {
		same(t, soc, execute(t, soc, text, map[string][]byte{"x": x}).Outputs["y"], x)
		refused(t, soc, syms("s", "scratch", 1024)+"stream aic0 {\nfixpipe @s[0], L0C[0] m=16 n=16 srcstride=16 dststride=16 nd\n}\n", nil, sim.WrongPipe)
		refused(t, soc, "stream aiv0.0 {\nvdup UB[0] type=s16 imm=0\n}\n", nil, sim.BadStream)
	}
}

// Faults of the caller are errors, not panics, and name the input.
func TestInputs(t *testing.T) {
	d := describe(t, "ascend910b3")
	p := parse(t, "ascend910b3", syms("x", "input", 32, "y", "output", 32)+steps("aiv0.0", "datacopy UB[0], @x[0] len=1", "datacopy @y[0], UB[0] len=1"))
	for want, in := range map[string]map[string][]byte{
		"no data for input x":                          nil,
		"input x has 31 bytes, the program expects 32": {"x": make([]byte, 31)},
		`the program has no input "z"`:                 {"x": make([]byte, 32), "z": nil},
	} {
		if _, err := sim.Run(context.Background(), p, nil, d, in, sim.Options{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	if _, err := sim.Run(context.Background(), p, nil, d, map[string][]byte{"x": make([]byte, 32)}, sim.Options{MaxSteps: 2}); err == nil || !strings.Contains(err.Error(), "more than 2 instructions") {
		t.Errorf("got %v", err)
	}
}
