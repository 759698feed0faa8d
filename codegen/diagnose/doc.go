// Package diagnose finds why a quantized network is worse than its float network: it measures what
// each layer does alone and what all do together, tries what would repair each layer, and names the
// repair that helps as the cause.
//
// A cause is a counterfactual. Range outlier: a range that leaves rare values out is better. Saturation:
// a wider range is better. Channel disparity: a scale for each channel, or channels evened out, is
// better. Bias shift: rounding without a mean error is better. What no repair of one layer takes away is
// accumulated. All are judged by the median over samples of noise over signal, so that one
// sample decides nothing.
//
// Read first: cause.go, the thresholds and the decision.
package diagnose
