package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
)

// Verdicts.
const (
	succeeds = "pass"
	fails    = "FAIL"
	unknown  = "not measured"
)

func verdict(ok bool) string {
	if ok {
		return succeeds
	}
	return fails
}

// A result is one line of the table.
type result struct {
	row     *row
	figure  string
	verdict string
	on      string // date
}

const tableHead = `# Figures

What amctc promises and what was measured, by ` + "`make figures`" + `. A date says when a row was measured last; a run with
` + "`-only`" + ` keeps the other rows.

| name | what | required | measured | result | on |
|---|---|---|---|---|---|
`

// writeTable puts the table aside and renames it.
func writeTable(path string, table []result) error {
	var b strings.Builder
	b.WriteString(tableHead)
	for _, r := range table {
		if r.verdict == "" {
			r.figure, r.verdict, r.on = "not measured: not asked for", unknown, "–"
			if r.row.network {
				r.figure = "not measured: give -fresh"
			}
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s |\n", r.row.name, r.row.what, r.row.required, cell(r.figure), r.verdict, r.on)
	}
	aside := path + ".aside"
	if err := os.WriteFile(aside, []byte(b.String()), 0o666); err != nil {
		return err
	}
	return os.Rename(aside, path)
}

// cell makes text fit into one cell.
func cell(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	return strings.ReplaceAll(s, "|", `\|`)
}

// readTable gives the results of an earlier table by name of row; none when there is no file.
func readTable(path string) (map[string]result, error) {
	known := make(map[string]result)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return known, nil
	}
	if err != nil {
		return nil, err
	}
	for line := range strings.Lines(string(text)) {
		// A written bar is no border.
		f := strings.Split(strings.ReplaceAll(strings.TrimSpace(line), `\|`, "\x00"), "|")
		if len(f) != 8 {
			continue
		}
		for i := range f {
			f[i] = strings.ReplaceAll(strings.TrimSpace(f[i]), "\x00", "|")
		}
		if v := f[5]; v == succeeds || v == fails {
			known[f[1]] = result{figure: f[4], verdict: v, on: f[6]}
		}
	}
	return known, nil
}
