package main

import (
	"context"
	"fmt"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"time"
)

// fuzzFor is how long each parser is fuzzed; the flag -fuzz sets it.
var fuzzFor = time.Minute

// fuzz runs every fuzz test of the module, one after the other, and states how often each was executed. A crash, a hang
// or a broken promise of one fails the row; the go command then has kept the input as a seed.
func fuzz(ctx context.Context, b *bench) (string, bool, error) {
	targets, err := fuzzTargets(ctx, b)
	if err != nil {
		return "", false, err
	}
	var parts, crashed []string
	total := 0
	for _, t := range targets {
		execs, err := fuzzOne(ctx, b, t)
		if ctx.Err() != nil {
			return "", false, ctx.Err()
		}
		if err != nil {
			crashed = append(crashed, fmt.Sprintf("%s: %s", t, tail([]byte(err.Error()), 300)))
			continue
		}
		total += execs
		parts = append(parts, fmt.Sprintf("%s %s", t, thousands(execs)))
	}
	figure := fmt.Sprintf("%d fuzz tests, %v each, %s executions: %s", len(targets), fuzzFor, thousands(total), strings.Join(parts, ", "))
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

// fuzzOne runs one fuzz test and gives how often it was executed.
func fuzzOne(ctx context.Context, b *bench, t fuzzTarget) (int, error) {
	out, err := output(ctx, b.root, nil, "go", "test", t.pkg, "-run", "^$", "-fuzz", "^"+t.name+"$", "-fuzztime", fuzzFor.String(), "-fuzzminimizetime", "10x")
	if err != nil {
		return 0, err
	}
	all := executions.FindAllSubmatch(out, -1)
	if len(all) == 0 {
		return 0, fmt.Errorf("go test says nothing about executions: %s", tail(out, 200))
	}
	return strconv.Atoi(string(all[len(all)-1][1]))
}

// thousands writes a number with separators.
func thousands(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
