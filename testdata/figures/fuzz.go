package main

import (
	"context"
	"fmt"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"sync"
	"time"
)

// briefly is how long the row fuzz-brief fuzzes each parser; the flag -fuzz sets it.
var briefly = 8 * time.Second

// The row fuzz fuzzes each parser for fuzzLong or until it was executed fuzzEnough times.
const (
	fuzzLong   = 10 * time.Minute
	fuzzEnough = 5_000_000
	fuzzRound  = time.Minute // after which the speed is known
	fuzzAtOnce = 3           // fuzz tests
)

// fuzzBrief runs every fuzz test for a short time.
func fuzzBrief(ctx context.Context, b *bench) (string, bool, error) { return fuzzAll(ctx, b, briefly) }

// fuzz runs every fuzz test until what is executed is enough to say that it is clean.
func fuzz(ctx context.Context, b *bench) (string, bool, error) { return fuzzAll(ctx, b, fuzzLong) }

// fuzzAll runs every fuzz test of the module, some at once, and states how often each was executed. A crash, a hang or a
// broken promise of one fails the row; the go command then has kept the input as a seed.
func fuzzAll(ctx context.Context, b *bench, limit time.Duration) (string, bool, error) {
	targets, err := fuzzTargets(ctx, b)
	if err != nil {
		return "", false, err
	}
	execs, errs := make([]int, len(targets)), make([]error, len(targets))
	next := make(chan int)
	var workers sync.WaitGroup
	for range fuzzAtOnce {
		workers.Go(func() {
			for i := range next {
				execs[i], errs[i] = fuzzOne(ctx, b, targets[i], limit)
			}
		})
	}
	for i := range targets {
		next <- i
	}
	close(next)
	workers.Wait()
	if ctx.Err() != nil {
		return "", false, ctx.Err()
	}
	var parts, crashed []string
	total := 0
	for i, t := range targets {
		if errs[i] != nil {
			crashed = append(crashed, fmt.Sprintf("%s: %s", t, tail([]byte(errs[i].Error()), 300)))
			continue
		}
		total += execs[i]
		parts = append(parts, fmt.Sprintf("%s %s", t, thousands(execs[i])))
	}
	figure := fmt.Sprintf("%d fuzz tests, %v each or %s executions, %d at once; together %s: %s", len(targets), limit, thousands(fuzzEnough), fuzzAtOnce, thousands(total), strings.Join(parts, ", "))
	if len(crashed) > 0 {
		figure += "; NOT clean: " + strings.Join(crashed, "; ")
	}
	return figure, len(crashed) == 0 && len(targets) >= 12, nil
}

// A fuzzTarget is a fuzz test with its package, from the module's root.
type fuzzTarget struct{ pkg, name string }

func (t fuzzTarget) String() string {
	return strings.TrimPrefix(strings.TrimPrefix(t.pkg, "."), "/") + "." + strings.TrimPrefix(t.name, "Fuzz")
}

// fuzzTargets asks the go command for every fuzz test.
func fuzzTargets(ctx context.Context, b *bench) (list []fuzzTarget, err error) {
	out, err := output(ctx, b.root, nil, "go", "test", "-list", "^Fuzz", "./...")
	if err != nil {
		return nil, err
	}
	var names []string
	for line := range strings.Lines(string(out)) {
		f := strings.Fields(line)
		switch {
		case len(f) == 1 && strings.HasPrefix(f[0], "Fuzz"):
			names = append(names, f[0])
		case len(f) > 1 && f[0] == "ok":
			for _, n := range names {
				list = append(list, fuzzTarget{"." + strings.TrimPrefix(f[1], modulePath), n})
			}
			names = nil
		}
	}
	sort.Slice(list, func(i, j int) bool { return list[i].String() < list[j].String() })
	return list, nil
}

const modulePath = "github.com/amctc/amctc"

var executions = regexp.MustCompile(`execs: (\d+)`)

// fuzzOne runs one fuzz test in rounds, until the time is over or the executions are enough, and gives how often it was
// executed. The first round tells how long the next has to be. What a round found to be worth keeping, the next begins
// with: the go command caches it.
func fuzzOne(ctx context.Context, b *bench, t fuzzTarget, limit time.Duration) (int, error) {
	execs := 0
	round := min(limit, fuzzRound)
	for spent := time.Duration(0); ; {
		n, err := fuzzOnce(ctx, b, t, round)
		if err != nil {
			return 0, err
		}
		execs += n
		spent += round
		left := limit - spent
		if left < time.Second || execs >= fuzzEnough {
			return execs, nil
		}
		round = left
		if n > 0 {
			need := time.Duration(float64(spent) * float64(fuzzEnough-execs) / float64(execs)).Round(time.Second)
			round = min(left, need+5*time.Second)
		}
	}
}

func fuzzOnce(ctx context.Context, b *bench, t fuzzTarget, d time.Duration) (int, error) {
	out, err := output(ctx, b.root, nil, "go", "test", t.pkg, "-run", "^$", "-fuzz", "^"+t.name+"$", "-fuzztime", d.String(), "-fuzzminimizetime", "10x", "-parallel", "1")
	if err != nil && !endedLate(out) {
		return 0, err
	}
	all := executions.FindAllSubmatch(out, -1)
	if len(all) == 0 && strings.Contains(string(out), "gathering baseline coverage") {
		return 0, nil // the time went into the inputs known before
	}
	if len(all) == 0 {
		return 0, fmt.Errorf("go test says nothing about executions: %s", tail(out, 200))
	}
	return strconv.Atoi(string(all[len(all)-1][1]))
}

// endedLate says whether go test failed for nothing but its own time limit, which on a busy machine it reports as a
// failure of the test: no input, no panic.
func endedLate(out []byte) bool { return late.Match(out) && !failing.Match(out) }

var (
	late    = regexp.MustCompile(`(?m)^--- FAIL: Fuzz\w+ \([0-9.]+s\)\n\s+context deadline exceeded\nFAIL$`)
	failing = regexp.MustCompile(`Failing input written|panic:|fatal error:|hung or terminated`)
)

// thousands writes a number with separators.
func thousands(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
