// SPDX-License-Identifier: MIT-0

package rt

import "os"

// An ISA is a set of instructions that kernels are written for. All give the same bytes.
type ISA uint8

// The sets. Generic is plain Go.
const (
	Generic ISA = iota
	AVX2
	AVXVNNI
	AVX512VNNI
	NEON
	NEONDot
)

var isaNames = [...]string{"generic", "avx2", "avxvnni", "avx512vnni", "neon", "neondot"}

func (i ISA) String() string { return isaNames[i] }

// Machine is the set in use: the best that this machine has, or the one that the environment
// variable AMCTC_ISA names when the machine has it.
func Machine() ISA { return machine }

// Available are the sets that this machine has.
func Available() []ISA {
	var out []ISA
	for i := range isaNames {
		if has(ISA(i)) {
			out = append(out, ISA(i))
		}
	}
	return out
}

// machine is chosen once, before any kernel runs.
var machine = choose(os.Getenv("AMCTC_ISA"))

// choose is the set of the given name, or the best one when there is no such set here.
func choose(name string) ISA {
	for i, n := range isaNames {
		if n == name && has(ISA(i)) {
			return ISA(i)
		}
	}
	for _, i := range [...]ISA{AVX512VNNI, AVX2, NEONDot, NEON} {
		if has(i) {
			return i
		}
	}
	return Generic
}
