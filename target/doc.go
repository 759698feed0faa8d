// Package target says what a machine is, as data: a Description (buffers, rates, what the units can do) and a
// Program (streams of instructions over global-memory symbols). Both have a line-oriented text form that prints and
// parses back to the same value. The package knows no graph and executes nothing; target/sim runs a Program on a
// Description, target/ascend writes Programs and holds the Ascend descriptions.
package target
