// SPDX-License-Identifier: MIT-0

package rt

// Packed are the weights of one group of channels in the order that the matrix kernel reads. Channels
// are cut into panels: of 64 while more than 48 are left, then of 32 while more than 16 are, then of 16,
// the last filled up with zeros. A panel holds its taps in groups of four: Weights[group][channel][4].
// Bias, with the zero point folded in, and M have an entry for every channel of the panels.
type Packed struct {
	Weights []int8
	Bias    []int32
	M       []float32
	// Bounded says that no sum that codes can give reaches 2^31 when it is multiplied by its M.
	Bounded bool
}

// PanelLanes is the size of the panel that begins when rest channels are left.
func PanelLanes(rest int) int {
	switch {
	case rest > 48:
		return 64
	case rest > 16:
		return 32
	}
	return 16
}
