package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/amctc/amctc"
	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/parser"
)

// journalName is the file in the output folder that a stopped search goes on from.
const journalName = "auto.journal.json"

type autoFlags struct {
	load                   loadFlags
	data                   dataFlags
	calib, paths           []string
	labels, metric, config string
	evaluator, out         string
	lower                  bool
	calibLimit             int
	opt                    amctc.AutoOptions
}

func autoCommand(u *ui) *cobra.Command {
	var f autoFlags
	c := &cobra.Command{
		Use:   "auto MODEL --calib DATA --data DATA --labels L --max-drop D --out DIR",
		Short: "search which layers to quantize, and how, so that accuracy drops by no more than is asked",
		Example: `  amctc auto model.onnx --calib train.npy --data val.npy --labels val-labels.npy --max-drop 0.1 --out ./search
  amctc auto model.onnx --calib train.npy --evaluator "python3 score.py" --max-drop 0.5 --time 1h --out ./search
  amctc compile model.onnx --calib train.npy --record search/model.record.txt --out ./model`,
		Long: `Greedy changes the layer first whose change takes most error out of the network's outputs for its cost, boundaries between integers
and floats included. Binary is AMCT's search: layers return to float in the order of AMCT's sensitivity, as many as bisection finds.
Ladder gives them activations of 16 bits in that order, and returns layers to float only where these do not do; it takes a few trials, and greedy finds cheaper networks.

The best so far is always in DIR: record, integer module, AMCT's final configuration and ranking, and auto.json with what was chosen. A
search that was stopped goes on where it was when the same command is given again, and ends with the same files.

Drops are in percentage points for top1, top5 and auc. One standard error of the drop on the data is added to it, for top1, top5 and
worst-cosine, so that the drop on other data is what was asked more often than not; --no-margin leaves that out.

An evaluator is a command. It gets the path of MODEL.amir, with MODEL.qdq.onnx beside it once the model is quantized, as its last argument; the last
line that it prints is the value, higher is better unless --lower is given.

` + metricsText(),
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd, u, args[0]) },
	}
	f.load.register(c)
	f.data.register(c)
	f.data.registerPixels(c, &f.load)
	f.data.registerState(c)
	p := c.Flags()
	p.StringArrayVar(&f.calib, "calib", nil, "calibration data for each input, in order")
	p.IntVar(&f.calibLimit, "calib-limit", 128, "use the first N samples of the calibration data")
	p.StringArrayVar(&f.paths, "data", nil, "data for each input, in order, that the metric is found on")
	p.StringVar(&f.labels, "labels", "", "labels: IDX(.gz), .npy or text, one a line")
	p.StringVar(&f.metric, "metric", "top1", "auc, cosine, mse, top1, top5 or worst-cosine")
	p.StringVar(&f.evaluator, "evaluator", "", "command that evaluates a model, instead of a metric")
	p.BoolVar(&f.lower, "lower", false, "lower values of the evaluator are better; the drop is the relative increase")
	p.Float64Var(&f.opt.MaxDrop, "max-drop", 0.5, "greatest drop of the metric")
	p.BoolVar(&f.opt.NoMargin, "no-margin", false, "take the drop as measured, without its standard error")
	p.StringVar(&f.opt.Strategy, "strategy", "greedy", "greedy, binary as AMCT, or ladder: as binary, with codes of 16 bits before float")
	p.StringVar(&f.opt.Objective, "objective", amctc.ForTime, "what is made small: time, or size, for which weights of 4 bits are tried first")
	p.IntVar(&f.opt.Trials, "trials", 0, "greatest number of evaluations; 0 is no limit")
	p.DurationVar(&f.opt.Time, "time", 0, "greatest time, such as 30m, earlier runs of the search included; 0 is no limit")
	p.BoolVar(&f.opt.Rollback, "rollback-slower", false, "take layers back to float that are slower as integers on this machine")
	p.StringVar(&f.config, "config", "", "AMCT quantization config that the search starts from")
	p.StringVar(&f.out, "out", "", "output folder, new or of the same search")
	_ = c.MarkFlagRequired("calib")
	_ = c.MarkFlagRequired("out")
	return c
}

func (f *autoFlags) run(cmd *cobra.Command, u *ui, model string) error {
	ctx := cmd.Context()
	lo, err := f.load.options(u.warning)
	if err != nil {
		return err
	}
	m, err := amctc.Load(model, lo)
	if err != nil {
		return err
	}
	if amctc.HasFactors(m) {
		return fail(exitUsage, "%s is quantized already; a search starts from the float network that it was made from", model)
	}
	pc, float, base, err := prepareLoaded(cmd, u, m, f.config, "")
	if err != nil {
		return err
	}
	opt, err := f.data.options()
	if err != nil {
		return err
	}
	co := opt
	co.Limit = f.calibLimit
	calib, err := amctc.OpenData(float.Main(), f.calib, co)
	if err != nil {
		return err
	}
	name := strings.TrimSuffix(filepath.Base(model), filepath.Ext(model))
	metric, eval, data, labels, err := f.evaluation(float, opt, name)
	if err != nil {
		return err
	}
	task, err := f.task(float, calib, data, labels)
	if err != nil {
		return err
	}
	if f.opt.Journal, err = openSearch(f.out, task); err != nil {
		return err
	}
	f.opt.Progress = u.progress
	write := func(r *amctc.AutoResult, complete bool) error {
		files, err := r.Files(name, metric, complete, amctc.AutoConfig(base, r, float.Main()))
		if err != nil {
			return err
		}
		return amctc.ReplaceAll(f.out, files)
	}
	f.opt.Better = func(r *amctc.AutoResult) error { return write(r, false) }
	began := time.Now()
	r, err := amctc.Auto(ctx, pc, float, calib, metric, eval, f.opt)
	if err != nil {
		return err
	}
	if err := write(r, true); err != nil {
		return err
	}
	u.close()
	return f.print(u, r, metric, name, time.Since(began))
}

// evaluation is the metric and what finds it.
func (f *autoFlags) evaluation(float *ir.Module, opt amctc.DataOptions, name string) (amctc.Metric, amctc.Evaluator, *amctc.Data, []int, error) {
	if f.evaluator != "" {
		if len(f.paths) > 0 || f.labels != "" {
			return amctc.Metric{}, nil, nil, nil, fail(exitUsage, "--evaluator has its own data; leave --data and --labels out")
		}
		return amctc.Metric{Name: "external", Points: 1, Lower: f.lower}, &external{command: f.evaluator, name: name}, nil, nil, nil
	}
	if len(f.paths) == 0 {
		return amctc.Metric{}, nil, nil, nil, fail(exitUsage, "--data is needed, or --evaluator")
	}
	data, err := amctc.OpenData(float.Main(), f.paths, opt)
	if err != nil {
		return amctc.Metric{}, nil, nil, nil, err
	}
	set, err := evalSet(f.metric, f.labels, f.paths, data)
	if err != nil {
		return amctc.Metric{}, nil, nil, nil, err
	}
	set.Float = float
	return set.Metric, set, data, set.Labels, nil
}

// task is what is searched, as a hash: the network, the data, and the options that decide what is
// measured. Budgets are not in it: a search may go on with a larger one.
func (f *autoFlags) task(float *ir.Module, calib, data *amctc.Data, labels []int) (string, error) {
	h := sha256.New()
	text, side, err := parser.Marshal(float)
	if err != nil {
		return "", err
	}
	h.Write(text)
	h.Write(side)
	for _, d := range []*amctc.Data{calib, data} {
		if d == nil {
			continue
		}
		for in, err := range d.Batches() {
			if err != nil {
				return "", err
			}
			for _, t := range in {
				h.Write(t.Bytes())
			}
		}
	}
	config, err := os.ReadFile(f.config)
	if f.config != "" && err != nil {
		return "", err
	}
	settings, err := json.Marshal([]any{amctc.Version, f.metric, f.evaluator, f.lower, f.opt.MaxDrop, f.opt.NoMargin, f.opt.Strategy, f.opt.Rollback, string(config), labels, f.opt.Objective})
	if err != nil {
		return "", err
	}
	h.Write(settings)
	return hex.EncodeToString(h.Sum(nil)), nil
}

// openSearch makes the output folder or goes on in it. A folder with other things is left alone.
func openSearch(dir, task string) (*amctc.Journal, error) {
	journal := filepath.Join(dir, journalName)
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if len(entries) > 0 && !amctc.Exists(journal) {
		return nil, fail(exitIO, "%s is not empty and holds no search; choose another --out", dir)
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, err
	}
	j, err := amctc.OpenJournal(journal, task)
	if err != nil {
		return nil, fail(exitIO, "%w", err)
	}
	return j, j.Save()
}

func (f *autoFlags) print(u *ui, r *amctc.AutoResult, m amctc.Metric, name string, took time.Duration) error {
	if u.json {
		data, err := os.ReadFile(filepath.Join(f.out, "auto.json"))
		if err != nil {
			return err
		}
		if _, err = u.stdout.Write(data); err != nil || r.Met {
			return err
		}
		return fail(exitCheck, "the drop asked for was not met; the best so far is in %s", f.out)
	}
	var rows [][]string
	count := map[string]int{}
	for _, l := range r.Layers {
		count[l.Variant]++
		if l.Variant != "int8" {
			rows = append(rows, []string{l.Name, l.Variant})
		}
	}
	if len(rows) > 0 {
		u.table([]string{"layer", "instead of int8"}, rows)
		fmt.Fprintln(u.stdout)
	}
	fmt.Fprintf(u.stdout, "float    %s\nfound    %s, drop %.3f ± %.3f, %.4g asked for\n", m.Text(r.Float), m.Text(r.Value), r.Drop, r.Margin, f.opt.MaxDrop)
	wide := ""
	if r.WideMACs > 0 {
		wide = fmt.Sprintf(", %.1f %% of int16", 100*float64(r.WideMACs)/float64(r.MACs))
	}
	fmt.Fprintf(u.stdout, "layers   %d of %d as int8; %.1f %% of %s multiply-adds are of integers%s\n", count["int8"], len(r.Layers), 100*float64(r.IntMACs)/float64(max(1, r.MACs)), countText(r.MACs), wide)
	if f.opt.Objective == amctc.ForSize {
		fmt.Fprintf(u.stdout, "size     %d bytes of weights and biases; %d layers of int4\n", r.Bytes, count["int4"])
	}
	fmt.Fprintf(u.stdout, "search   %d trials in %v: %s\n", r.Trials, took.Round(100*time.Millisecond), r.Reason)
	fmt.Fprintf(u.stdout, "written  %s: %s.record.txt and others\n", f.out, name)
	if !r.Met {
		return fail(exitCheck, "the drop asked for was not met; the best so far is in %s", f.out)
	}
	return nil
}

// external evaluates with a command of the user.
type external struct {
	command, name string
}

func (e *external) Evaluate(ctx context.Context, m *ir.Module, _ func(string, int, int)) (amctc.Evaluation, error) {
	ev := amctc.Evaluation{Metric: "external"}
	args := strings.Fields(e.command)
	if len(args) == 0 {
		return ev, fail(exitUsage, "--evaluator is empty")
	}
	dir, err := os.MkdirTemp("", "amctc-evaluate-*")
	if err != nil {
		return ev, err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, e.name+".amir")
	text, side, err := parser.Marshal(m)
	if err != nil {
		return ev, err
	}
	files := map[string][]byte{path: text, strings.TrimSuffix(path, ".amir") + ".safetensors": side}
	if amctc.Stage(m) == ir.StageTarget {
		if files[strings.TrimSuffix(path, ".amir")+".qdq.onnx"], err = amctc.EmitONNX(m); err != nil {
			return ev, err
		}
	}
	for p, data := range files {
		if err := os.WriteFile(p, data, 0o666); err != nil {
			return ev, err
		}
	}
	cmd := exec.CommandContext(ctx, args[0], append(args[1:], path)...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return ev, fmt.Errorf("evaluator %q: %w\n%s", e.command, err, stderr.String())
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	last := strings.TrimSpace(lines[len(lines)-1])
	if ev.Value, err = strconv.ParseFloat(last, 64); err != nil || ev.Value-ev.Value != 0 {
		return ev, fmt.Errorf("evaluator %q: its last line is %q, want a number", e.command, last)
	}
	return ev, nil
}
