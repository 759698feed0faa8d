// Package amct reads and writes AMCT's own files: the JSON quantization config and the record of
// quantization factors (text protobuf).
//
// Readers are strict. What AMCT knows and this version does not support is refused by name, and all
// findings of a file are reported together, each with its place.
package amct
