package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/amctc/amctc"
	"github.com/amctc/amctc/ir"
)

func benchCommand(u *ui) *cobra.Command {
	var load loadFlags
	var data dataFlags
	var calib []string
	var config string
	var threads int
	var seconds float64
	var float bool
	c := &cobra.Command{
		Use:   "bench MODEL",
		Short: "measure what every layer takes on this machine, and what holds it up",
		Example: `  amctc bench model.onnx --calib images.npy --limit 16
  amctc bench lenet/amctc/lenet.amir --threads 2 --seconds 5
  amctc bench model.onnx --float`,
		Long: `A float model is quantized with --calib as compile does it, or measured as it is with --float. Times are medians for one sample.
Peak is what a core multiplies and adds when nothing holds it up; bytes are counted once for each kernel call. What holds a layer up:
  call            it takes less than a microsecond
  multiply-adds   it reaches 60 % of the peak
  L1, L2, memory  it moves so many bytes a second that it waits for them: where the bytes have room
  kernel          none of these: what the kernel does beside its multiply-adds`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if threads < 1 {
				return fail(exitUsage, "--threads %d: want 1 or more", threads)
			}
			if !(seconds > 0) {
				return fail(exitUsage, "--seconds %g: want more than 0", seconds)
			}
			lo, err := load.options(u.warning)
			if err != nil {
				return err
			}
			m, err := amctc.Load(args[0], lo)
			if err != nil {
				return err
			}
			if amctc.Stage(m) == ir.StageTarget {
				if float || len(calib) > 0 || config != "" {
					return fail(exitUsage, "%s is quantized already; --float, --calib and --config are for float models", args[0])
				}
			} else if m, err = benched(cmd, u, m, data, calib, config, float); err != nil {
				return err
			}
			u.progress("measure", 0, 1)
			r, err := amctc.Bench(cmd.Context(), m, amctc.BenchOptions{Threads: threads, For: time.Duration(seconds * float64(time.Second))})
			if err != nil {
				return err
			}
			u.close()
			if u.json {
				return u.object(r)
			}
			printBenchmark(u, r)
			return nil
		},
	}
	load.register(c)
	data.register(c)
	data.registerPixels(c, &load)
	data.registerState(c)
	f := c.Flags()
	f.StringArrayVar(&calib, "calib", nil, "calibration data for each input, in order")
	f.StringVar(&config, "config", "", "AMCT quantization config, JSON or simplified")
	f.IntVar(&threads, "threads", 1, "goroutines that compute a sample together")
	f.Float64Var(&seconds, "seconds", 2, "how long to measure")
	f.BoolVar(&float, "float", false, "measure the float network")
	return c
}

// benched takes a float model to the form that is measured.
func benched(cmd *cobra.Command, u *ui, m *ir.Module, data dataFlags, calib []string, config string, float bool) (*ir.Module, error) {
	if float == (len(calib) > 0) {
		return nil, fail(exitUsage, "a float model wants either --calib DATA, to be quantized first, or --float")
	}
	pc, prepared, _, err := prepareLoaded(cmd, u, m, config, "")
	if err != nil || float {
		return prepared, err
	}
	opt, err := data.options()
	if err != nil {
		return nil, err
	}
	d, err := amctc.OpenData(prepared.Main(), calib, opt)
	if err != nil {
		return nil, err
	}
	if prepared, err = amctc.Calibrate(pc, prepared, d); err != nil {
		return nil, err
	}
	u.configRemarks(pc)
	return amctc.Quantize(pc, prepared, amctc.DefaultTarget)
}

func printBenchmark(u *ui, r *amctc.Benchmark) {
	noun := "threads"
	if r.Threads == 1 {
		noun = "thread"
	}
	fmt.Fprintf(u.stdout, "%s, %d %s, weights %s, arena %s, %d runs\n\n", r.ISA, r.Threads, noun, bytesText(r.Weights), bytesText(int64(r.Arena)), r.Runs)
	var rows [][]string
	for _, l := range r.Layers {
		rows = append(rows, []string{shorten(l.Layer, 34), l.Kernel, microseconds(l.Seconds), fmt.Sprintf("%.1f", 100*l.Share),
			or(l.MACs > 0, "%.1f", l.Rate/1e9), or(l.OfPeak > 0, "%.1f", 100*l.OfPeak), fmt.Sprintf("%.3f", float64(l.Bytes)/1e6), fmt.Sprintf("%.1f", l.Flow/1e9), l.Bound})
	}
	u.table([]string{"layer", "kernel", "µs", "share %", "G MAC/s", "% of peak", "MB", "GB/s", "bound"}, rows, 3, 4, 5, 6, 7, 8)
	fmt.Fprintf(u.stdout, "\ntotal     %s µs for one sample, %s multiply-adds, %.1f G/s, %s %% of peak\n", microseconds(r.Seconds), countText(r.MACs), r.Rate/1e9, or(r.OfPeak > 0, "%.1f", 100*r.OfPeak))
	fmt.Fprintf(u.stdout, "layers    %s µs in sum, a look at the clock after each included\n", microseconds(r.Sum))
}

func microseconds(s float64) string { return fmt.Sprintf("%.1f", 1e6*s) }

// or formats a number that is known; one that is not is a dash.
func or(known bool, format string, v float64) string {
	if !known {
		return "-"
	}
	return fmt.Sprintf(format, v)
}
