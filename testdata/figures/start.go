package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
)

// A start is how one contender's process starts, as testdata/peers/bench -start measures it.
type start struct {
	Contender string  `json:"contender"`
	Ready     float64 `json:"ready_ns"`
	First     float64 `json:"first_ns"`
	Warm      float64 `json:"warm_ns"`
	Memory    int64   `json:"peak_bytes"`
}

// starts measures ResNet-50 once; size is its weights and arena in bytes.
func starts(ctx context.Context, b *bench) (by map[string]start, size int64, err error) {
	if b.starts != nil {
		return b.starts, b.startSize, nil
	}
	var report struct {
		Start []start `json:"start"`
	}
	work := filepath.Join(b.temp, "start")
	if err := peersBench(ctx, b, []string{"-start", "-work", work, "resnet50"}, &report); err != nil {
		return nil, 0, err
	}
	text, err := os.ReadFile(filepath.Join(work, "contest", "resnet50", "model.go"))
	if err != nil {
		return nil, 0, err
	}
	for _, name := range []string{"WeightsBytes", "ArenaBytes"} {
		m := regexp.MustCompile(name + `\s*= (\d+)`).FindSubmatch(text)
		if m == nil {
			return nil, 0, fmt.Errorf("the emitted package has no constant %s", name)
		}
		n, err := strconv.ParseInt(string(m[1]), 10, 64)
		if err != nil {
			return nil, 0, err
		}
		size += n
	}
	by = make(map[string]start)
	for _, s := range report.Start {
		by[s.Contender] = s
	}
	if by["amctc"].Ready == 0 || by["ort-int8"].Ready == 0 {
		return nil, 0, fmt.Errorf("a contender has no start: %v", by)
	}
	b.starts, b.startSize = by, size
	return by, size, nil
}

// ready holds the time until New returns against the peer's start with its session.
func ready(ctx context.Context, b *bench) (string, bool, error) {
	by, _, err := starts(ctx, b)
	if err != nil {
		return "", false, err
	}
	us, they := by["amctc"].Ready, by["ort-int8"].Ready
	return fmt.Sprintf("%s, ort-int8 %s: 1/%.0f", span(us), span(they), they/us), us <= they/10, nil
}

// firstResult holds the time to the first result against that of the start and a warm inference.
func firstResult(ctx context.Context, b *bench) (string, bool, error) {
	by, _, err := starts(ctx, b)
	if err != nil {
		return "", false, err
	}
	us := by["amctc"]
	limit := us.Ready + 1.3*us.Warm
	return fmt.Sprintf("%s: start %s and × %.2f of a warm inference of %s in the same process", span(us.First), span(us.Ready), (us.First-us.Ready)/us.Warm, span(us.Warm)), us.First <= limit, nil
}

// startMemory holds the process's greatest resident set against what it must have.
func startMemory(ctx context.Context, b *bench) (string, bool, error) {
	by, size, err := starts(ctx, b)
	if err != nil {
		return "", false, err
	}
	const mb = 1e6
	used := float64(by["amctc"].Memory)
	return fmt.Sprintf("%.1f MB, weights and arena %.1f MB, so %.1f MB above; ort-int8 %.1f MB", used/mb, float64(size)/mb, (used-float64(size))/mb,
		float64(by["ort-int8"].Memory)/mb), used <= float64(size)+10*mb, nil
}
