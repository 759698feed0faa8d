package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/amctc/amctc"
	"github.com/amctc/amctc/codegen/agree"
	"github.com/amctc/amctc/codegen/exec"
	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/interp"
	"github.com/amctc/amctc/ir/tensor"
	"github.com/amctc/amctc/parser/amct"
	"github.com/amctc/amctc/parser/dataset"
	"github.com/amctc/amctc/passes"
	"github.com/amctc/amctc/target"
	"github.com/amctc/amctc/target/ascend"
	"github.com/amctc/amctc/target/sim"
)

func runCommand(u *ui) *cobra.Command {
	var load loadFlags
	var data dataFlags
	var inputs, outputs []string
	var engine string
	var force bool
	c := &cobra.Command{
		Use:     "run MODEL --input x.npy --output y.npy",
		Short:   "run a float or quantized model on data",
		Example: "  amctc run model.onnx --input x.npy --output y.npy\n  amctc run lenet.amir --input x.npy --output y.npy --engine sim",
		Long: "A file whose shape equals the input's is one call; otherwise its first axis is cut into calls. --input and --output repeat, in the order of the graph. Inputs of integers (shapes, axes, indices) are read first, and the network is that for their values. " +
			"With --state, samples are sequences of --steps calls, each file's first axis but that of samples is time, and --input and --output are those beside the state.",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			lo, err := load.options(u.warning)
			if err != nil {
				return err
			}
			opt, err := data.options()
			if err != nil {
				return err
			}
			if lo.Bind, inputs, err = amctc.BindIntegers(args[0], inputs, opt.State); err != nil {
				return err
			}
			m, err := amctc.Load(args[0], lo)
			if err != nil {
				return err
			}
			if m, err = amctc.Integer(amctc.NewContext(cmd.Context()), m, amctc.DefaultTarget); err != nil {
				return err
			}
			f := m.Main()
			d, err := amctc.OpenData(f, inputs, opt)
			if err != nil {
				return err
			}
			var places []int // of the outputs that are written
			for k := range f.Results {
				if !d.IsState(k) {
					places = append(places, k)
				}
			}
			if len(outputs) != len(places) {
				return fail(exitUsage, "the network has %d outputs%s; give --output as often", len(places), map[bool]string{true: " beside its state"}[d.HasState()])
			}
			e, err := chooseEngine(engine, m)
			if err != nil {
				return err
			}
			acc := make([][]float32, len(outputs))
			indices := make([][]int64, len(outputs))
			shapes := make([][]int, len(outputs))
			err = amctc.RunAll(cmd.Context(), e, f, d.Follow(e, f).Calls(), 2, func(i int, _, out []*tensor.Tensor) error {
				for k, at := range places {
					t := out[at]
					if t.DType != tensor.F32 && t.DType != tensor.I64 {
						return fmt.Errorf("output %%%s is %v, want float32 or int64", f.Results[at].Name, t.DType)
					}
					acc[k], indices[k] = append(acc[k], t.F32...), append(indices[k], t.I64...)
					shapes[k] = t.Shape
				}
				u.progress("run", i+1, d.NumCalls())
				return nil
			})
			if err != nil {
				return err
			}
			for k, path := range outputs {
				shape := append([]int{}, shapes[k]...)
				total := len(acc[k]) + len(indices[k]) // one of them is empty
				if per := tensor.Elems(shape); per > 0 && (total != per || d.HasState()) {
					if len(shape) > 0 && shape[0] == 1 {
						shape = shape[1:]
					}
					calls := total / per
					if d.HasState() {
						shape = append([]int{calls / d.Steps(), d.Steps()}, shape...)
					} else {
						shape = append([]int{calls}, shape...)
					}
				}
				var b bytes.Buffer
				write := func() error { return dataset.WriteNPY(&b, shape, acc[k]) }
				if len(indices[k]) > 0 {
					write = func() error { return dataset.WriteIndices(&b, shape, indices[k]) }
				}
				if err := write(); err != nil {
					return err
				}
				if err := writeFile(path, b.Bytes(), force); err != nil {
					return err
				}
			}
			return nil
		},
	}
	load.register(c)
	data.register(c)
	data.registerPixels(c, &load)
	data.registerState(c)
	c.Flags().StringArrayVar(&inputs, "input", nil, "data for each input, in order")
	c.Flags().StringArrayVar(&outputs, "output", nil, ".npy file for each output, in order")
	c.Flags().StringVar(&engine, "engine", "exec", "interp, exec or sim")
	c.Flags().BoolVar(&force, "force", false, "replace existing outputs")
	_ = c.MarkFlagRequired("input")
	_ = c.MarkFlagRequired("output")
	return c
}

func chooseEngine(name string, m *ir.Module) (ir.Engine, error) {
	switch name {
	case "interp":
		return interp.Engine{}, nil
	case "exec":
		return exec.Engine{}, nil
	case "sim":
		if err := wantInteger(m, m.File); err != nil {
			return nil, err
		}
		a, err := amctc.EmitAscend(m, m.Target)
		if err != nil {
			return nil, err
		}
		return simEngine{a}, nil
	}
	return nil, fail(exitUsage, "there is no engine %q: want interp, exec or sim", name)
}

// simEngine runs one network in the simulator.
type simEngine struct{ a *amctc.Ascend }

func (e simEngine) Prepare(f *ir.Func) (ir.Runner, error) {
	return simRunner{&agree.Simulated{Program: e.a.Program, Consts: e.a.Consts, Description: e.a.Description, Func: f}}, nil
}

type simRunner struct{ s *agree.Simulated }

func (r simRunner) Run(ctx context.Context, in []*tensor.Tensor, _ ir.Tap) ([]*tensor.Tensor, error) {
	return r.s.Outputs(ctx, in)
}

func evalCommand(u *ui) *cobra.Command {
	var load loadFlags
	var data dataFlags
	var transforms transformFlags
	var paths, calib []string
	var labels, metric, record, config, statistics string
	var quant quantFlags
	var calibLimit int
	var fake bool
	c := &cobra.Command{
		Use:   "eval MODEL --data DATA --labels L",
		Short: "measure accuracy; of a float model also its int8 form when --calib is given",
		Example: `  amctc eval model.onnx --data t10k-images-idx3-ubyte.gz --labels t10k-labels-idx1-ubyte.gz
  amctc eval model.onnx --calib train-images-idx3-ubyte.gz --data t10k-images-idx3-ubyte.gz --labels t10k-labels-idx1-ubyte.gz
  amctc eval autoencoder.onnx --data x.npy --metric mse`,
		Long: "With --calib (128 samples), --stats or --record a float model is quantized too and both figures are printed.\n\n" + metricsText(),
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := transforms.check(record); err != nil {
				return err
			}
			pc := amctc.NewContext(cmd.Context())
			pc.Progress, pc.Log = u.progress, u.log()
			lo, err := load.options(u.warning)
			if err != nil {
				return err
			}
			m, err := amctc.Load(args[0], lo)
			if err != nil {
				return err
			}
			opt, err := data.options()
			if err != nil {
				return err
			}
			d, err := amctc.OpenData(m.Main(), paths, opt)
			if err != nil {
				return err
			}
			set, err := evalSet(metric, labels, paths, d)
			if err != nil {
				return err
			}
			set.Float = m
			measure := func(m *ir.Module) (amctc.Evaluation, error) {
				return set.Evaluate(cmd.Context(), m, u.progress)
			}
			if amctc.HasFactors(m) && (len(calib) > 0 || statistics != "") {
				return fail(exitUsage, "%s has factors of its own; leave out --calib and --stats", args[0])
			}
			if statistics != "" && (len(calib) > 0 || record != "") {
				return fail(exitUsage, "--stats stands in the place of --calib and --record; leave those out")
			}
			if len(calib) == 0 && record == "" && statistics == "" {
				if m, err = amctc.Integer(pc, m, amctc.DefaultTarget); err != nil {
					return err
				}
				ev, err := measure(m)
				if err != nil {
					return err
				}
				u.close()
				if u.json {
					return u.object(ev)
				}
				fmt.Fprintf(u.stdout, "%-7s %s of %d\n", stageName(m), set.Metric.Text(ev.Value), ev.Samples)
				return nil
			}
			if config != "" {
				if _, err := configure(pc, config, m); err != nil {
					return err
				}
			}
			var r *amct.Record
			if record != "" {
				if r, err = readRecord(record); err != nil {
					return err
				}
				amctc.ApplyRecord(pc.Settings, r)
			}
			if err := quant.apply(pc.Settings); err != nil {
				return err
			}
			transforms.apply(pc.Settings)
			float, err := amctc.Prepare(pc, m)
			if err != nil {
				return err
			}
			switch {
			case r != nil:
				if pc.Factors, err = amctc.FromRecord(r, float.Main()); err != nil {
					return err
				}
			case statistics != "":
				s, err := readStats(statistics)
				if err != nil {
					return err
				}
				if float, err = amctc.FitStatistics(pc, float, s); err != nil {
					return err
				}
			default:
				co := opt
				co.Limit = calibLimit
				cd, err := amctc.OpenData(float.Main(), calib, co)
				if err != nil {
					return err
				}
				if float, err = amctc.Calibrate(pc, float, cd); err != nil {
					return err
				}
			}
			q, err := amctc.Quantize(pc, float, amctc.DefaultTarget)
			if err != nil {
				return err
			}
			before, err := measure(m)
			if err != nil {
				return err
			}
			after, err := measure(q)
			if err != nil {
				return err
			}
			leaving, err := leavingRanges(u, pc, float, paths, calib, opt, calibLimit)
			if err != nil {
				return err
			}
			var between *amctc.Evaluation
			if fake {
				f, err := amctc.FakeQuantize(pc, float)
				if err != nil {
					return err
				}
				ev, err := measure(f)
				if err != nil {
					return err
				}
				between = &ev
			}
			u.close()
			if u.json {
				return u.object(struct {
					amctc.Evaluation
					Float amctc.Evaluation  `json:"float"`
					Fake  *amctc.Evaluation `json:"fake,omitempty"`
					// Leaving are the tensors that leave their calibrated ranges.
					Leaving []passes.Coverage `json:"leaving,omitempty"`
				}{after, before, between, leaving})
			}
			fmt.Fprintf(u.stdout, "float   %s of %d\n", set.Metric.Text(before.Value), before.Samples)
			if between != nil {
				fmt.Fprintf(u.stdout, "fake    %s of %d\n", set.Metric.Text(between.Value), between.Samples)
			}
			fmt.Fprintf(u.stdout, "int8    %s of %d\n", set.Metric.Text(after.Value), after.Samples)
			fmt.Fprintf(u.stdout, "change  %s\n", changeText(set.Metric, before.Value, after.Value))
			printLeaving(u, leaving)
			return nil
		},
	}
	load.register(c)
	data.register(c)
	data.registerPixels(c, &load)
	data.registerState(c)
	transforms.register(c)
	c.Flags().StringArrayVar(&paths, "data", nil, "data for each input, in order")
	c.Flags().StringVar(&labels, "labels", "", "labels: IDX(.gz), .npy or text, one a line")
	c.Flags().StringVar(&metric, "metric", "top1", "auc, cosine, mse, top1, top5 or worst-cosine")
	quant.register(c)
	c.Flags().BoolVar(&fake, "fake", false, "measure the float network with fake quantization too")
	c.Flags().StringArrayVar(&calib, "calib", nil, "quantize with the first samples of this data, and measure that too")
	c.Flags().IntVar(&calibLimit, "calib-limit", 128, "how many samples of --calib are used")
	c.Flags().StringVar(&record, "record", "", "quantize with this record, and measure that too")
	c.Flags().StringVar(&statistics, "stats", "", "quantize with factors from these statistics, and measure that too")
	c.Flags().StringVar(&config, "config", "", "AMCT quantization config, JSON or simplified")
	_ = c.MarkFlagRequired("data")
	return c
}

func stageName(m *ir.Module) string {
	if amctc.Stage(m) == ir.StageTarget {
		return "int8"
	}
	return "float"
}

// changeText is what became of a metric's value.
func changeText(m amctc.Metric, before, after float64) string {
	if m.Lower {
		return fmt.Sprintf("x %.4f", after/before)
	}
	return strings.TrimSpace(fmt.Sprintf("%+.*f %s", decimals(m), 0-m.Drop(before, after), m.Unit))
}

func decimals(m amctc.Metric) int {
	if m.Points == 1 {
		return 6
	}
	return 2
}

// metricsText lists the metrics.
func metricsText() string {
	var b strings.Builder
	b.WriteString("Metrics:\n")
	for _, m := range amctc.Metrics {
		fmt.Fprintf(&b, "  %-7s %s\n", m.Name, m.Doc)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// evalSet is data with a metric and, where it wants them, labels.
func evalSet(metric, labels string, paths []string, d *amctc.Data) (*amctc.EvalSet, error) {
	m, err := amctc.FindMetric(metric)
	if err != nil {
		return nil, &failure{exitUsage, err}
	}
	s := &amctc.EvalSet{Metric: m, Data: d}
	if m.Labels {
		if s.Labels, err = readLabels(labels, paths, d.Samples()); err != nil {
			return nil, err
		}
		if s.Labels == nil {
			return nil, fail(exitUsage, "--labels is needed for %s", metric)
		}
	}
	return s, nil
}

// readLabels are those of a file, or of folders of classes that the data are read from; nil when there are
// none.
func readLabels(path string, data []string, limit int) ([]int, error) {
	if path != "" {
		return dataset.Labels(path, limit)
	}
	if info, err := os.Stat(data[0]); err != nil || !info.IsDir() {
		return nil, err
	}
	out, err := dataset.FolderLabels(data[0])
	return out[:min(len(out), limit)], err
}

func simCommand(u *ui) *cobra.Command {
	var inputs []string
	var trace, desc string
	var force bool
	c := &cobra.Command{
		Use:     "sim PROGRAM.ascend",
		Short:   "run a target program: cycles, utilization of each pipe, Chrome trace",
		Example: "  amctc sim lenet/amctc/lenet.ascend --input x.npy --trace trace.json",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			text, err := os.ReadFile(args[0])
			if err != nil {
				return err
			}
			p, err := target.ParseProgram(text)
			if err != nil {
				return fail(exitModel, "%s: %w", args[0], err)
			}
			consts, err := os.ReadFile(args[0] + ".bin")
			if err != nil {
				return err
			}
			d, err := describe(p.Target, desc)
			if err != nil {
				return err
			}
			in, err := programInputs(p, inputs)
			if err != nil {
				return err
			}
			r, err := sim.Run(cmd.Context(), p, consts, d, in, sim.Options{Trace: trace != ""})
			if err != nil {
				return fail(exitModel, "%s: %w", args[0], err)
			}
			if trace != "" {
				var b bytes.Buffer
				if err := r.WriteTrace(&b); err != nil {
					return err
				}
				if err := writeFile(trace, b.Bytes(), force); err != nil {
					return err
				}
			}
			fmt.Fprint(u.stdout, r.Report())
			return nil
		},
	}
	c.Flags().StringArrayVar(&inputs, "input", nil, ".npy for each input, in order; zeros when left out")
	c.Flags().StringVar(&trace, "trace", "", "write a Chrome trace (chrome://tracing, Perfetto)")
	c.Flags().StringVar(&desc, "desc", "", "use this description file instead of the bundled one")
	c.Flags().BoolVar(&force, "force", false, "replace an existing trace")
	return c
}

func describe(soc, path string) (*target.Description, error) {
	if path == "" {
		return ascend.Describe(soc)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	d, err := target.ParseDescription(string(b))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Base(path), err)
	}
	return d, nil
}

func programInputs(p *target.Program, paths []string) (map[string][]byte, error) {
	in := map[string][]byte{}
	k := 0
	for _, s := range p.Symbols {
		if s.Kind != target.Input {
			continue
		}
		if k >= len(paths) {
			in[s.Name] = make([]byte, s.Bytes)
			k++
			continue
		}
		src, err := dataset.Open(paths[k], dataset.Options{Shape: sampleDims(s.Dims), Limit: 1})
		if err != nil {
			return nil, fmt.Errorf("input %q: %w", s.Name, err)
		}
		for b, err := range src.Batches(1) {
			if err != nil {
				return nil, err
			}
			in[s.Name] = tensor.FromF32(b.Data, len(b.Data)).Bytes()
			break
		}
		k++
	}
	if len(paths) > k {
		return nil, fail(exitUsage, "the program has %d inputs, %d were given", k, len(paths))
	}
	return in, nil
}

func sampleDims(d []int) []int {
	if len(d) > 1 && d[0] == 1 {
		return d[1:]
	}
	return d
}
