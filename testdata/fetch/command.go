package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// A tool is an external command together with what to do when it fails.
type tool struct {
	name    string
	absent  string // the way out when it is not on the PATH
	failing string // the way out when it runs and fails
}

// run executes the tool in dir with extra environment variables and returns
// its standard output. An error names the whole command, quotes the end of
// what it said, and tells the way out; the output is returned all the same.
func (t tool) run(ctx context.Context, dir string, env []string, args ...string) ([]byte, error) {
	line := strings.Join(append([]string{t.name}, args...), " ")
	path, err := exec.LookPath(t.name)
	if err != nil {
		return nil, fmt.Errorf("cannot run %q: %s is not on the PATH; %s", line, t.name, t.absent)
	}
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), append(env, "PWD="+dir)...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return nil, fmt.Errorf("%q: %w", line, context.Cause(ctx))
		}
		said := lastLines(stderr.String(), 6)
		if said == "" {
			said = lastLines(stdout.String(), 6)
		}
		return stdout.Bytes(), &commandError{line: line, cause: err, said: said, hint: t.failing}
	}
	return stdout.Bytes(), nil
}

// A commandError is a command that ran and failed.
type commandError struct {
	line  string
	cause error
	said  string
	hint  string
}

func (e *commandError) Error() string {
	s := fmt.Sprintf("command %q failed: %v", e.line, e.cause)
	if e.said != "" {
		s += "\n  | " + strings.ReplaceAll(e.said, "\n", "\n  | ")
	}
	return s + "\n  " + e.hint
}

func (e *commandError) Unwrap() error { return e.cause }

// ranAndFailed reports whether err comes from a command that did start.
func ranAndFailed(err error) bool {
	var e *commandError
	return errors.As(err, &e)
}

// lastLines returns at most the last n lines of s, without blank ends.
func lastLines(s string, n int) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}
