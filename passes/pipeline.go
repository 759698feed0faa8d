package passes

import (
	"slices"

	"github.com/amctc/amctc/ir"
)

// Simplify takes an imported network to the form that is quantized.
var Simplify = []Pass{
	{"fold-constants", "compute what depends on constants only", ir.StageFloat, ir.StageFloat, Exact, foldConstants},
	{"fold-identities", "remove reshapes, transposes, pads and clips that change nothing", ir.StageFloat, ir.StageFloat, Exact, foldIdentities},
	{"recognize", "put one operator in the place of a function or a normalization that is spelled out", ir.StageFloat, ir.StageFloat, Recognized, recognize},
	{"pool-means", "make means over any axes that quantized operators read averages of windows, which have an integer form", ir.StageFloat, ir.StageFloat, Exact, poolMeans},
	{"fuse-bias", "take a constant added after a convolution or matrix product as its bias", ir.StageFloat, ir.StageFloat, Rounded, fuseBias},
	{"fold-batchnorm", "merge batch normalization into the layer before it, or make it a layer", ir.StageFloat, ir.StageFloat, Rounded, foldBatchNorm},
	{"fuse-pad", "merge a zero border into the window operator after it", ir.StageFloat, ir.StageFloat, Exact, fusePad},
	{"dead-nodes", "remove what no result depends on", ir.StageFloat, ir.StageFloat, Exact, deadNodes},
}

// Observe marks the operands whose factors calibration finds.
var Observe = []Pass{
	{"apply-balance", "divide channels by the record's balance factors and multiply the weights that read them", ir.StageFloat, ir.StageFloat, Divided, applyBalance},
	{"insert-observers", "mark every operand that needs factors with its record key", ir.StageFloat, ir.StageObserved, Exact, insertObservers},
}

// narrow is part of both ways to integers.
var narrow = Pass{"narrow-accumulators", "let layers keep 16 bits of their accumulators, or 19 of their scales, where the record says so", ir.StageInt, ir.StageInt, Narrowed, narrowAccumulators}

// Quantize takes the observed network with its factors to integers.
var Quantize = []Pass{
	{"apply-factors", "put fake quantization where the record has factors", ir.StageObserved, ir.StageFake, OnGrid, applyFactors},
	{"quantize-weights", "give weights their scales, raised where a bias would not fit", ir.StageFake, ir.StageFake, GridWeights, quantizeWeights},
	{"fold-integers", "turn fake quantization into integer operators, types and biases", ir.StageFake, ir.StageInt, Codes, foldIntegers},
	narrow,
	{"fuse-activation", "take relu and clip as the code range of the operator before", ir.StageInt, ir.StageInt, Exact, fuseActivation},
	{"drop-clips", "remove code clips that change nothing", ir.StageInt, ir.StageInt, Exact, dropClips},
	{"fold-pixels", "quantize the tables of pixels in place of the pixels", ir.StageInt, ir.StageInt, Exact, foldPixels},
	{"dead-integers", "remove what no result depends on", ir.StageInt, ir.StageInt, Exact, deadNodes},
	{"legalize", "keep only what the target's arithmetic allows", ir.StageInt, ir.StageTarget, Exact, legalize},
}

// Fake takes the observed network with its factors to float arithmetic on the numbers that codes stand for.
var Fake = []Pass{
	Quantize[0],
	Quantize[1],
	{"round-biases", "round biases to what the accumulators of their layers hold", ir.StageFake, ir.StageFake, HeldBiases, roundBiases},
}

// Pair takes the observed network with its factors to the arithmetic of AMCT's pair of models, in
// place of Quantize.
var Pair = []Pass{
	Quantize[0],
	Quantize[1],
	{"fold-pair", "quantize in front of every layer and dequantize its accumulator, as AMCT's models do", ir.StageFake, ir.StageInt, PairCodes, foldPair},
	narrow,
	{"dead-integers", "remove what no result depends on", ir.StageInt, ir.StageInt, Exact, deadNodes},
	{"legalize", "keep only what the target's arithmetic allows", ir.StageInt, ir.StageTarget, Exact, legalize},
}

// All is every pass in order.
func All() []Pass {
	return append(append(append([]Pass{}, Simplify...), Observe...), Quantize...)
}

// Named is every pass of every table once: those of All, then those of the other ways.
func Named() []Pass {
	out := All()
	for _, p := range slices.Concat(Pair, Fake, Split) {
		if !slices.ContainsFunc(out, func(q Pass) bool { return q.Name == p.Name }) {
			out = append(out, p)
		}
	}
	return out
}

// before says why one pass must run before another.
type before struct{ first, then, why string }

// order holds the reasons for the pipeline's order; a test checks them against the tables.
var order = []before{
	{"fold-constants", "recognize", "numbers that are computed are known only once folded"},
	{"fold-identities", "recognize", "a reshape that changes nothing must not hide a function's argument"},
	{"recognize", "fuse-bias", "a number that is part of a function is no bias"},
	{"recognize", "insert-observers", "a function has one operand with factors, not one for each of its steps"},
	{"recognize", "pool-means", "a mean that is part of a normalization is no pooling"},
	{"pool-means", "insert-observers", "an average has factors, a mean has none"},
	{"fold-constants", "fuse-bias", "a bias computed from constants is a constant only once folded"},
	{"fold-identities", "fuse-bias", "a reshape that changes nothing must not hide a layer from its bias"},
	{"fuse-bias", "fold-batchnorm", "the bias takes part in the normalization"},
	{"fold-batchnorm", "insert-observers", "ranges are taken after scales are merged into weights"},
	{"fold-batchnorm", "apply-balance", "a layer can be divided once its normalization is in its weights"},
	{"apply-balance", "insert-observers", "factors are those of balanced channels"},
	{"fuse-pad", "insert-observers", "a border inside a layer has no factors of its own"},
	{"apply-factors", "quantize-weights", "the bias scale is the product of input and weight scales"},
	{"quantize-weights", "fold-integers", "codes need their final scales"},
	{"fold-integers", "narrow-accumulators", "only integer layers have accumulators"},
	{"narrow-accumulators", "fuse-activation", "a record has shifts by the names of layers"},
	{"fold-integers", "fuse-activation", "only integer operators have a code range"},
	{"fold-integers", "fold-pixels", "pixels are quantized once integers want their codes"},
	{"fuse-activation", "drop-clips", "a clip that its producer took in is gone"},
}
