package main

import (
	"os"

	"github.com/spf13/cobra"

	"github.com/amctc/amctc"
	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/passes"
	"github.com/amctc/amctc/passes/stats"
)

// statsFlags are those of calibrate about statistics.
type statsFlags struct {
	file  string
	merge bool
}

func (f *statsFlags) register(c *cobra.Command) {
	c.Flags().StringVar(&f.file, "stats", "", "statistics: the file to write with --calib or --merge, the file to find factors from without them")
	c.Flags().BoolVar(&f.merge, "merge", false, "merge the statistics named as arguments into --stats")
}

// check refuses flags that contradict each other.
func (f *statsFlags) check(args []string, calib bool, record string) error {
	switch {
	case f.merge && (calib || record != ""):
		return fail(exitUsage, "--merge goes with --stats alone; leave out --calib and --record")
	case f.merge && f.file == "":
		return fail(exitUsage, "--merge needs --stats FILE, the file to write")
	case f.merge:
		return nil
	case len(args) != 1:
		return fail(exitUsage, "%d arguments are given; want one model", len(args))
	case f.file != "" && calib && record != "":
		return fail(exitUsage, "--calib writes --stats, and the record would not come from them; take the statistics first, then: amctc calibrate %s --stats %s --record %s", args[0], f.file, record)
	case record == "" && !(calib && f.file != ""):
		return fail(exitUsage, "give --record R for factors, or --calib with --stats FILE for statistics")
	}
	return nil
}

func readStats(path string) (*stats.Statistics, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return stats.Parse(path, b)
}

func takeStats(u *ui, pc *passes.Context, float *ir.Module, d *amctc.Data, path string, force bool) error {
	s, err := amctc.TakeStatistics(pc, float, d)
	if err != nil {
		return err
	}
	u.remarks(pc)
	return writeFile(path, s.Format(), force)
}

func mergeStats(paths []string, out string, force bool) error {
	all, err := readStats(paths[0])
	if err != nil {
		return err
	}
	for _, p := range paths[1:] {
		s, err := readStats(p)
		if err != nil {
			return err
		}
		if err := all.Merge(s, p); err != nil {
			return err
		}
	}
	return writeFile(out, all.Format(), force)
}
