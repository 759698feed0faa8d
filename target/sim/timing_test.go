package sim_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/amctc/amctc/target"
	"github.com/amctc/amctc/target/sim"
)

// canonicalProduct is the product M=N=128, K=256 of int8 as the published sequence has it: one load2d per 16 rows of A, B straight, one mmad.
func canonicalProduct(soc string) (string, map[string][]byte) {
	var b strings.Builder
	b.WriteString(syms("a", "input", 128*256, "b", "input", 128*256, "c", "output", 128*128*4))
	b.WriteString("stream aic0 {\nnd2nz L1[0], @a[0] type=s8 n=128 d=256 srcd=256 dstc0=128\nnd2nz L1[65536], @b[0] type=s8 n=128 d=256 srcd=256 dstc0=128\nset_flag MTE2 MTE1 0\nwait_flag MTE2 MTE1 0\n")
	if soc == "ascend950pr" {
		b.WriteString("load2d L0A[0], L1[0] type=s8 repeat=64\n")
	} else {
		b.WriteString("loop %i 0 8 {\nload2d L0A[4096*%i], L1[512*%i] type=s8 repeat=8 stride=8\n}\n")
	}
	b.WriteString("load2d L0B[0], L1[65536] type=s8 repeat=64\nset_flag MTE1 M 0\nwait_flag MTE1 M 0\nmmad L0C[0], L0A[0], L0B[0] m=128 k=256 n=128\nset_flag M FIX 0\nwait_flag M FIX 0\nfixpipe @c[0], L0C[0] m=128 n=128 srcstride=128 dststride=128 nd\n}\n")
	return b.String(), map[string][]byte{"a": random(1, 128*256), "b": random(2, 128*256)}
}

// The worked example: MTE1 is busy 28 + 32768/256 + 28 + 32768/128 = 440 cycles, M 21 + 8*8*8 = 533 on the 910B; the 950's numbers likewise.
func TestCanonicalProductTime(t *testing.T) {
	for _, c := range []struct {
		soc     string
		mte1, m int64
	}{{"ascend910b1", 440, 533}, {"ascend910b3", 440, 533}, {"ascend950pr", 2 * (30 + 128), 25 + 512}} {
		text, in := canonicalProduct(c.soc)
		r := execute(t, c.soc, text, in)
		if got := r.Busy("aic0", target.PipeMTE1); got != c.mte1 {
			t.Errorf("%s: MTE1 busy %d, want %d", c.soc, got, c.mte1)
		}
		if got := r.Busy("aic0", target.PipeM); got != c.m {
			t.Errorf("%s: M busy %d, want %d", c.soc, got, c.m)
		}
		if want := int64(128 * 256 * 128); r.MACs != want {
			t.Errorf("%s: %d MACs, want %d", c.soc, r.MACs, want)
		}
		if got := r.GMBytes(); got != 2*32768+65536 {
			t.Errorf("%s: %d GM bytes", c.soc, got)
		}
	}
}

// busy runs lines, each after a barrier or in a row, and returns the busy cycles of a pipe.
func busy(t *testing.T, soc, stream string, p target.Pipe, lines ...string) int64 {
	t.Helper()
	text := syms("x", "input", 65536, "s", "scratch", 65536) + "stream " + stream + " {\n" + strings.Join(lines, "\n") + "\n}\n"
	return execute(t, soc, text, map[string][]byte{"x": make([]byte, 65536)}).Busy(stream, p)
}

// A head is paid when the pipe was idle or changes path, and only then.
func TestHeads(t *testing.T) {
	const b3 = "ascend910b3"
	load := "datacopy L1[0], @x[0] len=1024\npipe_barrier ALL"
	a, b := "load2d L0A[0], L1[0] type=s8 repeat=16", "load2d L0B[0], L1[0] type=s8 repeat=16"
	const wa, wb = 16 * 512 / 256, 16 * 512 / 128
	for _, c := range []struct {
		what  string
		lines []string
		want  int64
	}{
		{"one load", []string{load, a}, 28 + wa},
		{"two in a row", []string{load, a, a}, 28 + 2*wa},
		{"two paths", []string{load, a, b}, 28 + wa + 28 + wb},
		{"there and back", []string{load, a, b, a}, 3*28 + 2*wa + wb},
		{"an idle pipe", []string{load, a, "pipe_barrier ALL", a}, 2 * (28 + wa)},
		{"a barrier of the pipe", []string{load, a, "pipe_barrier MTE1", a}, 2 * (28 + wa)},
		{"nothing", []string{load, "load2d L0A[0], L1[0] type=s8 repeat=0"}, 0},
	} {
		if got := busy(t, b3, "aic0", target.PipeMTE1, c.lines...); got != c.want {
			t.Errorf("%s: %d cycles, want %d", c.what, got, c.want)
		}
	}
}

// Rates per path and instruction.
func TestRates(t *testing.T) {
	load := "datacopy L1[0], @x[0] len=2048\npipe_barrier ALL"
	fill := load + "\nload2d L0A[0], L1[0] type=s8 repeat=8\nload2d L0B[0], L1[0] type=s8 repeat=8\npipe_barrier ALL\nmmad L0C[0], L0A[0], L0B[0] m=64 k=64 n=64\npipe_barrier ALL"
	fix := func(field string) string {
		return fill + "\nfixpipe @s[0], L0C[0] m=64 n=64 srcstride=64 dststride=64 nd" + field
	}
	img := func(sw, kh int) string {
		return load + fmt.Sprintf("\nload3d L0A[0], L1[0] type=s8 h=20 w=20 channels=32 kh=%d sw=%d mext=16 kext=%d", kh, sw, 32*kh)
	}
	dup := "vdup UB[0] type=f16 imm=1 repeat=64\npipe_barrier ALL\n"
	for _, c := range []struct {
		soc, stream string
		pipe        target.Pipe
		line        string
		want        int64
	}{
		{"ascend910b3", "aic0", target.PipeMTE2, "datacopy L1[0], @x[0] len=100", 100},
		{"ascend910b3", "aic0", target.PipeMTE1, load + "\ndatacopy BT[0], L1[0] len=4", 20 + 256/32},
		{"ascend910b3", "aic0", target.PipeFIX, load + "\ndatacopy FB[0], L1[0] len=4", 20 + 512/32},
		{"ascend950pr", "aic0", target.PipeFIX, load + "\ndatacopy FB[0], L1[0] len=4", 26 + 512/32},
		{"ascend910b3", "aic0", target.PipeM, fill, 21 + 4*4*2},
		{"ascend950pr", "aic0", target.PipeM, fill, 25 + 4*4*2},
		{"ascend910b3", "aic0", target.PipeFIX, fill + "\nfixpipe @s[0], L0C[0] m=64 n=64 srcstride=64 dststride=64 quant=req8 word=0x40003c000000 nd", 20 + 64},
		{"ascend910b3", "aic0", target.PipeFIX, fill + "\nfixpipe @s[0], L0C[0] m=64 n=64 srcstride=64 dststride=64 quant=deqf16 word=0x3c000000 nd", 20 + 64},
		{"ascend910b3", "aic0", target.PipeFIX, fix(""), 20 + 128},
		{"ascend950pr", "aic0", target.PipeFIX, fix(""), 26 + 128},
		{"ascend910b3", "aic0", target.PipeMTE1, img(1, 1), 50 + 512/256},
		{"ascend910b3", "aic0", target.PipeMTE1, img(1, 2), 50 + 1024*4/512},
		{"ascend910b3", "aic0", target.PipeMTE1, img(2, 1), 50 + 512*4/512},
		{"ascend910b3", "aic0", target.PipeMTE1, img(2, 2), 50 + 1024*6/512},
		{"ascend910b3", "aic0", target.PipeMTE1, img(3, 1), 50 + 512/32},
		{"ascend910b3", "aiv0.0", target.PipeV, dup + "vadd UB[32768], UB[0], UB[0] type=f16 repeat=64", 24 + 64 + 24 + 64},
		{"ascend910b3", "aiv0.0", target.PipeV, dup + "vgather UB[65536], UB[0], UB[8192] type=f16 count=0", 24 + 64},
	} {
		if got := busy(t, c.soc, c.stream, c.pipe, c.line); got != c.want {
			t.Errorf("%s %v %s: %d cycles, want %d", c.soc, c.pipe, c.line[strings.LastIndex(c.line, "\n")+1:], got, c.want)
		}
	}
}

// Double buffering: loads of the next tile run beside the product of this one.
func TestOverlap(t *testing.T) {
	text := func(buffers int) string {
		var b strings.Builder
		b.WriteString(syms("x", "input", 65536) + "stream aic0 {\ndatacopy L1[0], @x[0] len=2048\npipe_barrier ALL\nload2d L0B[0], L1[0] type=s8 repeat=64\n")
		for i := range buffers {
			fmt.Fprintf(&b, "set_flag M MTE1 %d\n", i)
		}
		for i := range 8 {
			k := i % buffers
			fmt.Fprintf(&b, "wait_flag M MTE1 %d\nload2d L0A[%d], L1[0] type=s8 repeat=64\nset_flag MTE1 M %d\nwait_flag MTE1 M %d\nmmad L0C[0], L0A[%d], L0B[0] m=128 k=256 n=128\nset_flag M MTE1 %d\n", k, 32768*k, k, k, 32768*k, k)
		}
		for i := range buffers {
			fmt.Fprintf(&b, "wait_flag M MTE1 %d\n", i)
		}
		return b.String() + "}\n"
	}
	in := map[string][]byte{"x": make([]byte, 65536)}
	one, two := execute(t, "ascend910b3", text(1), in).Cycles, execute(t, "ascend910b3", text(2), in).Cycles
	if saved := one - two; saved < 7*128 {
		t.Errorf("%d cycles with one buffer, %d with two", one, two)
	}
}

// A full queue holds the scalar unit back: the 33rd instruction is issued when the first has left.
func TestQueueDepth(t *testing.T) {
	// 40 long copies on MTE2, then one instruction for MTE1: it is issued only when 8 copies have started.
	lines := []string{"datacopy L1[0], @x[0] len=1024", "pipe_barrier ALL"}
	for range 40 {
		lines = append(lines, "datacopy L1[65536], @x[0] len=1000")
	}
	lines = append(lines, "load2d L0A[0], L1[0] type=s8")
	text := syms("x", "input", 65536) + "stream aic0 {\n" + strings.Join(lines, "\n") + "\n}\n"
	d := describe(t, "ascend910b3")
	r, err := sim.Run(context.Background(), parse(t, "ascend910b3", text), nil, d, map[string][]byte{"x": make([]byte, 65536)}, sim.Options{Trace: true})
	if err != nil {
		t.Fatal(err)
	}
	var trace struct {
		TraceEvents []struct {
			Name string
			Ph   string
			Ts   int64
		}
	}
	var b bytes.Buffer
	if err := r.WriteTrace(&b); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b.Bytes(), &trace); err != nil {
		t.Fatal(err)
	}
	for _, e := range trace.TraceEvents {
		if e.Name == "load2d" && (e.Ts < 1024+7*1000 || e.Ts > 1024+8*1000) {
			t.Errorf("the load starts at %d", e.Ts)
		}
	}
}

// Result and trace are the same on every run, the trace is JSON with one named track per pipe.
func TestReportAndTrace(t *testing.T) {
	text, in := canonicalProduct("ascend910b3")
	d, p := describe(t, "ascend910b3"), parse(t, "ascend910b3", text)
	var first string
	for range 3 {
		r, err := sim.Run(context.Background(), p, nil, d, in, sim.Options{Trace: true})
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		if err := r.WriteTrace(&b); err != nil {
			t.Fatal(err)
		}
		all := r.String() + b.String()
		if first == "" {
			first = all
			t.Log("\n" + r.String())
			for _, want := range []string{"MTE1", "533", "440", "roofline", "% of the roof"} {
				if !strings.Contains(r.String(), want) {
					t.Errorf("the report lacks %q", want)
				}
			}
		} else if all != first {
			t.Fatal("two runs differ")
		}
		var trace struct {
			TraceEvents []struct {
				Ph, Name string
				Pid, Tid int
				Ts, Dur  int64
				Args     struct {
					Name string
					Line int
				}
			}
		}
		if err := json.Unmarshal(b.Bytes(), &trace); err != nil {
			t.Fatal(err)
		}
		tracks, spans, busy := map[int]string{}, 0, map[string]int64{}
		end := map[int]int64{}
		for _, e := range trace.TraceEvents {
			switch {
			case e.Ph == "M" && e.Name == "thread_name":
				if tracks[e.Tid] != "" {
					t.Errorf("track %d is named twice", e.Tid)
				}
				tracks[e.Tid] = e.Args.Name
			case e.Ph == "X":
				if e.Ts < end[e.Tid] || e.Args.Line == 0 || tracks[e.Tid] == "" {
					t.Errorf("bad span %+v", e)
				}
				end[e.Tid] = e.Ts + e.Dur
				busy[tracks[e.Tid]] += e.Dur
				spans++
			}
		}
		if spans != 2+8+1+1+1 || len(tracks) != 4 {
			t.Errorf("%d spans on tracks %v", spans, tracks)
		}
		for _, s := range r.Pipes {
			if s.Busy != busy[s.Pipe.String()] {
				t.Errorf("%v is busy %d, its track %d", s.Pipe, s.Busy, busy[s.Pipe.String()])
			}
		}
	}
}

// No run is faster than its roof.
func TestRoofIsABound(t *testing.T) {
	share := regexp.MustCompile(`\(([0-9.]+) % of the roof\)`)
	text, _ := canonicalProduct("ascend910b3")
	programs := legalPrograms(t)
	programs["canonical"] = "amprog 1\ntarget ascend910b3\nname \"canonical\"\n" + text
	for name, text := range programs {
		r, err := runText(t, text, "ascend910b3", sim.Options{})
		if err != nil {
			t.Fatal(err)
		}
		m := share.FindStringSubmatch(r.Roofline())
		if m == nil {
			t.Fatalf("%s: %s", name, r.Roofline())
		}
		if v, err := strconv.ParseFloat(m[1], 64); err != nil || v > 100 {
			t.Errorf("%s: %s", name, r.Roofline())
		}
		for _, s := range r.Pipes {
			if u := r.Utilization(s); u < 0 || u > 1 {
				t.Errorf("%s: %v is busy %v of the time", name, s.Pipe, u)
			}
		}
	}
}
