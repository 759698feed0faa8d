package main

import (
	"fmt"
	"math"
	"strings"

	"github.com/spf13/cobra"

	"github.com/amctc/amctc"
	"github.com/amctc/amctc/codegen/agree"
	"github.com/amctc/amctc/codegen/report"
	"github.com/amctc/amctc/passes"
)

func compileCommand(u *ui) *cobra.Command {
	var load loadFlags
	var data dataFlags
	var opt amctc.CompileOptions
	var transforms transformFlags
	var config, record, statistics string
	var quant quantFlags
	var check bool
	c := &cobra.Command{
		Use:   "compile MODEL --calib DATA --out DIR",
		Short: "the main job: import, calibrate, quantize, emit everything, verify",
		Example: `  amctc compile model.onnx --calib images.npy --out ./lenet
  amctc compile model.onnx --calib train-images-idx3-ubyte.gz --limit 128 --std 255 --out ./lenet --pkg lenet --target ascend910b3
  amctc compile model.onnx --record factors.txt --calib images.npy --out ./lenet --check
  amctc compile model.onnx --stats model.stats --activations mse --out ./lenet
  amctc compile model.qdq.onnx --out ./lenet`,
		Long: `DIR gets the Go package, and in DIR/amctc the quantized module, the record of factors, the Ascend program, QDQ ONNX and
AMCT's pair of models. A model that another tool has quantized (QuantizeLinear, QLinearConv, ...) needs no --calib: its factors are used.
Outputs appear whole or not at all; files that amctc did not write are never replaced.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			opt.Model = args[0]
			var err error
			if opt.Load, err = load.options(nil); err != nil {
				return err
			}
			if opt.Data, err = data.options(); err != nil {
				return err
			}
			if err := transforms.check(record); err != nil {
				return err
			}
			if opt.Config, err = readConfig(config); err != nil {
				return err
			}
			if record != "" {
				if opt.Record, err = readRecord(record); err != nil {
					return err
				}
			}
			if statistics != "" {
				if record != "" {
					return fail(exitUsage, "--record and --stats both bring factors; leave one out")
				}
				if opt.Stats, err = readStats(statistics); err != nil {
					return err
				}
			}
			opt.Progress, opt.Log, opt.Adjust = u.progress, u.log(), func(s *passes.Settings) error {
				transforms.apply(s)
				return quant.apply(s)
			}
			r, err := amctc.Compile(cmd.Context(), opt)
			if err != nil {
				return err
			}
			u.close()
			if r.Agree != nil && !r.Agree.OK() {
				printAgreement(u, r)
				return fail(exitCheck, "the engines disagree; nothing was written")
			}
			if check {
				if err := amctc.CheckAll(opt.Out, r.Files); err != nil {
					return err
				}
			} else if err := amctc.WriteAll(opt.Out, r.Files); err != nil {
				return err
			}
			if u.json {
				return u.object(struct {
					*report.Report
					Agreement *agree.Report `json:"agreement,omitempty"`
					GoNotRun  string        `json:"go_not_run,omitempty"`
				}{r.Report, r.Agree, r.GoNotRun})
			}
			printCompiled(u, opt.Out, r)
			return nil
		},
	}
	load.register(c)
	data.register(c)
	data.registerPixels(c, &load)
	data.registerState(c)
	data.registerSkip(c)
	quant.register(c)
	transforms.register(c)
	f := c.Flags()
	f.StringArrayVar(&opt.Calib, "calib", nil, "calibration data: .npy, .npz, IDX(.gz) or a folder of .bin files; repeat for several inputs, in order")
	f.StringVar(&opt.Out, "out", "", "output folder")
	f.StringVar(&opt.Package, "pkg", "", "Go package name (default: the folder's base name)")
	f.StringVar(&opt.Module, "module", "", "import path of the output folder (default: from the enclosing go.mod)")
	f.StringVar(&opt.Target, "target", amctc.DefaultTarget, "Ascend SoC")
	registerCores(c, &opt.Cores)
	f.StringVar(&config, "config", "", "AMCT quantization config, JSON or simplified")
	f.StringVar(&record, "record", "", "use the factors of this AMCT record instead of calibrating")
	f.StringVar(&statistics, "stats", "", "find factors from these statistics instead of calibrating; --calib, when given, is for measuring")
	f.IntVar(&opt.VerifySamples, "verify-samples", 4, "calibration samples to verify")
	f.BoolVar(&opt.NoVerify, "no-verify", false, "do not compare the engines")
	f.BoolVar(&opt.Validate, "validate", false, "compare the network before and after every pass, on two samples, with the interpreter")
	f.BoolVar(&opt.Counters, "counters", false, "let the Go package count values that leave their calibrated ranges: Model.Counters")
	f.BoolVar(&check, "check", false, "write nothing; exit 1 with the differences when the files in DIR are stale")
	_ = c.MarkFlagRequired("out")
	return c
}

func printCompiled(u *ui, dir string, r *amctc.Compiled) {
	printReport(u, r.Report)
	fmt.Fprintf(u.stdout, "written   %s (%d files)\n", dir, len(r.Files)+1)
	printValidated(u, r.Validated)
	printAgreement(u, r)
}

// printReport is the table of layers and the sums below it.
func printReport(u *ui, p *report.Report) {
	printLayers(u, p.Layers)
	fmt.Fprintln(u.stdout)
	if len(p.Remarks) > 0 {
		for _, s := range p.Remarks {
			fmt.Fprintln(u.stdout, s)
		}
		fmt.Fprintln(u.stdout)
	}
	fmt.Fprintf(u.stdout, "weights   %s float -> %s int8 (%.1f x smaller); %.1f %% of %s multiply-adds are int8\n", bytesText(p.FloatBytes), bytesText(p.IntBytes),
		float64(p.FloatBytes)/float64(max(1, p.IntBytes)), 100*float64(p.IntMACs)/float64(max(1, p.MACs)), countText(p.MACs))
	fmt.Fprintf(u.stdout, "arena     %s for one sample, no allocation per call\n", bytesText(int64(p.ArenaBytes)))
	fmt.Fprintf(u.stdout, "%s  %d cycles estimated for one sample, %.1f µs at %d MHz on %s; %d of %d instructions rely on assumed rules (\"amctc target %s\")\n", p.Target, p.Cycles,
		float64(p.Cycles)/float64(max(1, p.MHz)), p.MHz, coresText(p.Cores), p.Assumed, p.Steps, p.Target)
	for _, c := range p.Cores {
		fmt.Fprintf(u.stdout, "%5d cores %12d cycles %6.2f x\n", c.Cores, c.Cycles, float64(p.Cores[0].Cycles)/float64(max(1, c.Cycles)))
	}
}

// printValidated says what validation compared.
func printValidated(u *ui, v *passes.Validation) {
	if v != nil {
		fmt.Fprintln(u.stdout, validatedText(v))
	}
}

// noteValidated is printValidated for commands whose standard output is a module.
func noteValidated(u *ui, c *passes.Context) {
	if c.Validate != nil {
		u.note("%s", validatedText(c.Validate))
	}
}

func validatedText(v *passes.Validation) string {
	s := fmt.Sprintf("validated %d passes: %d values before and after are what the passes promise", v.Passes, v.Values)
	if v.Unbounded > 0 {
		s += fmt.Sprintf("; %d more have no bound", v.Unbounded)
	}
	return s
}

func printAgreement(u *ui, r *amctc.Compiled) {
	if r.Agree == nil {
		fmt.Fprintln(u.stdout, "agreement was not verified (--no-verify)")
		return
	}
	printAgree(u, r.Agree, r.GoNotRun)
}

func printLayers(u *ui, rows []report.Row) {
	var out [][]string
	for _, l := range rows {
		scale, offset := "float32", ""
		if l.Codes {
			scale, offset = fmt.Sprintf("%.6g", l.Scale), fmt.Sprint(l.Offset)
		}
		w := ""
		switch {
		case l.WeightScales == 1:
			w = fmt.Sprintf("%.4g", l.WeightScaleMin)
		case l.WeightScales > 1:
			w = fmt.Sprintf("%d: %.3g…%.3g", l.WeightScales, l.WeightScaleMin, l.WeightScaleMax)
		}
		sqnr, cos := "", ""
		if l.Compared {
			sqnr, cos = "exact", fmt.Sprintf("%.6f", l.Cosine)
			if !math.IsInf(l.SQNR, 0) {
				sqnr = fmt.Sprintf("%.1f", l.SQNR)
			}
		}
		out = append(out, []string{shorten(strings.Join(l.From, "+"), 34), l.Op, report.Shape(l.Shape), scale, offset, w, sqnr, cos})
	}
	u.table([]string{"layer", "operator", "result", "scale", "offset", "weight scales", "SQNR dB", "cosine"}, out, 4, 5, 7, 8)
}

func shorten(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return string(r[:n-1]) + "…"
}

func bytesText(n int64) string {
	switch {
	case n >= 10<<20:
		return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
	case n >= 10<<10:
		return fmt.Sprintf("%.1f KiB", float64(n)/(1<<10))
	}
	return fmt.Sprintf("%d B", n)
}

func countText(n int64) string {
	switch {
	case n >= 1e9:
		return fmt.Sprintf("%.2f G", float64(n)/1e9)
	case n >= 1e6:
		return fmt.Sprintf("%.2f M", float64(n)/1e6)
	}
	return fmt.Sprint(n)
}
