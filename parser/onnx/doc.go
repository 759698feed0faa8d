// Package onnx reads ONNX models: opsets 1 to 25, IR versions 3 to 13, float32 networks for
// images in NCHW layout. Everything that stands in the way is reported in one run, by node.
//
// Shape arithmetic and rearranged weights are evaluated while importing; the result holds only
// operators of ir/op in stage float.
package onnx
