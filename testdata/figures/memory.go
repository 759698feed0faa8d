package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// memory compares the greatest resident set of calibration with few and with many images. The
// collector is kept tight, so that it shows what calibration holds and not what it leaves behind.
func memory(ctx context.Context, b *bench) (string, bool, error) {
	var peak [2]float64
	for i, images := range []int{100, 10000} {
		size, err := calibrationMemory(ctx, b, lenet, images, "--record", "GOGC=20")
		if err != nil {
			return "", false, err
		}
		peak[i] = size
	}
	loose, err := calibrationMemory(ctx, b, lenet, 10000, "--record", "GOGC=100")
	if err != nil {
		return "", false, err
	}
	return fmt.Sprintf("%.1f MB with 100 images, %.1f MB with 10,000 (GOGC=20): × %.3f; %.1f MB with 10,000 and the collector as usual", peak[0], peak[1], peak[1]/peak[0], loose),
		peak[1] <= 1.1*peak[0], nil
}

// calibrationMemory is the greatest resident set in MB of `amctc calibrate` on so many images, which writes
// --record or --stats.
func calibrationMemory(ctx context.Context, b *bench, n network, images int, what, collector string) (float64, error) {
	bin, err := b.amctc(ctx)
	if err != nil {
		return 0, err
	}
	model, err := n.model(b)
	if err != nil {
		return 0, err
	}
	train, err := n.file(b, "train", "images")
	if err != nil {
		return 0, err
	}
	args := []string{peakCommand, bin, "--quiet", "calibrate", model, "--calib", train, "--limit", strconv.Itoa(images), what, filepath.Join(b.temp, "calibrated"), "--force"}
	if n.std != "" {
		args = append(args, "--std", n.std)
	}
	self, err := os.Executable()
	if err != nil {
		return 0, err
	}
	text, err := output(ctx, b.root, []string{collector}, self, args...)
	if err != nil {
		return 0, err
	}
	size, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
	return float64(size) / 1e6, err
}

// peakCommand as first argument of this command makes it run the others and print the greatest
// resident set of that process in bytes. A process of its own does so because Linux counts the memory
// of the process that starts another as the other's: a small one has to start it.
const peakCommand = "peak"

func peak(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	if len(args) == 0 {
		fmt.Fprintln(stderr, "figures: peak is followed by a command")
		return 2
	}
	c := exec.CommandContext(ctx, args[0], args[1:]...)
	c.Stdout, c.Stderr = stderr, stderr
	err := c.Run()
	size := int64(0)
	if err == nil {
		size, err = maxRSS(c.ProcessState)
	}
	if err != nil {
		fmt.Fprintln(stderr, "figures:", err)
		return 1
	}
	fmt.Fprintln(stdout, size)
	return 0
}
