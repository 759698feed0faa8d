// Package onnxpb holds bindings of the ONNX wire format, generated from the schema beside it.
// The schema has a proto package and path of its own, so that a program may link other ONNX
// bindings too.
//
// Regenerating needs protoc and protoc-gen-go v1.36.12 in PATH.
package onnxpb

//go:generate sh ./generate.sh
