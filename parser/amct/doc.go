// Package amct reads and writes AMCT's own files: the JSON quantization config, the simplified config
// (text protobuf) that a network makes a JSON config of, and the record of quantization factors (text
// protobuf).
//
// Readers are strict. All findings of a file are reported together, numbered, each with its place. What a
// network can't have is judged by AMCT's rules for layer types, when a configuration is fitted to it; what
// this version does not do is for the caller to refuse.
package amct
