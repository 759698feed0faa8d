//go:build unix

package main

import (
	"bytes"
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// TestInterrupted stops compile, train and auto with Ctrl-C, which goes to the whole process group, and with SIGTERM, at
// random moments: the exit code is 130, or 0 when the command was done before, and nothing is left behind: no temporary
// file anywhere and no output. What auto keeps to go on from, by its name, may stay.
func TestInterrupted(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	bin := filepath.Join(t.TempDir(), "amctc")
	if out, err := exec.Command("go", "build", "-o", bin, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	lenet, digits := filepath.Join(root, "testdata/models/lenet.onnx"), filepath.Join(root, "testdata/data/mnist")
	images, labels := filepath.Join(digits, "train-images-idx3-ubyte.gz"), filepath.Join(digits, "train-labels-idx1-ubyte.gz")
	commands := []struct {
		name    string
		longest time.Duration // until when it is stopped
		args    []string
		keeps   []string
	}{
		{"compile", 1500 * time.Millisecond, []string{"compile", lenet, "--calib", images, "--limit", "512", "--std", "255", "--out", "out/net", "--pkg", "toy"}, nil},
		{"train", 1200 * time.Millisecond, []string{"train", lenet, "--data", images, "--labels", labels, "--limit", "4096", "--std", "255", "--epochs", "50", "-o", "trained.amir"}, nil},
		{"auto", 1200 * time.Millisecond, []string{"auto", lenet, "--calib", images, "--calib-limit", "32", "--data", images, "--labels", labels, "--limit", "8192", "--std", "255", "--max-drop", "0.001", "--out", "search"}, []string{"search"}},
	}
	var all atomic.Int64
	t.Cleanup(func() {
		t.Logf("interrupted: compile, train and auto, %d times at random moments, nothing left behind", all.Load())
	})
	for i, c := range commands {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewPCG(uint64(i), 0xc7c))
			stopped := 0
			defer func() { all.Add(int64(stopped)) }()
			for round := range 4 {
				dir := t.TempDir()
				tmp := filepath.Join(dir, "tmp")
				if err := os.Mkdir(tmp, 0o777); err != nil {
					t.Fatal(err)
				}
				var said bytes.Buffer
				cmd := exec.Command(bin, c.args...)
				cmd.Dir, cmd.Stderr, cmd.Env = dir, &said, append(os.Environ(), "TMPDIR="+tmp)
				cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
				if err := cmd.Start(); err != nil {
					t.Fatal(err)
				}
				time.Sleep(20*time.Millisecond + time.Duration(r.Int64N(int64(c.longest))))
				with := syscall.SIGINT
				if round%4 == 3 {
					with = syscall.SIGTERM
				}
				_ = syscall.Kill(-cmd.Process.Pid, with) // it may have ended
				err := cmd.Wait()
				var exit *exec.ExitError
				code := 0
				if errors.As(err, &exit) {
					code = exit.ExitCode()
				} else if err != nil {
					t.Fatal(err)
				}
				var left []string
				err = filepath.WalkDir(dir, func(p string, _ fs.DirEntry, err error) error {
					if rel, _ := filepath.Rel(dir, p); rel != "." && rel != "tmp" {
						left = append(left, rel)
					}
					return err
				})
				if err != nil {
					t.Fatal(err)
				}
				left = slices.DeleteFunc(left, func(p string) bool {
					return !strings.Contains(p, "amctc-") && slices.Contains(c.keeps, strings.Split(p, string(filepath.Separator))[0])
				})
				switch {
				case code == exitInterrupted || exit != nil && exit.Sys().(syscall.WaitStatus).Signaled(): // before main
					stopped++
					if len(left) > 0 {
						t.Errorf("stopped by %v, it left %q", with, left)
					}
				case code != exitOK:
					t.Errorf("stopped by %v, it ended with %d: %s", with, code, said.String())
				case slices.ContainsFunc(left, func(p string) bool { return strings.Contains(p, "amctc-") || strings.HasPrefix(p, "tmp") }):
					t.Errorf("it was done, and left %q", left)
				}
			}
			if stopped == 0 {
				t.Error("it was never stopped before it was done")
			}
		})
	}
}
