package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"

	"github.com/amctc/amctc/testdata/contender"
)

// build makes a command from a package of the module in a folder.
func build(ctx context.Context, in, out, pkg string) (string, error) {
	c := exec.CommandContext(ctx, "go", "build", "-o", out, pkg)
	c.Dir = in
	c.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=")
	if text, err := c.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build %s: %w: %s", pkg, err, text)
	}
	return out, nil
}

// A server is a process of a contender, on one core.
type server struct {
	name    string
	cmd     *exec.Cmd
	ask     io.WriteCloser
	replies *bufio.Scanner
	said    bytes.Buffer // on standard error
}

// serve starts a contender's process on a core, or on all cores when several threads work on a call.
func serve(ctx context.Context, core int, e entrant) (*server, error) {
	s := &server{name: e.name, cmd: exec.CommandContext(ctx, e.command[0], e.command[1:]...)}
	s.cmd.Env = append(os.Environ(), fmt.Sprintf("GOMAXPROCS=%d", e.threads))
	s.cmd.Stderr = &s.said
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if s.ask, err = s.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	s.replies = bufio.NewScanner(out)
	start := func() error { return startOn(core, s.cmd) }
	if e.threads > 1 {
		start = s.cmd.Start
	}
	if err := start(); err != nil {
		return nil, fmt.Errorf("%s: %w", e.name, err)
	}
	return s, nil
}

// measure asks for one measurement.
func (s *server) measure(q contender.Request) (contender.Reply, error) {
	if _, err := fmt.Fprintln(s.ask, q); err != nil {
		return contender.Reply{}, s.died(err)
	}
	if !s.replies.Scan() {
		return contender.Reply{}, s.died(errors.Join(s.replies.Err(), io.ErrUnexpectedEOF))
	}
	r, err := contender.ParseReply(s.replies.Text())
	if err == nil && r.Name != q.Name {
		err = fmt.Errorf("a reply about %q to a request about %q", r.Name, q.Name)
	}
	if err != nil {
		return contender.Reply{}, fmt.Errorf("%s: %w", s.name, err)
	}
	return r, nil
}

func (s *server) died(err error) error {
	s.ask.Close()
	if e := s.cmd.Wait(); e != nil {
		err = e
	}
	return fmt.Errorf("%s: %w: %s", s.name, err, strings.TrimSpace(s.said.String()))
}

// close ends the process.
func (s *server) close() error {
	s.ask.Close()
	if err := s.cmd.Wait(); err != nil {
		return fmt.Errorf("%s: %w: %s", s.name, err, strings.TrimSpace(s.said.String()))
	}
	return nil
}
