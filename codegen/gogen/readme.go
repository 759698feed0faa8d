package gogen

import (
	"fmt"
	"strings"
)

// readme is README.md of an emitted package.
func (e *emitter) readme(r *recording) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\nCompiled by amctc %s from %s. Don't edit: write the package again with `amctc compile`.\n\n```go\n", e.opt.Package, e.opt.Version, oneLine(e.sourceName()))
	fmt.Fprintf(&b, "import %q\n\nm, err := %s.New() // once; m is shared by goroutines\nif err != nil {\n\treturn err\n}\n", e.opt.ImportPath, e.opt.Package)
	if e.single() {
		fmt.Fprintf(&b, "dst := make([]float32, %s.OutputLen)\nerr = m.Run(dst, src) // src: %s.InputLen %s, or n times as many for n samples\n", e.opt.Package, e.opt.Package, e.in[0].elements())
	} else {
		fmt.Fprintf(&b, "in := &%s.Inputs{\n%s}\nout := &%s.Outputs{\n%s}\nerr = m.Run(out, in) // or n times as many numbers, for n samples\n", e.opt.Package, e.fieldList(e.in), e.opt.Package, e.fieldList(e.out))
	}
	b.WriteString("```\n\n`m.NewSession()` gives a session whose methods allocate nothing; each serves one goroutine at a time.\n")
	if e.anyCodes() {
		b.WriteString("`RunQuantized` takes int8 codes where the network would quantize its input first.\n")
	}
	if len(e.counters) > 0 {
		b.WriteString("`m.Counters()` tells how many values left the ranges that calibration found.\n")
	}
	if e.hasState() {
		b.WriteString("`m.NewState()` is the state of one stream; `m.Step(st, out, in)` takes it through the steps that `in` holds.\n")
	}
	b.WriteString("\n| | |\n|---|---|\n")
	for _, x := range e.in {
		fmt.Fprintf(&b, "| input | `%s` %s |\n", cell(x.Name), e.about(&x))
	}
	for _, x := range e.out {
		fmt.Fprintf(&b, "| output | `%s` %s |\n", cell(x.Name), describe(x.Type))
	}
	fmt.Fprintf(&b, "| weights | %d bytes, in the binary |\n| working memory | %d bytes for each session |\n| kernel calls | %d |\n", len(e.weights.data), e.p.ArenaBytes(), len(e.steps))
	if t := e.target(); t != "" {
		fmt.Fprintf(&b, "| integer arithmetic of | %s |\n", cell(t))
	}
	tensors := fmt.Sprintf("every one of %d tensors", len(e.p.Traces))
	if len(e.p.Traces) == 1 {
		tensors = "the one tensor"
	}
	fmt.Fprintf(&b, "\n`go test` runs %s and holds %s against its recorded checksum; `go test -bench .` measures.\n", plural(r.samples, "recorded sample"), tensors)
	b.WriteString("\nThe package imports the standard library only. All of it is under MIT-0: use it without conditions.\n")
	return []byte(b.String())
}

// fieldList makes a slice for each port, one line each.
func (e *emitter) fieldList(ports []port) string {
	var b strings.Builder
	for i := range ports {
		x := &ports[i]
		typ := map[string]string{"F32": "float32", "I8": "int8", "U8": "uint8", "I64": "int64"}[x.codec()]
		fmt.Fprintf(&b, "\t%s: make([]%s, %s.%s),\n", x.field, typ, e.opt.Package, x.length)
	}
	return b.String()
}

// cell makes text fit for a cell of a table.
func cell(s string) string { return strings.NewReplacer("|", "\\|", "`", "'").Replace(oneLine(s)) }

func plural(n int, what string) string {
	if n == 1 {
		return "one " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
