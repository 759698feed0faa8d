// Package ascend describes the SoCs and lowers integer networks to target programs for them.
//
// Every value lives in global memory: int8 tensors of rank 4 as NC1HWC0, everything else row-major. Every operator is a
// kernel of its own: the streams host, aic0 and aiv0.0 meet in a sync_all after each. A fused core has no aiv0.0; its
// vector unit is a pipe of aic0, and takes the sums out of L0C where there is no Fixpipe.
package ascend
