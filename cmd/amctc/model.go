package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/amctc/amctc"
	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/parser"
	"github.com/amctc/amctc/passes"
)

func importCommand(u *ui) *cobra.Command {
	var load loadFlags
	var out string
	var force bool
	c := &cobra.Command{
		Use:     "import MODEL -o OUT.amir",
		Short:   "ONNX to the textual form",
		Example: "  amctc import model.onnx -o model.amir\n  amctc import model.onnx --input-shape image:1,3,224,224 -o model.amir",
		Args:    cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			opt, err := load.options(u.warning)
			if err != nil {
				return err
			}
			m, err := amctc.Load(args[0], opt)
			if err != nil {
				return err
			}
			return saveModule(u, out, m, force)
		},
	}
	load.register(c)
	c.Flags().StringVarP(&out, "output", "o", "", "output file; its constants go beside it, in NAME.safetensors")
	c.Flags().BoolVar(&force, "force", false, "replace existing files")
	_ = c.MarkFlagRequired("output")
	return c
}

// saveModule writes text and constants; "-" prints the text.
func saveModule(u *ui, path string, m *ir.Module, force bool) error {
	if path == "-" {
		return ir.Fprint(u.stdout, m)
	}
	if !strings.HasSuffix(path, ".amir") {
		return fail(exitUsage, "output %q must end in .amir", path)
	}
	text, side, err := parser.Marshal(m)
	if err != nil {
		return err
	}
	if err := writeFile(strings.TrimSuffix(path, ".amir")+".safetensors", side, force); err != nil {
		return err
	}
	return writeFile(path, text, force)
}

func fmtCommand(u *ui) *cobra.Command {
	return &cobra.Command{
		Use:     "fmt FILE.amir",
		Short:   "print a module in canonical form",
		Example: "  amctc fmt model.amir",
		Args:    cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			m, err := amctc.Load(args[0], amctc.LoadOptions{})
			if err != nil {
				return err
			}
			return ir.Fprint(u.stdout, m)
		},
	}
}

func optCommand(u *ui) *cobra.Command {
	var load loadFlags
	var names []string
	var out, stopAfter, printAfter, dumpDir, record, soc string
	var fuel int
	var noVerify, validate, times, force bool
	c := &cobra.Command{
		Use:   "opt MODEL",
		Short: "run passes on a module and print it",
		Example: `  amctc opt model.onnx
  amctc opt model.amir --passes=fold-constants,fuse-bias
  amctc opt model.onnx --record factors.txt --print-after=all`,
		Long: "Without --passes: the float passes; with --record also the passes to integers.",
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
			list, err := choosePasses(names, record != "")
			if err != nil {
				return err
			}
			pc := amctc.NewContext(cmd.Context())
			pc.Log, pc.Fuel = u.log(), fuel
			pc.Target = passes.TargetFacts{Name: soc}
			if validate {
				pc.Validate = &passes.Validation{}
			}
			if record != "" {
				r, err := readRecord(record)
				if err != nil {
					return err
				}
				amctc.ApplyRecord(pc.Settings, r)
				own := amctc.NewContext(cmd.Context())
				own.Settings = pc.Settings
				prepared, err := amctc.Prepare(own, m)
				if err != nil {
					return err
				}
				if pc.Factors, err = amctc.FromRecord(r, prepared.Main()); err != nil {
					return err
				}
			}
			g := passes.Manager{NoVerify: noVerify, StopAfter: stopAfter}
			if times {
				g.Timing = func(p passes.Pass, d time.Duration) {
					fmt.Fprintf(u.stderr, "%-20s %v\n", p.Name, d.Round(time.Microsecond))
				}
			}
			var dumpErr error
			g.After = func(i int, p passes.Pass, m *ir.Module) {
				if printAfter == p.Name || printAfter == "all" {
					fmt.Fprintf(u.stderr, "// after %s\n%s\n", p.Name, ir.Print(m))
				}
				if dumpDir != "" && dumpErr == nil {
					dumpErr = os.MkdirAll(dumpDir, 0o777)
					if dumpErr == nil {
						dumpErr = saveModule(u, filepath.Join(dumpDir, fmt.Sprintf("%02d-%s.amir", i, p.Name)), m, true)
					}
				}
			}
			if _, err := g.Run(pc, m, list); err != nil {
				return err
			}
			if dumpErr != nil {
				return dumpErr
			}
			u.remarks(pc)
			noteValidated(u, pc)
			return saveModule(u, out, m, force)
		},
	}
	load.register(c)
	f := c.Flags()
	f.StringSliceVar(&names, "passes", nil, "run exactly these, in this order")
	f.StringVarP(&out, "output", "o", "-", "output .amir, - for standard output")
	f.StringVar(&stopAfter, "stop-after", "", "stop after this pass")
	f.StringVar(&printAfter, "print-after", "", "print the module after this pass, or all, to standard error")
	f.StringVar(&dumpDir, "dump-dir", "", "write the module after each pass into this folder")
	f.StringVar(&record, "record", "", "AMCT record with the factors for the passes to integers")
	f.StringVar(&soc, "target", amctc.DefaultTarget, "Ascend SoC")
	f.IntVar(&fuel, "fuel", -1, "apply only the first N patches")
	f.BoolVar(&noVerify, "no-verify", false, "do not verify after each pass")
	f.BoolVar(&validate, "validate", false, "compare the module before and after each pass, on noise, with the interpreter")
	f.BoolVar(&times, "time-passes", false, "print how long each pass took")
	f.BoolVar(&force, "force", false, "replace existing files")
	return c
}

func choosePasses(names []string, integers bool) ([]passes.Pass, error) {
	if len(names) == 0 {
		if integers {
			return passes.All(), nil
		}
		return passes.Simplify, nil
	}
	var list []passes.Pass
	for _, n := range names {
		p, ok := passes.Lookup(n)
		if !ok {
			return nil, fail(exitUsage, "there is no pass %q; \"amctc passes\" lists them", n)
		}
		list = append(list, p)
	}
	return list, nil
}

func diffCommand(u *ui) *cobra.Command {
	return &cobra.Command{
		Use:     "diff A B",
		Short:   "compare two modules; exit 1 when they differ",
		Example: "  amctc diff before.amir after.amir",
		Args:    cobra.ExactArgs(2),
		RunE: func(_ *cobra.Command, args []string) error {
			var text [2][]string
			for i, a := range args {
				m, err := amctc.Load(a, amctc.LoadOptions{})
				if err != nil {
					return err
				}
				text[i] = strings.Split(ir.Print(m), "\n")
			}
			lines := lineDiff(text[0], text[1])
			for _, l := range lines {
				fmt.Fprintln(u.stdout, l)
			}
			if len(lines) > 0 {
				return fail(exitCheck, "%s and %s differ", args[0], args[1])
			}
			return nil
		},
	}
}

// lineDiff lists removed and added lines by a longest common subsequence.
func lineDiff(a, b []string) []string {
	for len(a) > 0 && len(b) > 0 && a[0] == b[0] {
		a, b = a[1:], b[1:]
	}
	for len(a) > 0 && len(b) > 0 && a[len(a)-1] == b[len(b)-1] {
		a, b = a[:len(a)-1], b[:len(b)-1]
	}
	lcs := make([][]int32, len(a)+1)
	for i := range lcs {
		lcs[i] = make([]int32, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if a[i] == b[j] {
				lcs[i][j] = lcs[i+1][j+1] + 1
			} else {
				lcs[i][j] = max(lcs[i+1][j], lcs[i][j+1])
			}
		}
	}
	var out []string
	i, j := 0, 0
	for i < len(a) || j < len(b) {
		switch {
		case i < len(a) && j < len(b) && a[i] == b[j]:
			i, j = i+1, j+1
		case j == len(b) || i < len(a) && lcs[i+1][j] >= lcs[i][j+1]:
			out = append(out, "- "+a[i])
			i++
		default:
			out = append(out, "+ "+b[j])
			j++
		}
	}
	return out
}

func writeReproducer(b *passes.Bug) (string, error) {
	dir, err := os.MkdirTemp("", "amctc-bug-*")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "before-"+b.Pass+".amir")
	text, side, err := parser.Marshal(b.Before)
	if err != nil {
		return "", err
	}
	head := fmt.Sprintf("// rerun: amctc opt %s --passes=%s\n// %v\n", path, b.Pass, strings.ReplaceAll(b.Cause.Error(), "\n", "\n// "))
	if err := os.WriteFile(path, append([]byte(head), text...), 0o666); err != nil {
		return "", err
	}
	return path, os.WriteFile(strings.TrimSuffix(path, ".amir")+".safetensors", side, 0o666)
}
