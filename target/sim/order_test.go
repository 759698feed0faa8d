package sim_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/amctc/amctc/target/sim"
)

// access is what a random instruction touches: blocks of UB.
type access struct {
	pipe      string
	line      string
	reads     map[int]bool
	writes    map[int]bool
	set, wait int // 1 + number of the flag; 0: none
	barrier   bool
}

func span(at, n int) map[int]bool {
	m := map[int]bool{}
	for i := range n {
		m[at+i] = true
	}
	return m
}

func meet(a, b map[int]bool) bool {
	for i := range a {
		if b[i] {
			return true
		}
	}
	return false
}

// randomOrder makes a program of one vector core: copies in, copies within, copies out over 12 blocks, flags and barriers among them.
func randomOrder(r *rand.Rand) []access {
	var list []access
	pipes := []string{"MTE2", "V", "MTE3"}
	type flag struct{ name, dst string }
	var open []int
	var flags []flag
	used := map[string]int{}
	for k := range 6 + r.IntN(14) {
		switch r.IntN(9) {
		case 0, 1, 2:
			src, dst := pipes[r.IntN(3)], pipes[r.IntN(3)]
			if pair := src + " " + dst; src != dst && used[pair] < 8 {
				flags = append(flags, flag{fmt.Sprintf("%s %d", pair, used[pair]), dst})
				used[pair]++
				open = append(open, len(flags)-1)
				list = append(list, access{pipe: src, line: "set_flag " + flags[len(flags)-1].name, set: len(flags)})
			}
		case 3, 4:
			if len(open) > 0 {
				i := r.IntN(len(open))
				f := open[i]
				open = append(open[:i], open[i+1:]...)
				list = append(list, access{pipe: flags[f].dst, line: "wait_flag " + flags[f].name, wait: f + 1})
			}
		case 5:
			n, at := 1+r.IntN(3), r.IntN(10)
			list = append(list, access{pipe: "MTE2", line: fmt.Sprintf("datacopy UB[%d], @x[0] len=%d", 32*at, n), writes: span(at, n)})
		case 6, 7:
			a, d := r.IntN(12), r.IntN(12)
			list = append(list, access{pipe: "V", line: fmt.Sprintf("vcopy UB[%d], UB[%d] type=s16 lanes=16", 32*d, 32*a), reads: span(a, 1), writes: span(d, 1)})
		default:
			n, at := 1+r.IntN(3), r.IntN(10)
			list = append(list, access{pipe: "MTE3", line: fmt.Sprintf("datacopy @y[%d], UB[%d] len=%d", 96*k, 32*at, n), reads: span(at, n)})
		}
		if r.IntN(25) == 0 {
			list = append(list, access{line: "pipe_barrier ALL", barrier: true})
		}
	}
	for _, f := range open {
		list = append(list, access{pipe: flags[f].dst, line: "wait_flag " + flags[f].name, wait: f + 1})
	}
	return list
}

// racy decides by the definition: two instructions of different pipes meet in a block, one writes it, and no path of pipe order, flags and barriers leads from the one to the other.
func racy(list []access) bool {
	n := len(list)
	before := make([][]bool, n)
	for i := range before {
		before[i] = make([]bool, n)
		for j := range i {
			a, b := list[j], list[i]
			before[i][j] = a.barrier || b.barrier || a.pipe == b.pipe || a.set > 0 && a.set == b.wait
		}
	}
	for k := range n {
		for i := range n {
			for j := range n {
				before[i][j] = before[i][j] || before[i][k] && before[k][j]
			}
		}
	}
	for i, a := range list {
		for j := range i {
			b := list[j]
			if a.pipe != b.pipe && !before[i][j] && (meet(a.writes, b.writes) || meet(a.writes, b.reads) || meet(a.reads, b.writes)) {
				return true
			}
		}
	}
	return false
}

// The race detector agrees with the definition of a race on random programs.
func TestRacesByDefinition(t *testing.T) {
	r := rand.New(rand.NewPCG(21, 12))
	d := describe(t, "ascend910b3")
	counts := [2]int{}
	for range 2000 {
		list := randomOrder(r)
		var b strings.Builder
		b.WriteString(syms("x", "input", 4096, "y", "scratch", 4096) + "stream aiv0.0 {\nvdup UB[0] type=s16 imm=0 repeat=4\npipe_barrier ALL\n")
		for _, a := range list {
			b.WriteString(a.line + "\n")
		}
		text := b.String() + "}\n"
		_, err := sim.Run(context.Background(), parse(t, "ascend910b3", text), nil, d, map[string][]byte{"x": make([]byte, 4096)}, sim.Options{})
		var e *sim.Error
		race := errors.As(err, &e) && e.Code == sim.Race
		if err != nil && !race {
			t.Fatalf("%v in\n%s", err, text)
		}
		want := racy(list)
		if race != want {
			t.Fatalf("race by definition: %v; the simulator says %v of\n%s", want, err, text)
		}
		if want {
			counts[1]++
		} else {
			counts[0]++
		}
	}
	if min(counts[0], counts[1]) < 200 {
		t.Errorf("%d programs without a race, %d with one: the test says little", counts[0], counts[1])
	}
}

// Definedness, byte by byte.
func TestUndefinedBytes(t *testing.T) {
	in := map[string][]byte{"x": make([]byte, 4096)}
	head := syms("x", "input", 4096, "s", "scratch", 8192)
	image := "load3d L0A[0], L1[0] type=s8 h=4 w=4 channels=32 mstart=0 mext=%d kext=32"
	one := "datacopy L1[8192], @x[0] len=16"
	load := "load2d L0B[0], L1[8192] type=s8"
	for _, c := range []struct {
		what  string
		lines []string
		code  sim.Code // 0: legal
	}{
		{"half a map defined, a whole one read", []string{"datacopy L1[0], @x[0] len=8", "load3d L0A[0], L1[0] type=s8 h=4 w=4 channels=32 mext=16 kext=32"}, sim.Uninitialised},
		{"half a map", []string{"datacopy L1[0], @x[0] len=8", "load3d L0A[0], L1[0] type=s8 h=2 w=4 channels=32 mext=8 kext=32"}, 0},
		{"a whole map", []string{"datacopy L1[0], @x[0] len=16", fmt.Sprintf(image, 16)}, 0},
		{"rows of a fractal beyond m", []string{"datacopy L1[0], @x[0] len=8", one, "load3d L0A[0], L1[0] type=s8 h=2 w=4 channels=32 mext=8 kext=32", load, "mmad L0C[0], L0A[0], L0B[0] m=8 k=32 n=16"}, 0},
		{"one row too many", []string{"datacopy L1[0], @x[0] len=8", one, "load3d L0A[0], L1[0] type=s8 h=2 w=4 channels=32 mext=8 kext=32", load, "mmad L0C[0], L0A[0], L0B[0] m=9 k=32 n=16"}, sim.Uninitialised},
		{"undefined bytes may be moved", []string{"load2d L0A[0], L1[0] type=s8"}, 0},
		{"rows the product didn't write", []string{"datacopy L1[0], @x[0] len=16", one, "load2d L0A[0], L1[0] type=s8", load, "mmad L0C[0], L0A[0], L0B[0] m=8 k=32 n=16", "fixpipe @s[0], L0C[0] m=9 n=16 srcstride=16 dststride=16 nd"}, sim.Uninitialised},
		{"columns the product didn't write", []string{"datacopy L1[0], @x[0] len=16", one, "load2d L0A[0], L1[0] type=s8", load, "mmad L0C[0], L0A[0], L0B[0] m=8 k=32 n=15", "fixpipe @s[0], L0C[0] m=8 n=16 srcstride=16 dststride=16 nd"}, sim.Uninitialised},
		{"only what the product wrote", []string{"datacopy L1[0], @x[0] len=16", one, "load2d L0A[0], L1[0] type=s8", load, "mmad L0C[0], L0A[0], L0B[0] m=8 k=32 n=15", "fixpipe @s[0], L0C[0] m=8 n=15 srcstride=16 dststride=16 nd"}, 0},
		{"a bias of too few words", []string{"datacopy L1[0], @x[0] len=16", one, "datacopy BT[0], L1[0] len=1", "load2d L0A[0], L1[0] type=s8", "load2d L0B[0], L1[8192] type=s8", "load2d L0B[512], L1[8192] type=s8", "mmad L0C[0], L0A[0], L0B[0] m=8 k=32 n=17 init=bias bias=BT[0]"}, sim.Uninitialised},
	} {
		text := head + steps("aic0", c.lines...)
		if c.code != 0 {
			refused(t, "ascend910b3", text, in, c.code)
		} else {
			execute(t, "ascend910b3", text, in)
		}
	}
	// In UB: a copy carries what is undefined along, a tail leaves the rest alone.
	head = syms("x", "input", 4096, "s", "scratch", 8192, "y", "output", 64)
	refused(t, "ascend910b3", head+steps("aiv0.0", "datacopy UB[0], @x[0] len=1", "datacopy @s[0], UB[0] len=2", "datacopy UB[64], @s[0] len=2", "vadd UB[256], UB[64], UB[64] type=s16 lanes=17"), in, sim.Uninitialised)
	refused(t, "ascend910b3", head+steps("aiv0.0", "vdup UB[0] type=s16 imm=1 lanes=31", "datacopy @y[0], UB[0] len=2"), in, sim.Incomplete)
	execute(t, "ascend910b3", head+steps("aiv0.0", "vdup UB[0] type=s16 imm=1 lanes=32", "datacopy @y[0], UB[0] len=2"), in)
}
