// Package faults plants one fault in a trained network, drawn by seed, for tests of the diagnosis. Where a
// fault is one of the float network, that network computes what it computed; where it is one of
// quantization, factors, settings or rounded weights carry it.
package faults
