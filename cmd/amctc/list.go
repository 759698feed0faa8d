package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/diag"
	"github.com/amctc/amctc/ir/op"
	"github.com/amctc/amctc/passes"
	"github.com/amctc/amctc/target/ascend"
)

func opsCommand(u *ui) *cobra.Command {
	var arithmetic bool
	c := &cobra.Command{
		Use:     "ops [NAME]",
		Short:   "list operators, or document one",
		Example: "  amctc ops\n  amctc ops q.conv2d\n  amctc ops --arithmetic",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 1 {
				d := op.All().Lookup(args[0])
				if d == nil {
					return fail(exitUsage, "there is no operator %q%s", args[0], didYouMean(args[0], op.All().Names()))
				}
				printOp(u, d)
				return nil
			}
			var rows [][]string
			for _, d := range op.All().All() {
				switch {
				case !arithmetic:
					rows = append(rows, []string{d.Name, d.Summary})
				case d.Arithmetic != "":
					rows = append(rows, []string{d.Name, d.Arithmetic})
				}
			}
			if arithmetic {
				u.table([]string{"operator", "integer definition"}, rows)
			} else {
				u.table([]string{"operator", "meaning"}, rows)
			}
			return nil
		},
	}
	c.Flags().BoolVar(&arithmetic, "arithmetic", false, "print the integer definitions")
	return c
}

func didYouMean(name string, names []string) string {
	if s := diag.Suggest(name, names); s != "" {
		return fmt.Sprintf("; did you mean %q?", s)
	}
	return ""
}

func printOp(u *ui, d *ir.OpDef) {
	fmt.Fprintf(u.stdout, "%s: %s\n\n%s\n", d.Name, d.Summary, d.Doc)
	if d.Arithmetic != "" {
		fmt.Fprintf(u.stdout, "\nInteger definition: %s\n", d.Arithmetic)
	}
	fmt.Fprintln(u.stdout, "\nOperands:")
	for _, o := range d.Operands {
		var notes []string
		if o.Optional {
			notes = append(notes, "optional")
		}
		if o.Variadic {
			notes = append(notes, "one or more")
		}
		if o.Const {
			notes = append(notes, "constant")
		}
		fmt.Fprintf(u.stdout, "  %s %s\n", o.Name, strings.Join(notes, ", "))
	}
	if len(d.Attrs) > 0 {
		fmt.Fprintln(u.stdout, "\nAttributes:")
	}
	for _, a := range d.Attrs {
		def := "required"
		if a.Default != nil {
			def = fmt.Sprintf("default %v", a.Default)
		}
		fmt.Fprintf(u.stdout, "  %s: %s, %s (%s)\n", a.Name, a.Kind, a.Doc, def)
	}
}

func passesCommand(u *ui) *cobra.Command {
	return &cobra.Command{
		Use:     "passes",
		Short:   "list the passes in order",
		Example: "  amctc passes\n  amctc opt model.amir --passes=fold-constants",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			var rows [][]string
			for _, p := range passes.All() {
				rows = append(rows, []string{p.Name, p.In.String() + " -> " + p.Out.String(), p.Doc})
			}
			u.table([]string{"pass", "stage", "does"}, rows)
			return nil
		},
	}
}

func targetCommand(u *ui) *cobra.Command {
	return &cobra.Command{
		Use:     "target [NAME]",
		Short:   "list SoCs, or print the description of one",
		Example: "  amctc target\n  amctc target ascend910b3",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 1 {
				d, err := ascend.Describe(args[0])
				if err != nil {
					return &failure{exitUsage, err}
				}
				fmt.Fprint(u.stdout, d.String())
				return nil
			}
			var rows [][]string
			for _, n := range ascend.Names() {
				d, err := ascend.Describe(n)
				if err != nil {
					return err
				}
				can := "compile, sim"
				if ascend.CanLower(d) != nil {
					can = "description only"
				}
				rows = append(rows, []string{n, fmt.Sprint(d.MHz), fmt.Sprint(len(d.Assumed)), can})
			}
			u.table([]string{"SoC", "MHz", "assumed rules", "amctc can"}, rows, 3)
			return nil
		},
	}
}

func explainCommand(u *ui) *cobra.Command {
	return &cobra.Command{
		Use:     "explain CODE",
		Short:   "explain a diagnostic",
		Example: "  amctc explain V041",
		Args:    cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			code := strings.ToUpper(args[0])
			e, ok := diag.Explain(code)
			if !ok {
				return fail(exitUsage, "there is no diagnostic %q", args[0])
			}
			fmt.Fprintf(u.stdout, "%s: %s\n\n%s\n", e.Code, e.Title, e.Meaning)
			if e.Example != "" {
				fmt.Fprintf(u.stdout, "\nA program that has it:\n\n%s\n", e.Example)
			}
			if e.WayOut != "" {
				fmt.Fprintf(u.stdout, "\nThe way out: %s\n", e.WayOut)
			}
			return nil
		},
	}
}
