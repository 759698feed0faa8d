package main

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"github.com/amctc/amctc/ir/diag"
	"github.com/amctc/amctc/passes"
)

// ui is how commands talk: results on stdout, the rest on stderr.
type ui struct {
	stdout, stderr       io.Writer
	quiet, verbose, json bool
	bar                  *progressbar.ProgressBar
	stage                string
	terminal             bool
}

func newUI(stdout, stderr io.Writer) *ui {
	f, ok := stderr.(*os.File)
	text.DisableColors()
	return &ui{stdout: stdout, stderr: stderr, terminal: ok && term.IsTerminal(int(f.Fd()))}
}

// progress draws a bar on a terminal and one line for each stage otherwise.
func (u *ui) progress(stage string, done, total int) {
	if u.quiet {
		return
	}
	if stage != u.stage {
		u.close()
		u.stage = stage
		if !u.terminal {
			fmt.Fprintf(u.stderr, "%s …\n", stage)
			return
		}
		u.bar = progressbar.NewOptions(total, progressbar.OptionSetWriter(u.stderr), progressbar.OptionSetDescription(fmt.Sprintf("%-22s", stage)),
			progressbar.OptionShowCount(), progressbar.OptionSetWidth(30), progressbar.OptionClearOnFinish())
	}
	if u.bar != nil {
		_ = u.bar.Set(done)
	}
}

// close ends the bar.
func (u *ui) close() {
	if u.bar != nil {
		_ = u.bar.Finish()
		u.bar = nil
	}
	u.stage = ""
}

func (u *ui) log() *slog.Logger {
	if !u.verbose {
		return slog.New(slog.DiscardHandler)
	}
	return slog.New(slog.NewTextHandler(u.stderr, &slog.HandlerOptions{Level: slog.LevelDebug, ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}}))
}

// note prints a line for the user on stderr.
func (u *ui) note(format string, args ...any) {
	u.close()
	if !u.quiet {
		fmt.Fprintf(u.stderr, format+"\n", args...)
	}
}

// warning prints what the importer warns of.
func (u *ui) warning(d *diag.Diagnostic) { u.note("%s", d.Error()) }

// remarks prints what the passes have to say.
func (u *ui) remarks(c *passes.Context) {
	for _, d := range c.Remarks.Sorted() {
		u.note("%s", d.Error())
	}
}

// configRemarks prints what was made of a configuration and how calibration data are, for commands that are not about the
// layers.
func (u *ui) configRemarks(c *passes.Context) {
	for _, d := range c.Remarks.Sorted() {
		if d.Code[0] == 'C' || d.Code == "Q032" || d.Code == "Q033" || d.Code == "Q034" {
			u.note("%s", d.Error())
		}
	}
}

// object prints v as JSON.
func (u *ui) object(v any) error {
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(u.stdout, "%s\n", b)
	return err
}

// table prints rows under a header.
func (u *ui) table(header []string, rows [][]string, right ...int) {
	t := table.NewWriter()
	t.SetStyle(table.StyleLight)
	t.Style().Options.SeparateColumns = false
	t.Style().Options.DrawBorder = false
	t.Style().Format.Header = text.FormatDefault
	h := table.Row{}
	for _, c := range header {
		h = append(h, c)
	}
	t.AppendHeader(h)
	for _, r := range rows {
		var row table.Row
		for _, c := range r {
			row = append(row, c)
		}
		t.AppendRow(row)
	}
	var cfg []table.ColumnConfig
	for _, n := range right {
		cfg = append(cfg, table.ColumnConfig{Number: n, Align: text.AlignRight, AlignHeader: text.AlignRight})
	}
	t.SetColumnConfigs(cfg)
	for line := range strings.Lines(t.Render() + "\n") {
		fmt.Fprintln(u.stdout, strings.TrimRight(line, " \n"))
	}
}
