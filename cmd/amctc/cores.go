package main

import (
	"fmt"
	"strconv"

	"github.com/amctc/amctc"
	"github.com/amctc/amctc/codegen/report"
	"github.com/spf13/cobra"
)

// coreCount is the flag --cores: a number of AI cores, or all of the SoC.
type coreCount struct{ n *int }

func (c coreCount) Type() string { return "N|all" }

func (c coreCount) String() string {
	switch {
	case c.n == nil || *c.n == 0:
		return "1"
	case *c.n == amctc.AllCores:
		return "all"
	}
	return strconv.Itoa(*c.n)
}

func (c coreCount) Set(s string) error {
	if s == "all" {
		*c.n = amctc.AllCores
		return nil
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 {
		return fmt.Errorf("want a number of AI cores, or all")
	}
	*c.n = n
	return nil
}

// registerCores adds --cores to a command that makes target programs.
func registerCores(c *cobra.Command, n *int) {
	c.Flags().Var(coreCount{n}, "cores", "AI cores that share the work of the Ascend program; the results are the same")
}

// coresText says how many cores the last of the runs had.
func coresText(runs []report.CoreCycles) string {
	if len(runs) == 0 {
		return "one core"
	}
	return strconv.Itoa(runs[len(runs)-1].Cores) + " cores"
}
