package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/amctc/amctc"
	"github.com/amctc/amctc/codegen/agree"
	"github.com/amctc/amctc/ir"
)

func verifyCommand(u *ui) *cobra.Command {
	var data dataFlags
	var inputs, targets []string
	var require string
	var cores int
	c := &cobra.Command{
		Use:   "verify Q.amir --input DATA",
		Short: "run interpreter, exec, generated Go and simulator; compare every tensor byte by byte",
		Example: `  amctc verify lenet/amctc/lenet.amir --input images.npy --limit 10
  amctc verify lenet/amctc/lenet.amir --input images.npy --target ascend910b3 --target ascend950pr --require go
  amctc verify lenet/amctc/lenet.deploy_model.onnx --input images.npy`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			m, err := amctc.Load(args[0], amctc.LoadOptions{Warn: u.warning})
			if err != nil {
				return err
			}
			if m, err = amctc.Integer(amctc.NewContext(cmd.Context()), m, amctc.DefaultTarget); err != nil {
				return err
			}
			if err := wantInteger(m, args[0]); err != nil {
				return err
			}
			opt, err := data.options()
			if err != nil {
				return err
			}
			d, err := amctc.OpenData(m.Main(), inputs, opt)
			if err != nil {
				return err
			}
			samples, err := d.First(d.NumCalls())
			if err != nil {
				return err
			}
			r, why, err := amctc.Verify(cmd.Context(), m, samples, amctc.VerifyOptions{Cores: cores, Targets: targets, Progress: u.progress, State: opt.State})
			if err != nil {
				return err
			}
			u.close()
			if u.json {
				if err := u.object(struct {
					*agree.Report
					GoNotRun string `json:"go_not_run,omitempty"`
				}{r, why}); err != nil {
					return err
				}
			} else {
				printAgree(u, r, why)
			}
			if !r.OK() {
				return fail(exitCheck, "the engines disagree")
			}
			if require == "go" && why != "" {
				return fail(exitCheck, "generated Go was not run: %s", why)
			}
			return nil
		},
	}
	data.register(c)
	data.registerState(c)
	c.Flags().StringArrayVar(&inputs, "input", nil, "data for each input, in order")
	c.Flags().StringArrayVar(&targets, "target", nil, "SoC to simulate, repeatable (default: the module's)")
	registerCores(c, &cores)
	c.Flags().StringVar(&require, "require", "", "\"go\": fail when generated Go can't be run here")
	_ = c.MarkFlagRequired("input")
	return c
}

func wantInteger(m *ir.Module, path string) error {
	if s := amctc.Stage(m); s != ir.StageTarget {
		return fail(exitUsage, "%s is in stage %s; this command takes a quantized module, as compile and quantize write it", path, s)
	}
	return nil
}

func printAgree(u *ui, r *agree.Report, goNotRun string) {
	if r.First != nil {
		fmt.Fprintln(u.stdout, r.First)
	}
	if len(r.NotCompared) > 0 {
		fmt.Fprintf(u.stdout, "not compared: %s\n", strings.Join(r.NotCompared, ", "))
	}
	if goNotRun != "" {
		fmt.Fprintf(u.stdout, "go not run: %s; \"go test\" in the emitted package proves it where Go is\n", goNotRun)
	}
	if socs := simulatedOn(r.Engines); len(socs) > 0 {
		fmt.Fprintf(u.stdout, "simulated on %s\n", strings.Join(socs, ", "))
	}
	fmt.Fprintln(u.stdout, r.Line())
}

// simulatedOn are the SoCs that engine names mention.
func simulatedOn(engines []string) (socs []string) {
	for _, e := range engines {
		if soc, ok := strings.CutPrefix(e, "sim("); ok {
			socs = append(socs, strings.TrimSuffix(soc, ")"))
		}
	}
	return socs
}
