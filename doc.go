// Package amctc quantizes trained networks: it imports a float network, calibrates it on real
// data, turns it into integers, and emits a Go package, an Ascend target program, AMCT's record of
// factors and quantized ONNX, which agree byte for byte on every tensor.
//
// The steps are library calls: Load, Calibrate, Quantize, Emit, Verify; Compile is all of them.
package amctc

// Version is written into everything that is emitted.
const Version = "0.1.0"
