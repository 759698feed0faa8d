// Command bench measures the Go packages that amctc emits side by side with other ways to run the same
// networks, one sample at a time, each on one core but for one:
//
//	amctc        the emitted package, a session for float32 numbers
//	amctc-2      the same with two threads, on two cores
//	amctc-float  the package emitted from the float network
//	ort-int8     the quantized model in ONNX Runtime
//	ort-float    the float model in ONNX Runtime
//	gomlx-float  the float model in gomlx's engine in Go, where it can run it
//
//	bench [-rounds 5] [-seconds 1] [-peers LIST] [-core N] [-json FILE] [-work DIR] [-start] [NETWORK...]
//
// Every contender is a process of its own, confined to the core, with memory for input and output
// allocated before. In each round they run one after the other, so that what disturbs the machine
// disturbs all. A contender's time is the median over the rounds; the ratio is the median of the
// rounds' ratios. The environment variable AMCTC_ISA reaches the emitted package.
//
// -start measures instead how long a process needs until the network can be run and until its first
// result, and the memory it needs.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	if len(args) > 0 && args[0] == peerCommand {
		return peer(args[1:])
	}
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(stderr)
	rounds := flags.Int("rounds", 5, "rounds of every contender")
	seconds := flags.Float64("seconds", 1, "how long a contender runs in each round")
	peers := flags.String("peers", strings.Join([]string{oursTwo, oursReal, ortInt8, ortFloat, goFloat}, ","), "the contenders beside amctc, separated by commas")
	core := flags.Int("core", -1, "the core that all run on; -1 is the last")
	file := flags.String("json", "", "`file` for everything that was measured")
	work := flags.String("work", "", "`folder` to work in and to keep")
	start := flags.Bool("start", false, "measure the start of a process instead; of resnet50 unless networks are named")
	if err := flags.Parse(args); err != nil {
		return err
	}
	names := flags.Args()
	if *start && len(names) == 0 {
		names = []string{"resnet50"}
	}
	list, err := choose(names)
	if err != nil {
		return err
	}
	if *rounds < 1 || !(*seconds >= 0) {
		return errors.New("-rounds is at least 1, -seconds not negative")
	}
	b, err := newBench(ctx, *core, *rounds, *seconds, *work, splitList(*peers))
	if err != nil {
		return err
	}
	defer b.close()
	if *start {
		err = b.starts(ctx, list, stdout, stderr)
	} else {
		err = b.contests(ctx, list, stdout, stderr)
	}
	if err != nil || *file == "" {
		return err
	}
	return b.report.write(*file)
}

func splitList(s string) (out []string) {
	for _, x := range strings.Split(s, ",") {
		if x = strings.TrimSpace(x); x != "" {
			out = append(out, x)
		}
	}
	return out
}
