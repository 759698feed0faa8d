package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

var goTool = tool{
	name:    "go",
	absent:  "put the Go installation's bin folder on the PATH",
	failing: "check the network and `go env GOPROXY GOSUMDB GOFLAGS`, then run this again",
}

// moduleRoot returns the folder of the module that the current folder is in.
func moduleRoot(ctx context.Context) (string, error) {
	out, err := goTool.run(ctx, ".", nil, "env", "GOMOD")
	if err != nil {
		return "", err
	}
	root := filepath.Dir(strings.TrimSpace(string(out)))
	if _, err := os.Stat(filepath.Join(root, "testdata", "fetch")); err != nil {
		return "", fmt.Errorf("the current folder is not inside the amctc module (`go env GOMOD` says %q); change to it or name the folder with -dir", strings.TrimSpace(string(out)))
	}
	return root, nil
}

// goModule downloads MODULE@VERSION into the module cache, where the go
// command verifies it, and returns its folder there. It runs in scratch, which
// is outside the reach of any go.mod and go.work, so no requirement is added
// anywhere.
func goModule(ctx context.Context, scratch, module string) (string, error) {
	flags, err := goTool.run(ctx, scratch, nil, "env", "GOFLAGS")
	if err != nil {
		return "", err
	}
	env := []string{"GO111MODULE=on", "GOWORK=off", "GOFLAGS=" + withoutModFlags(string(flags))}
	// A go.mod of its own ends the search for one in the parent folders.
	if err := os.WriteFile(filepath.Join(scratch, "go.mod"), []byte("module fetch\n"), 0o644); err != nil {
		return "", err
	}
	args := []string{"mod", "download", "-json", module}
	out, err := goTool.run(ctx, scratch, env, args...)
	if err != nil && !ranAndFailed(err) {
		return "", err
	}
	var answer struct{ Dir, Error string }
	if json.Unmarshal(out, &answer) != nil || answer.Dir == "" && answer.Error == "" {
		return "", errors.Join(err, fmt.Errorf("command %q gave no readable answer", "go "+strings.Join(args, " ")))
	}
	if answer.Error != "" {
		return "", fmt.Errorf("command %q failed: %s\n  %s", "go "+strings.Join(args, " "), answer.Error, goTool.failing)
	}
	if err != nil {
		return "", err
	}
	return answer.Dir, nil
}

// withoutModFlags drops -mod and -modfile, which speak about the caller's
// module, from the value of GOFLAGS.
func withoutModFlags(flags string) string {
	var kept []string
	for _, f := range strings.Fields(flags) {
		name, _, _ := strings.Cut(strings.TrimLeft(f, "-"), "=")
		if name != "mod" && name != "modfile" {
			kept = append(kept, f)
		}
	}
	return strings.Join(kept, " ")
}
