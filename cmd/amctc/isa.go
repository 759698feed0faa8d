package main

import (
	"strings"

	"github.com/amctc/amctc/runtime/rt"
)

// checkISA refuses an instruction set that this machine does not have, where kernels would take another.
func checkISA(name string) error {
	if name == "" || name == rt.Machine().String() {
		return nil
	}
	var have []string
	for _, isa := range rt.Available() {
		have = append(have, isa.String())
	}
	return fail(exitUsage, "AMCTC_ISA=%s: this machine has %s", name, strings.Join(have, ", "))
}
