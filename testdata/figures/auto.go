package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/amctc/amctc"
	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/parser"
	"github.com/amctc/amctc/parser/dataset"
)

// A hardened network has outlier channels that seed drew, and the data that a search gets.
type hardened struct {
	network
	model          string // .amir
	images, labels string // that the search measures accuracy on: training images that do not calibrate
	planted        []string
}

// searchImages is how many training images behind those that calibrate a search gets.
const searchImages = 10000

// harden plants count outlier channels.
func harden(ctx context.Context, b *bench, n network, seed uint64, count int) (*hardened, error) {
	m, err := n.load(b)
	if err != nil {
		return nil, err
	}
	float, err := amctc.Prepare(amctc.NewContext(ctx), m)
	if err != nil {
		return nil, err
	}
	h := &hardened{network: n, model: filepath.Join(b.temp, fmt.Sprintf("%s-%d.amir", n.name, seed))}
	if h.planted, err = plantOutliers(float, seed, count, 1024); err != nil {
		return nil, fmt.Errorf("%s: %w", n.name, err)
	}
	text, side, err := parser.Marshal(float)
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(h.model, text, 0o666); err != nil {
		return nil, err
	}
	if err := os.WriteFile(strings.TrimSuffix(h.model, ".amir")+".safetensors", side, 0o666); err != nil {
		return nil, err
	}
	return h, h.data(b, float)
}

// data writes the images and labels of the search.
func (h *hardened) data(b *bench, m *ir.Module) error {
	d, err := h.network.images(b, m, "train", calibrationImages+searchImages)
	if err != nil {
		return err
	}
	var all []float32
	k := 0
	for in, err := range d.Calls() {
		if err != nil {
			return err
		}
		if k++; k > calibrationImages {
			all = append(all, in[0].F32...)
		}
	}
	shape := append([]int{searchImages}, amctc.CallShape(m.Main().Params[0])...)
	if h.images, err = writeArray(b, h.name+"-search.npy", shape, all); err != nil {
		return err
	}
	path, err := h.file(b, "train", "labels")
	if err != nil {
		return err
	}
	labels, err := dataset.Labels(path, calibrationImages+searchImages)
	if err != nil {
		return err
	}
	var text bytes.Buffer
	for _, l := range labels[calibrationImages:] {
		fmt.Fprintln(&text, l)
	}
	h.labels = filepath.Join(b.temp, h.name+"-search.txt")
	return os.WriteFile(h.labels, text.Bytes(), 0o666)
}

// searched is auto.json.
type searched struct {
	Met     bool    `json:"met"`
	Reason  string  `json:"reason"`
	Drop    float64 `json:"drop"`
	Trials  int     `json:"trials"`
	IntMACs int64   `json:"int_macs"`
	Wide    int64   `json:"int16_macs"`
	MACs    int64   `json:"macs"`
	Layers  []amctc.AutoLayer
}

// calibrationArray writes the images that calibrate, scaled as the search's are.
func (h *hardened) calibration(b *bench) (string, error) {
	m, err := amctc.Load(h.model, amctc.LoadOptions{})
	if err != nil {
		return "", err
	}
	d, err := h.network.images(b, m, "train", calibrationImages)
	if err != nil {
		return "", err
	}
	return array(b, h.name+"-calib.npy", m, d)
}

func (h *hardened) args(b *bench, out string, more ...string) ([]string, error) {
	calib, err := h.calibration(b)
	if err != nil {
		return nil, err
	}
	return append([]string{"--quiet", "--json", "auto", h.model, "--calib", calib, "--data", h.images, "--labels", h.labels, "--out", out}, more...), nil
}

// automatic searches three hardened networks and measures the drop on the test set, which the search
// never saw.
func automatic(ctx context.Context, b *bench) (string, bool, error) {
	bin, err := b.amctc(ctx)
	if err != nil {
		return "", false, err
	}
	pass := true
	var parts []string
	for i, n := range []network{cntk, lenet, residual} {
		h, err := harden(ctx, b, n, uint64(i+1), 2)
		if err != nil {
			return "", false, err
		}
		test, err := h.file(b, "t10k", "images")
		if err != nil {
			return "", false, err
		}
		labels, err := h.file(b, "t10k", "labels")
		if err != nil {
			return "", false, err
		}
		train, err := h.file(b, "train", "images")
		if err != nil {
			return "", false, err
		}
		score := func(model string, more ...string) (*evaluation, error) {
			args := append([]string{"--quiet", "--json", "eval", model, "--data", test, "--labels", labels}, more...)
			if n.std != "" {
				args = append(args, "--std", n.std)
			}
			text, err := output(ctx, b.root, nil, bin, args...)
			if err != nil {
				return nil, err
			}
			e := &evaluation{}
			return e, json.Unmarshal(text, e)
		}
		before, err := score(h.model, "--calib", train)
		if err != nil {
			return "", false, err
		}
		out := filepath.Join(b.temp, "auto-"+n.name)
		args, err := h.args(b, out, "--max-drop", "0.1")
		if err != nil {
			return "", false, err
		}
		began := time.Now()
		text, err := output(ctx, b.root, nil, bin, args...)
		if err != nil {
			return "", false, err
		}
		took := time.Since(began)
		s := &searched{}
		if err := json.Unmarshal(text, s); err != nil {
			return "", false, err
		}
		after, err := score(strings.TrimSuffix(filepath.Join(out, filepath.Base(h.model)), ".amir") + ".amir")
		if err != nil {
			return "", false, err
		}
		drop := 100 * (before.Float.Value - after.Value)
		share := 100 * float64(s.IntMACs-s.Wide) / float64(s.MACs)
		pass = pass && s.Met && drop <= 0.1+1e-9 && share >= 70
		parts = append(parts, fmt.Sprintf("%s %.2f %% float, %.2f %% all int8, %.2f %% found (drop %.2f), %.0f %% of multiply-adds int8, %d trials, %.1f s", n.name,
			100*before.Float.Value, 100*before.Value, 100*after.Value, drop, share, s.Trials, took.Seconds()))
	}
	return strings.Join(parts, "; "), pass, nil
}

// kills is how often the search is stopped.
const kills = 20

// resumed kills a search at random moments and lets it go on, and compares what it leaves with an
// uninterrupted one.
func resumed(ctx context.Context, b *bench) (string, bool, error) {
	bin, err := b.amctc(ctx)
	if err != nil {
		return "", false, err
	}
	h, err := harden(ctx, b, residual, 1, 3)
	if err != nil {
		return "", false, err
	}
	whole := filepath.Join(b.temp, "whole")
	args, err := h.args(b, whole, "--max-drop", "0.05")
	if err != nil {
		return "", false, err
	}
	began := time.Now()
	if _, err := output(ctx, b.root, nil, bin, args...); err != nil && !strings.Contains(err.Error(), "exit status 1") {
		return "", false, err
	}
	took := time.Since(began)
	want, err := folder(whole)
	if err != nil {
		return "", false, err
	}
	r := rand.New(rand.NewPCG(11, 3))
	killed, same := 0, 0
	for killed < kills {
		out := filepath.Join(b.temp, fmt.Sprintf("killed-%d", killed))
		args, err := h.args(b, out, "--max-drop", "0.05")
		if err != nil {
			return "", false, err
		}
		for {
			c := exec.CommandContext(ctx, bin, args...)
			if err := c.Start(); err != nil {
				return "", false, err
			}
			done := make(chan error, 1)
			go func() { done <- c.Wait() }()
			select {
			case <-done:
			case <-time.After(time.Duration(r.Float64() * float64(took))):
				c.Process.Kill()
				<-done
				killed++
				continue
			}
			break
		}
		have, err := folder(out)
		if err != nil {
			return "", false, err
		}
		same++
		for name, text := range want {
			if !bytes.Equal(text, have[name]) {
				return fmt.Sprintf("after %d kills %s differs", killed, name), false, nil
			}
		}
		if len(have) != len(want) {
			return fmt.Sprintf("after %d kills there are %d files, want %d", killed, len(have), len(want)), false, nil
		}
	}
	return fmt.Sprintf("%d searches killed %d times at random moments and resumed: the same %d files as the uninterrupted one of %.1f s", same, killed, len(want), took.Seconds()), true, nil
}

// folder reads the files of a search, without its journal, which holds times.
func folder(dir string) (map[string][]byte, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	out := map[string][]byte{}
	for _, e := range entries {
		if e.Name() == "auto.journal.json" || strings.HasPrefix(e.Name(), ".amctc-") {
			continue
		}
		if out[e.Name()], err = os.ReadFile(filepath.Join(dir, e.Name())); err != nil {
			return nil, err
		}
	}
	return out, nil
}
