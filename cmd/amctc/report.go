package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/amctc/amctc/codegen/report"
)

func reportCommand(u *ui) *cobra.Command {
	return &cobra.Command{
		Use:     "report DIR",
		Short:   "print the table of a compiled network again",
		Example: "  amctc report ./lenet\n  amctc report lenet/amctc/report.json --json",
		Args:    cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			path := args[0]
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
		},
	}
}
