package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/amctc/amctc"
	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/parser/amct"
)

func distillCommand(u *ui) *cobra.Command {
	var load loadFlags
	var data dataFlags
	var qat qatFlags
	var paths []string
	var out, history string
	var force bool
	opt := amctc.DefaultDistill()
	c := &cobra.Command{
		Use:   "distill MODEL --data DATA --record R -o TRAINED.amir",
		Short: "let the quantized network learn from the float one, layer by layer, without labels",
		Example: `  amctc distill model.onnx --data images.npy --limit 1024 --activation-bits 4 --weight-bits 4 --record factors.txt -o trained.amir
  amctc distill model.onnx --data images.npy --config distill.cfg --record factors.txt -o trained.amir`,
		Long: `Each group of layers learns to give what the float network gives there, from what the quantized groups before it give (AMCT's distillation).
Weights, biases, bounds of activations and scales are trained. The values of a group over all samples are in memory.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			lo, err := load.options(u.warning)
			if err != nil {
				return err
			}
			m, err := amctc.Load(args[0], lo)
			if err != nil {
				return err
			}
			if !strings.HasSuffix(out, ".amir") {
				return fail(exitUsage, "output %q must end in .amir", out)
			}
			do, err := data.options()
			if err != nil {
				return err
			}
			d, err := amctc.OpenData(m.Main(), paths, do)
			if err != nil {
				return err
			}
			if qat.config != "" {
				if err := distillConfig(u, cmd, m, &qat, &opt); err != nil {
					return err
				}
				opt.Quantize.Data = d.Limited(opt.Quantize.BatchNum * opt.Train.Batch)
				opt.Quantize.BatchNum = 0
			} else if opt.Quantize, err = qat.options(u, cmd, m); err != nil {
				return err
			}
			began := time.Now()
			opt.Progress = func(group, groups int, s amctc.TrainStatus) {
				u.progress(fmt.Sprintf("group %d of %d, epoch %d, loss %.3g", group, groups, s.Epoch, s.Loss), s.Step, s.Steps)
			}
			trained, report, err := amctc.Distill(cmd.Context(), m, d, opt)
			if err != nil {
				return err
			}
			u.close()
			if err := writeFile(qat.record, amctc.ToRecord(trained.Factors).Format(), force); err != nil {
				return err
			}
			if history != "" {
				text, err := json.MarshalIndent(report, "", "  ")
				if err != nil {
					return err
				}
				if err := writeFile(history, append(text, '\n'), force); err != nil {
					return err
				}
			}
			if err := saveModule(u, out, trained.Module, force); err != nil {
				return err
			}
			if u.json {
				return u.object(report)
			}
			var rows [][]string
			for _, g := range report {
				first, last := g.History[0], g.History[len(g.History)-1]
				rows = append(rows, []string{g.Start, g.End, fmt.Sprintf("%.3g", first.Loss), fmt.Sprintf("%.3g", last.Loss)})
			}
			u.table([]string{"first layer", "last layer", "mean error, first epoch", "last epoch"}, rows, 2, 3)
			fmt.Fprintf(u.stdout, "trained in %v, written %s\n", time.Since(began).Round(100*time.Millisecond), out)
			return nil
		},
	}
	load.register(c)
	data.register(c)
	f := c.Flags()
	f.StringArrayVar(&paths, "data", nil, "data for each input, in order")
	f.IntVar(&opt.Train.Epochs, "epochs", opt.Train.Epochs, "passes over the data for each group")
	f.IntVar(&opt.Train.Batch, "batch", opt.Train.Batch, "samples of a step")
	f.Float64Var(&opt.Train.Schedule.Rate, "rate", opt.Train.Schedule.Rate, "learning rate of Adam")
	f.IntVar(&opt.Train.Threads, "threads", opt.Train.Threads, "goroutines that compute a step")
	f.Uint64Var(&opt.Train.Seed, "seed", opt.Train.Seed, "seed of the order of samples")
	f.IntVar(&opt.GroupSize, "group-size", opt.GroupSize, "layers that follow each other and are trained together")
	f.StringVar(&history, "history", "", "JSON file to write: the error of each group after each epoch")
	qat.register(f)
	f.Lookup("config").Usage = "AMCT simplified config of distillation (AMCTDistillConfig)"
	f.StringVarP(&out, "output", "o", "", "trained module; its constants go beside it, in NAME.safetensors")
	f.BoolVar(&force, "force", false, "replace existing files")
	for _, name := range []string{"data", "output", "record"} {
		_ = c.MarkFlagRequired(name)
	}
	return c
}

// distillConfig takes the options that a config has.
func distillConfig(u *ui, cmd *cobra.Command, m *ir.Module, qat *qatFlags, opt *amctc.DistillOptions) error {
	for _, name := range []string{"activation-bits", "weight-bits", "per-tensor", "quantized-weights", "group-size"} {
		if cmd.Flags().Changed(name) {
			return fail(exitUsage, "--%s and --config both say how layers are trained; choose one", name)
		}
	}
	text, err := os.ReadFile(qat.config)
	if err != nil {
		return err
	}
	conf, err := amct.ParseDistill(qat.config, text)
	if err != nil {
		return err
	}
	pc := amctc.NewContext(cmd.Context())
	if opt.Quantize, err = amctc.RetrainOptions(pc, &conf.SimpleRetrain, m.Main()); err != nil {
		return err
	}
	u.remarks(pc)
	opt.GroupSize = conf.GroupSize
	for _, g := range conf.Groups {
		opt.Groups = append(opt.Groups, amctc.DistillGroup{Start: g.Start.Name, End: g.End.Name})
	}
	return nil
}
