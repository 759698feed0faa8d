// Package contender is what every process of a comparison of speeds does: it reads requests, runs a
// network for as long as it is told, and says how long a call takes.
//
// It needs the standard library only. Sources holds the files that a program outside this module
// takes a copy of.
package contender

import "embed"

// Sources are the files of the package that work alone.
//
//go:embed protocol.go net.go serve.go measure.go start.go
var Sources embed.FS
