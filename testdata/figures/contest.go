package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// A contest is what testdata/peers/bench measured of a network: nanoseconds of a call by contender.
type contest map[string]struct {
	Contender string  `json:"contender"`
	Failed    string  `json:"failed"`
	Median    float64 `json:"median_ns"`
	Min       float64 `json:"min_ns"`
	Max       float64 `json:"max_ns"`
	Ratio     float64 `json:"ratio"`
	Allocs    float64 `json:"allocs"`
}

// The rounds of a contest, and how long each contender runs in one.
const contestRounds, contestSeconds = 5, 1

// contests measures all networks once, in turns on one core, by network.
func contests(ctx context.Context, b *bench) (map[string]contest, error) {
	if b.contests != nil {
		return b.contests, nil
	}
	out, err := runContests(ctx, b, []string{"-peers", "amctc-2,amctc-float,ort-int8,ort-float"})
	b.contests = out
	return out, err
}

func runContests(ctx context.Context, b *bench, args []string) (map[string]contest, error) {
	var report struct {
		Networks []struct {
			Network    string            `json:"network"`
			Contenders []json.RawMessage `json:"contenders"`
		} `json:"networks"`
	}
	if err := peersBench(ctx, b, args, &report); err != nil {
		return nil, err
	}
	out := make(map[string]contest)
	for _, n := range report.Networks {
		c := contest{}
		for _, raw := range n.Contenders {
			var one struct {
				Contender string `json:"contender"`
			}
			if err := json.Unmarshal(raw, &one); err != nil {
				return nil, err
			}
			m := c[one.Contender]
			if err := json.Unmarshal(raw, &m); err != nil {
				return nil, err
			}
			c[one.Contender] = m
		}
		out[n.Network] = c
	}
	return out, nil
}

// peersBench runs testdata/peers/bench and reads its report.
func peersBench(ctx context.Context, b *bench, args []string, report any) error {
	lib, err := b.data("ort/libonnxruntime.so", "ort")
	if err != nil {
		return err
	}
	bin, err := b.build(ctx, "peersbench", b.path("testdata/peers"), []string{"GOWORK=off"}, "./bench")
	if err != nil {
		return err
	}
	file := filepath.Join(b.temp, "peers.json")
	args = append([]string{"-json", file, "-rounds", fmt.Sprint(contestRounds), "-seconds", fmt.Sprint(contestSeconds)}, args...)
	if _, err := output(ctx, b.path("testdata/peers"), []string{"ORT_LIB=" + lib, "GOWORK=off"}, bin, args...); err != nil {
		return err
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	return json.Unmarshal(text, report)
}

// against is a row about networks held against a contender: every ratio of its time to ours must be
// required at least.
func against(peer string, required float64, networks ...string) func(context.Context, *bench) (string, bool, error) {
	return func(ctx context.Context, b *bench) (string, bool, error) {
		all, err := contests(ctx, b)
		if err != nil {
			return "", false, err
		}
		return ratios(all, peer, required, networks)
	}
}

// ratios words the contests of networks with a peer.
func ratios(all map[string]contest, peer string, required float64, networks []string) (string, bool, error) {
	pass := true
	var parts []string
	for _, n := range networks {
		us, they := all[n]["amctc"], all[n][peer]
		if they.Failed != "" || they.Median == 0 || us.Median == 0 {
			return "", false, fmt.Errorf("%s: %s has no time: %s", n, peer, they.Failed)
		}
		pass = pass && they.Ratio >= required
		parts = append(parts, fmt.Sprintf("%s × %.2f: %s (%s to %s), %s %s (%s to %s)", n, they.Ratio,
			span(us.Median), span(us.Min), span(us.Max), peer, span(they.Median), span(they.Min), span(they.Max)))
	}
	return strings.Join(parts, "; "), pass, nil
}

// span is a time in words.
func span(ns float64) string {
	if ns < 1e6 {
		return fmt.Sprintf("%.1f µs", ns/1e3)
	}
	return fmt.Sprintf("%.2f ms", ns/1e6)
}

// twoThreads holds two threads against one.
func twoThreads(ctx context.Context, b *bench) (string, bool, error) {
	all, err := contests(ctx, b)
	if err != nil {
		return "", false, err
	}
	pass := true
	var parts []string
	for _, n := range []string{"resnet50", "mobilenetv2"} {
		one, two := all[n]["amctc"], all[n]["amctc-2"]
		if two.Median == 0 {
			return "", false, fmt.Errorf("%s: two threads have no time: %s", n, two.Failed)
		}
		pass = pass && 1/two.Ratio >= 1.7
		parts = append(parts, fmt.Sprintf("%s × %.2f: %s, two threads %s (%s to %s)", n, 1/two.Ratio, span(one.Median), span(two.Median), span(two.Min), span(two.Max)))
	}
	return strings.Join(parts, "; "), pass, nil
}

// floatExec holds the float network against ONNX Runtime's.
func floatExec(ctx context.Context, b *bench) (string, bool, error) {
	all, err := contests(ctx, b)
	if err != nil {
		return "", false, err
	}
	us, they := all["resnet18"]["amctc-float"], all["resnet18"]["ort-float"]
	if us.Median == 0 || they.Median == 0 {
		return "", false, fmt.Errorf("no times: %s%s", us.Failed, they.Failed)
	}
	return fmt.Sprintf("× %.2f: %s (%s to %s), ort-float %s (%s to %s)", they.Ratio/us.Ratio, span(us.Median), span(us.Min), span(us.Max),
		span(they.Median), span(they.Min), span(they.Max)), they.Ratio/us.Ratio >= 0.7, nil
}

// gomlx holds the residual networks against an engine in Go.
func gomlx(ctx context.Context, b *bench) (string, bool, error) {
	names := []string{"resnet8", "fashion-residual"}
	all, err := runContests(ctx, b, append([]string{"-peers", "gomlx-float"}, names...))
	if err != nil {
		return "", false, err
	}
	return ratios(all, "gomlx-float", 100, names)
}

// allocations looks at every contest of ours.
func allocations(ctx context.Context, b *bench) (string, bool, error) {
	all, err := contests(ctx, b)
	if err != nil {
		return "", false, err
	}
	most, where := 0.0, ""
	for name, c := range all {
		for _, who := range []string{"amctc", "amctc-float"} {
			if a := c[who].Allocs; a > most {
				most, where = a, " ("+name+")"
			}
		}
	}
	return fmt.Sprintf("at most %.2f of a call, %d networks, int8 and float%s", most, len(all), where), len(all) > 0 && most < 0.01, nil
}
