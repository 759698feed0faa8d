package main

import (
	"context"
	"fmt"
	"path/filepath"
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
	if _, err := output(ctx, dir, env, "make", "test"); err != nil {
		return "", false, err
	}
	took := time.Since(began)
	return fmt.Sprintf("passes in %.0f s at commit %s", took.Seconds(), tail(commit, 40)), took <= 4*time.Minute, nil
}
