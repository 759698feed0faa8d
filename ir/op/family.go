package op

import (
	"strings"

	"github.com/amctc/amctc/runtime/f32"
)

// A Family is a group of operators that one table declares, one kernel computes and one host step executes.
type Family string

// The families. Evaluated are the operators without any kernel.
const (
	Functions  Family = "functions"
	Pairings   Family = "pairings"
	Reductions Family = "reductions"
	Evaluated  Family = "evaluated"
)

// FamilyOf is the family of an operator, or "" for one that stands alone.
func FamilyOf(name string) Family {
	d := all.Lookup(name)
	if d == nil {
		return ""
	}
	short := strings.TrimPrefix(name, "nn.")
	switch {
	case d.Stages == evaluatedStages:
		return Evaluated
	case strings.HasPrefix(short, "reduce_"):
		return Reductions
	case name == "nn.add" || name == "nn.mul":
		return ""
	case f32.Unary(short) != nil && strings.HasPrefix(name, "nn."):
		return Functions
	case f32.Binary(short) != nil && strings.HasPrefix(name, "nn."):
		return Pairings
	}
	return ""
}
