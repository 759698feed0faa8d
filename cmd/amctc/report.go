package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/amctc/amctc"
	"github.com/amctc/amctc/codegen/report"
	"github.com/amctc/amctc/passes/train"
)

// reportFlags are those of a report on a model.
type reportFlags struct {
	load                           loadFlags
	data                           dataFlags
	transforms                     transformFlags
	calib, paths                   []string
	config, record, labels, metric string
	training                       string
	out, target                    string
	samples                        int
	force                          bool
}

func reportCommand(u *ui) *cobra.Command {
	var f reportFlags
	c := &cobra.Command{
		Use:   "report MODEL --calib DATA -o report.html [--json report.json] | report DIR",
		Short: "say what each layer of a quantized network loses and why, or print the table of a compiled one again",
		Example: `  amctc report model.onnx --calib images.npy --limit 128 -o report.html
  amctc report model.onnx --calib images.npy --record factors.txt --data t10k-images-idx3-ubyte.gz --labels t10k-labels-idx1-ubyte.gz -o report.html --json report.json
  amctc report ./lenet`,
		Long: `Of a MODEL: the error of each layer alone and of all together, histograms with the chosen range, the layers in the order of
sensitivity, and for each bad layer the cause, the evidence, and what to paste into the configuration, with its predicted gain.
The page is one file that needs no network; --json FILE writes the same for programs, --json alone prints it.
Errors are measured on the first --samples of --data, or of --calib without it; --limit is for --calib.
Of a DIR that compile wrote, or its report.json: the table.`,
		Args: func(_ *cobra.Command, args []string) error {
			if n := len(args); n == 1 || n == 2 && u.json {
				return nil
			}
			return fail(exitUsage, "report takes one model or folder, and one file after --json")
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if ext := strings.ToLower(filepath.Ext(args[0])); ext == ".onnx" || ext == ".amir" {
				return f.diagnose(cmd, u, args)
			}
			if len(args) == 2 || cmd.Flags().Changed("calib") || cmd.Flags().Changed("output") {
				return fail(exitUsage, "%s: a report with --calib is made of a model, .onnx or .amir", args[0])
			}
			return printTable(u, args[0])
		},
	}
	f.load.register(c)
	f.data.register(c)
	f.data.registerPixels(c, &f.load)
	f.data.registerState(c)
	f.transforms.register(c)
	p := c.Flags()
	p.StringArrayVar(&f.calib, "calib", nil, "calibration data for each input, in order")
	p.StringArrayVar(&f.paths, "data", nil, "data for each input that errors are measured on (default: --calib)")
	p.StringVar(&f.labels, "labels", "", "labels of --data: both networks are also evaluated on all of it")
	p.StringVar(&f.metric, "metric", "top1", "auc, cosine, mse, top1, top5 or worst-cosine, with --labels")
	p.StringVar(&f.config, "config", "", "AMCT quantization config, JSON or simplified")
	p.StringVar(&f.record, "record", "", "use the factors of this AMCT record instead of calibrating")
	p.StringVar(&f.training, "training", "", "history that train --history wrote: learning curves and trained bounds become part of the report")
	p.IntVar(&f.samples, "samples", amctc.DefaultDiagnosed, "samples that errors are measured on")
	p.StringVarP(&f.out, "output", "o", "", "page to write, .html")
	p.StringVar(&f.target, "target", amctc.DefaultTarget, "Ascend SoC")
	p.BoolVar(&f.force, "force", false, "replace existing files")
	return c
}

// diagnose quantizes the model as compile would and reports.
func (f *reportFlags) diagnose(cmd *cobra.Command, u *ui, args []string) error {
	switch {
	case len(f.calib) == 0:
		return fail(exitUsage, "--calib is needed: a report on a model runs it on calibration data")
	case f.out == "" && !u.json:
		return fail(exitUsage, "give -o report.html, or --json")
	case f.labels != "" && len(f.paths) == 0:
		return fail(exitUsage, "--labels goes with --data")
	case f.samples < 1:
		return fail(exitUsage, "--samples %d: at least one is needed", f.samples)
	}
	if err := f.transforms.check(f.record); err != nil {
		return err
	}
	var history []train.Epoch
	if f.training != "" {
		text, err := os.ReadFile(f.training)
		if err != nil {
			return err
		}
		if history, err = train.ParseHistory(text); err != nil {
			return fmt.Errorf("%s: %w", f.training, err)
		}
	}
	pc, float, own, err := prepare(cmd, u, f.load, args[0], f.config, f.record)
	if err != nil {
		return err
	}
	f.transforms.apply(pc.Settings)
	opt, err := f.data.options()
	if err != nil {
		return err
	}
	calib, err := amctc.OpenData(float.Main(), f.calib, opt)
	if err != nil {
		return err
	}
	data, set := calib, (*amctc.EvalSet)(nil)
	if len(f.paths) > 0 {
		opt.Limit = 0
		if data, err = amctc.OpenData(float.Main(), f.paths, opt); err != nil {
			return err
		}
	}
	if f.labels != "" {
		if set, err = evalSet(f.metric, f.labels, f.paths, data); err != nil {
			return err
		}
		set.Float = float
	}
	q := amctc.Quantized{Float: float, Fitted: float}
	switch {
	case f.record != "":
	case own:
		if err := amctc.CheckOwn(pc.Settings, args[0]); err != nil {
			return err
		}
	default:
		if q.Fitted, err = amctc.Calibrate(pc, float, calib); err != nil {
			return err
		}
	}
	if q.Integer, err = amctc.Quantize(pc, q.Fitted, f.target); err != nil {
		return err
	}
	d, err := amctc.Diagnose(pc, q, calib, data, f.samples, set)
	if err != nil {
		return err
	}
	d.Model, d.Training = filepath.Base(args[0]), history
	u.close()
	return f.write(u, d, args[1:])
}

// write writes the page and, where asked for, the JSON, and prints the causes.
func (f *reportFlags) write(u *ui, d *report.Diagnosis, file []string) error {
	page, err := d.HTML()
	if err != nil {
		return err
	}
	text, err := d.JSON()
	if err != nil {
		return err
	}
	if len(file) > 0 {
		if err := writeFile(file[0], text, f.force); err != nil {
			return err
		}
	}
	if f.out != "" {
		if err := writeFile(f.out, page, f.force); err != nil {
			return err
		}
	}
	if u.json && len(file) == 0 {
		_, err := u.stdout.Write(text)
		return err
	}
	var rows [][]string
	for i, x := range d.Findings {
		where, repair, gain := x.Layer, "", ""
		if where == "" {
			where = "all layers together"
		}
		if len(x.Repairs) > 0 {
			repair, gain = x.Repairs[0].What, fmt.Sprintf("%+.1f", float64(x.Repairs[0].NetworkGain))
		}
		rows = append(rows, []string{fmt.Sprint(i + 1), string(x.Cause), shorten(where, 34), fmt.Sprintf("%.1f %%", 100*x.Share), shorten(repair, 48), gain})
	}
	fmt.Fprintf(u.stdout, "output    %s dB SQNR, the median of %d samples\n", d.Output, d.Samples)
	if d.Metric != nil {
		fmt.Fprintf(u.stdout, "%-9s %s, of %d\n", d.Metric.Label, d.Metric.Text, d.Metric.Samples)
	}
	if len(rows) == 0 {
		fmt.Fprintln(u.stdout, "causes    none: no layer has an error that a change of its settings would take away")
		return nil
	}
	fmt.Fprintln(u.stdout)
	u.table([]string{"", "cause", "layer", "share", "repair", "gain dB"}, rows, 1, 4, 6)
	return nil
}

// printTable prints what compile found.
func printTable(u *ui, path string) error {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		path = filepath.Join(path, "amctc", "report.json")
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	r, err := report.Parse(data)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if u.json {
		return u.object(r)
	}
	printReport(u, r)
	return nil
}
