package main

import (
	"context"
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// fresh clones the repository and runs its tests with empty caches.
func fresh(ctx context.Context, b *bench) (string, bool, error) {
	dir := filepath.Join(b.temp, "clone")
	if _, err := output(ctx, b.root, nil, "git", "clone", "--quiet", "--no-local", b.root, dir); err != nil {
		return "", false, err
	}
	commit, err := output(ctx, dir, nil, "git", "rev-parse", "--short", "HEAD")
	if err != nil {
		return "", false, err
	}
	env := []string{"GOMODCACHE=" + filepath.Join(b.temp, "modcache"), "GOCACHE=" + filepath.Join(b.temp, "cache"), "GOFLAGS=-modcacherw"}
	began := time.Now()
	said, processors, err := timed(ctx, dir, env, "make", "test")
	if err != nil {
		if failed := failures(said); failed != "" {
			return fmt.Sprintf("fails after %.0f s at commit %s: %s", time.Since(began).Seconds(), tail(commit, 40), failed), false, nil
		}
		return "", false, err
	}
	took := time.Since(began)
	return fmt.Sprintf("passes in %.0f s at commit %s, %.0f s of processor time on %d", took.Seconds(), tail(commit, 40), processors.Seconds(), runtime.NumCPU()),
		took <= 4*time.Minute, nil
}

// failures are the packages and tests that the output of go test names as failed.
func failures(said []byte) string {
	var list []string
	for line := range strings.Lines(string(said)) {
		switch f := strings.Fields(line); {
		case len(f) > 1 && f[0] == "FAIL":
			list = append(list, f[1])
		case len(f) > 2 && f[0] == "---" && f[1] == "FAIL:":
			list = append(list, f[2])
		}
	}
	return strings.Join(list, ", ")
}
