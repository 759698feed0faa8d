package main

import (
	"archive/tar"
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/amctc/amctc"
	"github.com/amctc/amctc/parser/dataset"
)

// The comparison of speed: parts of an epoch, each of so many images.
const (
	speedParts  = 5
	speedImages = 12000
	speedBatch  = 128
)

// trainSpeed trains the residual network here and in PyTorch, part by part in turn.
func trainSpeed(ctx context.Context, b *bench) (string, bool, error) {
	n := residual
	images, err := n.file(b, "train", "images")
	if err != nil {
		return "", false, err
	}
	labels, err := n.file(b, "train", "labels")
	if err != nil {
		return "", false, err
	}
	peer, err := startTorch(ctx, b, images, labels, strconv.Itoa(speedImages), strconv.Itoa(speedBatch), "2")
	if err != nil {
		return "", false, err
	}
	defer peer.close()
	m, err := n.load(b)
	if err != nil {
		return "", false, err
	}
	d, err := n.images(b, m, "train", speedImages)
	if err != nil {
		return "", false, err
	}
	want, err := dataset.Labels(labels, speedImages)
	if err != nil {
		return "", false, err
	}
	set, err := amctc.LoadTrainSet(d, want)
	if err != nil {
		return "", false, err
	}
	opt := amctc.DefaultTrain()
	opt.Epochs, opt.Batch, opt.Fresh = speedParts+1, speedBatch, true
	var ours, theirs time.Duration
	began := time.Now()
	var failed error
	opt.Progress = func(s amctc.TrainStatus) {
		if s.Step < s.Steps || failed != nil {
			return
		}
		if s.Epoch > 1 { // the first one warms up
			ours += time.Since(began)
			var took time.Duration
			took, failed = peer.part()
			theirs += took
		}
		began = time.Now()
	}
	if _, err := amctc.Train(ctx, m, set, opt); err != nil {
		return "", false, err
	}
	if failed != nil {
		return "", false, failed
	}
	scale := 60000.0 / (speedParts * speedImages)
	ratio := theirs.Seconds() / ours.Seconds()
	return fmt.Sprintf("× %.2f: amctc %.1f s, PyTorch %.1f s an epoch", ratio, scale*ours.Seconds(), scale*theirs.Seconds()), ratio >= 0.5, nil
}

// A torchPeer is a running testdata/train/epochs.py.
type torchPeer struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Scanner
}

// startTorch unpacks Debian's PyTorch and starts the script.
func startTorch(ctx context.Context, b *bench, args ...string) (*torchPeer, error) {
	archive, err := b.data("torch/packages.tar", "torch")
	if err != nil {
		return nil, err
	}
	root := filepath.Join(b.temp, "torch")
	if err := unpackDebs(ctx, b, archive, root); err != nil {
		return nil, err
	}
	folders, err := libraries(root)
	if err != nil {
		return nil, err
	}
	p := &torchPeer{cmd: exec.CommandContext(ctx, "/usr/bin/python3", append([]string{b.path("testdata/train/epochs.py")}, args...)...)}
	p.cmd.Env = append(os.Environ(), "LD_LIBRARY_PATH="+strings.Join(folders, ":"), "PYTHONDONTWRITEBYTECODE=1",
		"PYTHONPATH="+filepath.Join(root, "usr/lib/python3/dist-packages"))
	p.cmd.Stderr = os.Stderr
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.out = bufio.NewScanner(out)
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	if !p.out.Scan() || p.out.Text() != "ready" {
		p.close()
		return nil, fmt.Errorf("PyTorch did not start: %q", p.out.Text())
	}
	return p, nil
}

// part trains a part and gives the time it took.
func (p *torchPeer) part() (time.Duration, error) {
	if _, err := io.WriteString(p.in, "\n"); err != nil {
		return 0, err
	}
	if !p.out.Scan() {
		return 0, fmt.Errorf("PyTorch ended: %v", p.out.Err())
	}
	f := strings.Fields(p.out.Text())
	if len(f) != 2 {
		return 0, fmt.Errorf("PyTorch answered %q", p.out.Text())
	}
	s, err := strconv.ParseFloat(f[0], 64)
	return time.Duration(s * float64(time.Second)), err
}

func (p *torchPeer) close() {
	p.in.Close()
	p.cmd.Process.Kill()
	p.cmd.Wait()
}

// unpackDebs unpacks an archive of Debian packages into a root folder.
func unpackDebs(ctx context.Context, b *bench, archive, root string) error {
	in, err := os.Open(archive)
	if err != nil {
		return err
	}
	defer in.Close()
	deb := filepath.Join(b.temp, "package.deb")
	for r := tar.NewReader(in); ; {
		if _, err := r.Next(); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		out, err := os.Create(deb)
		if err != nil {
			return err
		}
		_, err = io.Copy(out, r)
		if err := errors.Join(err, out.Close()); err != nil {
			return err
		}
		if _, err := output(ctx, b.root, nil, "dpkg-deb", "-x", deb, root); err != nil {
			return err
		}
	}
}

// libraries are the folders with shared libraries below root.
func libraries(root string) ([]string, error) {
	seen := make(map[string]bool)
	var out []string
	err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err == nil && strings.Contains(e.Name(), ".so") && !seen[filepath.Dir(path)] {
			seen[filepath.Dir(path)] = true
			out = append(out, filepath.Dir(path))
		}
		return err
	})
	return out, err
}

// trainResumed kills training at random moments, lets it go on, and compares what it leaves with what an
// uninterrupted run leaves.
func trainResumed(ctx context.Context, b *bench) (string, bool, error) {
	n := residual
	bin, err := b.amctc(ctx)
	if err != nil {
		return "", false, err
	}
	model, err := n.model(b)
	if err != nil {
		return "", false, err
	}
	images, err := n.file(b, "train", "images")
	if err != nil {
		return "", false, err
	}
	labels, err := n.file(b, "train", "labels")
	if err != nil {
		return "", false, err
	}
	run := func(name string, limit time.Duration) ([]byte, error) {
		at := filepath.Join(b.temp, "resume-"+name)
		c := exec.CommandContext(ctx, bin, "--quiet", "train", model, "--data", images, "--labels", labels, "--std", n.std, "--limit", "960", "--epochs", "2", "--batch", "32",
			"--rate", "0.002", "--quantize", "--shift", "1", "--record", at+".txt", "--checkpoint", at+".checkpoint", "--checkpoint-every", "4", "--force", "-o", at+".amir")
		if err := c.Start(); err != nil {
			return nil, err
		}
		if limit > 0 {
			timer := time.AfterFunc(limit, func() { c.Process.Kill() })
			defer timer.Stop()
		}
		if err := c.Wait(); err != nil {
			return nil, err
		}
		var all []byte
		for _, kind := range []string{".checkpoint", ".txt", ".amir", ".safetensors"} {
			part, err := os.ReadFile(at + kind)
			if err != nil {
				return nil, err
			}
			all = append(all, bytes.ReplaceAll(part, []byte("resume-"+name), nil)...)
		}
		return all, nil
	}
	began := time.Now()
	want, err := run("whole", 0)
	if err != nil {
		return "", false, err
	}
	whole := time.Since(began)
	r := rand.New(rand.NewPCG(5, 10))
	kills, runs := 0, 0
	for ; kills < 12; runs++ {
		name := fmt.Sprintf("part%d", runs)
		got, err := run(name, time.Duration((0.2+0.5*r.Float64())*float64(whole)))
		for ; err != nil && ctx.Err() == nil && kills < 100; got, err = run(name, time.Duration((0.3+0.6*r.Float64())*float64(whole))) {
			kills++
		}
		if err != nil {
			return "", false, err
		}
		if !bytes.Equal(got, want) {
			return fmt.Sprintf("run %d differs after %d kills", runs+1, kills), false, nil
		}
	}
	return fmt.Sprintf("%d kills in %d runs, the same bytes", kills, runs), kills >= 10, nil
}
