//go:build !amd64 || purego

package peak

var int8Loops, floatLoops map[string]loop
