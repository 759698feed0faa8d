// Command figures measures what amctc promises and writes the outcome as a table.
//
//	go run ./testdata/figures [-only REGEX] [-fresh] [-fuzz 1m] [-out testdata/figures.md]
//
// Every row is measured by the library, by the command built from this source, or by a test; none
// holds a number of its own. A row that needs data that is not there fails and names the command
// that brings it. -only measures the rows whose name matches and keeps the others as the file has
// them; the row fresh needs a network and is measured with -fresh alone.
//
// The exit code is 1 when a row that was to be measured fails, 2 on wrong usage.
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
	"regexp"
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
	if len(args) > 0 && args[0] == peakCommand {
		return peak(ctx, args[1:], stdout, stderr)
	}
	flags := flag.NewFlagSet("figures", flag.ContinueOnError)
	flags.SetOutput(stderr)
	only := flags.String("only", "", "measure the rows whose name matches this `regexp`")
	fresh := flags.Bool("fresh", false, "also measure the test suite of a fresh clone; needs a network")
	flags.DurationVar(&briefly, "fuzz", briefly, "`time` for each fuzz test of the row fuzz-brief")
	out := flags.String("out", "", "`file` to write (default: testdata/figures.md of this module)")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return 0
		}
		return 2
	}
	choice, err := regexp.Compile(*only)
	if err != nil || flags.NArg() > 0 {
		fmt.Fprintln(stderr, "figures: wrong usage:", err, flags.Args())
		return 2
	}
	b, err := newBench()
	if err != nil {
		fmt.Fprintln(stderr, "figures:", err)
		return 1
	}
	defer b.close()
	if *out == "" {
		*out = filepath.Join(b.root, "testdata", "figures.md")
	}
	ok, err := measureAll(ctx, b, rows, *out, func(r *row) bool {
		return choice.MatchString(r.name) && (*fresh || !r.network)
	}, stdout)
	if err != nil {
		fmt.Fprintln(stderr, "figures:", err)
		return 1
	}
	if !ok {
		return 1
	}
	return 0
}

// measureAll measures the chosen rows, prints each as it comes and writes the table after each. It
// says whether every chosen row passes.
func measureAll(ctx context.Context, b *bench, rows []row, path string, chosen func(*row) bool, stdout io.Writer) (bool, error) {
	known, err := readTable(path)
	if err != nil {
		return false, err
	}
	table := make([]result, len(rows))
	for i := range rows {
		table[i] = known[rows[i].name]
		table[i].row = &rows[i]
	}
	ok, n := true, 0
	for i := range rows {
		r := &rows[i]
		if chosen(r) {
			n++
			began := time.Now()
			figure, pass, err := r.measure(ctx, b)
			if ctx.Err() != nil {
				return false, errors.New("interrupted; rows measured so far are in the table")
			}
			table[i] = result{row: r, figure: figure, verdict: verdict(pass), on: began.UTC().Format(time.DateOnly)}
			if err != nil {
				table[i].figure, table[i].verdict = "not measured: "+err.Error(), fails
			}
			fmt.Fprintf(stdout, "%-16s %-12s %6.1f s  %s\n", r.name, table[i].verdict, time.Since(began).Seconds(), table[i].figure)
			if err := writeTable(path, table); err != nil {
				return false, err
			}
			ok = ok && table[i].verdict == succeeds
		}
	}
	if n == 0 {
		return false, fmt.Errorf("no row has such a name; there are %v", names(rows))
	}
	return ok, nil
}

func names(rows []row) (out []string) {
	for _, r := range rows {
		out = append(out, r.name)
	}
	return out
}
