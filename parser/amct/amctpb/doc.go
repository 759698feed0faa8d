// Package amctpb holds bindings of AMCT's record file, generated from the schema beside it.
// The schema has a proto package and path of its own, so that a program may link other bindings
// too. Only the text form is used.
//
// Regenerating needs protoc and protoc-gen-go v1.36.12 in PATH.
package amctpb

//go:generate sh ./generate.sh
