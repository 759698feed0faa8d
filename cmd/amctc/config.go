package main

import (
	"os"

	"github.com/spf13/cobra"

	"github.com/amctc/amctc"
	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/parser/amct"
)

func configCommand(u *ui) *cobra.Command {
	var load loadFlags
	var out, simple string
	var batches int
	var force, retrain bool
	c := &cobra.Command{
		Use:   "config MODEL",
		Short: "write AMCT's JSON quantization config of a network, with every key, to be edited",
		Example: `  amctc config model.onnx -o config.json
  amctc config model.onnx --simple simple.cfg -o config.json
  amctc config model.onnx --retrain -o retrain.json
  amctc compile model.onnx --config config.json --calib images.npy --out ./lenet`,
		Long: `The config names every layer that AMCT quantizes; a layer that is removed from it stays float.
With --simple its values are those of AMCT's simplified config, a text protobuf (AMCTConfig). --config of the other commands takes either form.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if batches < 0 || batches > 0 && simple != "" {
				return fail(exitUsage, "--batch-num %d: want 1 or more, without --simple, which has its own batch_num", batches)
			}
			lo, err := load.options(u.warning)
			if err != nil {
				return err
			}
			m, err := amctc.Load(args[0], lo)
			if err != nil {
				return err
			}
			if retrain {
				return writeRetrain(u, cmd, m, simple, out, batches, force)
			}
			cfg := amctc.DefaultConfig(m.Main())
			if batches > 0 {
				cfg.BatchNum = batches
			}
			if simple != "" {
				text, err := os.ReadFile(simple)
				if err != nil {
					return err
				}
				conf, err := amct.ParseSimple(simple, text)
				if err != nil {
					return err
				}
				pc := amctc.NewContext(cmd.Context())
				if cfg, err = amctc.ResolveConfig(pc, conf, m.Main()); err != nil {
					return err
				}
				u.remarks(pc)
			}
			if out == "-" {
				_, err := u.stdout.Write(cfg.Format())
				return err
			}
			return writeFile(out, cfg.Format(), force)
		},
	}
	load.register(c)
	f := c.Flags()
	f.StringVarP(&out, "output", "o", "-", "output file, - for standard output")
	f.StringVar(&simple, "simple", "", "AMCT simplified config to take values from")
	f.IntVar(&batches, "batch-num", 0, "batches of calibration data (default 1)")
	f.BoolVar(&retrain, "retrain", false, "write the config of quantization aware training; --simple is then an AMCTRetrainConfig")
	f.BoolVar(&force, "force", false, "replace an existing file")
	return c
}

// writeRetrain writes the config of quantization aware training.
func writeRetrain(u *ui, cmd *cobra.Command, m *ir.Module, simple, out string, batches int, force bool) error {
	cfg := amctc.DefaultRetrain(m.Main())
	if batches > 0 {
		cfg.BatchNum = batches
	}
	if simple != "" {
		text, err := os.ReadFile(simple)
		if err != nil {
			return err
		}
		conf, err := amct.ParseSimpleRetrain(simple, text)
		if err != nil {
			return err
		}
		pc := amctc.NewContext(cmd.Context())
		if cfg, err = amctc.ResolveRetrain(pc, conf, m.Main()); err != nil {
			return err
		}
		u.remarks(pc)
	}
	if out == "-" {
		_, err := u.stdout.Write(cfg.Format())
		return err
	}
	return writeFile(out, cfg.Format(), force)
}
