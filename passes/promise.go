package passes

// A Promise is what a pass keeps of the numbers that a function computes. Validation holds the pass to it: see
// Validation. Everywhere the results of the function are compared, and all values that keep their name.
type Promise uint8

// The promises.
const (
	// Exact: every value keeps its bits. -0 counts as 0.
	Exact Promise = iota
	// Rounded: values are the same sums of the same products, in another order or with factors merged into
	// constants, so that they differ by roundings alone.
	Rounded
	// Recognized: results of functions that were spelled out are the same but for the roundings of their steps, within
	// 2^-20 of the argument, or of 1 for hard_sigmoid; all else is exact. Steps that nothing else reads are gone.
	Recognized
	// Divided: as Rounded, for the results and for what each layer reads, which is divided by the layer's
	// balance factors, channel by channel; values between have no promise.
	Divided
	// OnGrid: operands that have factors become the numbers that their codes stand for; all else is exact.
	OnGrid
	// GridWeights: weights of layers become the numbers that their codes stand for; all else is exact.
	GridWeights
	// HeldBiases: biases of quantized layers become the numbers that int32 biases stand for; all else is exact.
	HeldBiases
	// Codes: an integer operator delivers, from the same codes, what the float one does, to half a step of its
	// result's scale, the rounding of its multiplier and that of its bias.
	Codes
	// PairCodes: as Codes, and what float operators read of quantized operands are the numbers of codes.
	PairCodes
	// Narrowed: layers keep the bits of their accumulators, and of the scales of these, that the factors say; all else
	// is exact.
	Narrowed
	// OffGrid: fake quantization is gone and all else is exact; what read it lies on the grid of the factors
	// that were stored.
	OffGrid
)

var promiseNames = [...]string{"exact", "rounded", "recognized", "divided", "on the grid", "weights on the grid", "biases as held", "codes", "codes of a pair", "narrowed", "off the grid"}

func (p Promise) String() string { return promiseNames[p] }
