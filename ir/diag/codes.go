package diag

import (
	"embed"
	"slices"
	"strings"
)

// Entry documents a code: what it means and why it is refused or reported, the way out, and, for
// codes that a text can have, a small program that has it.
type Entry struct {
	Code    string
	Title   string
	Meaning string
	WayOut  string
	Example string
}

// examples holds one .amir text for each code of the parser and the verifier.
//
//go:embed examples/*.amir
var examples embed.FS

// catalogue is every code of amctc, one table for each part that reports them, in order.
var catalogue = slices.Concat(configCodes, importCodes, parseCodes, quantizeCodes, recordCodes, statsCodes, targetCodes, verifyCodes)

// Explain documents a code; ok is false for one that amctc does not have.
func Explain(code string) (e Entry, ok bool) {
	i, ok := slices.BinarySearchFunc(catalogue, code, func(e Entry, c string) int { return strings.Compare(e.Code, c) })
	if !ok {
		return Entry{}, false
	}
	e = catalogue[i]
	if text, err := examples.ReadFile("examples/" + code + ".amir"); err == nil {
		e.Example = string(text)
	}
	return e, true
}

// Codes are all codes, sorted.
func Codes() []string {
	out := make([]string, len(catalogue))
	for i, e := range catalogue {
		out[i] = e.Code
	}
	return out
}
