package passes

import "github.com/amctc/amctc/ir"

// Bounds is the constant range of v when a clamp is behind it, looking through operators that only move
// elements. Observers of v learn of it.
func Bounds(v *ir.Value) (lo, hi float32, ok bool) { return bounds(v) }
