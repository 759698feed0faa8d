package target

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// ParseDescription reads the text of a description: lines of a keyword and its fields, in any order of lines; blank lines and lines that
// start with # are skipped. The error is a *SyntaxError.
func ParseDescription(text string) (*Description, error) {
	d := &Description{}
	p := &descParser{}
	seen := map[string]bool{}
	for line := range strings.SplitSeq(text, "\n") {
		p.line++
		line = strings.TrimRightFunc(line, unicode.IsSpace)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if len(seen) == 0 {
			if line != DescriptionVersion {
				return nil, &SyntaxError{p.line, 1, fmt.Sprintf("the first line must be %q", DescriptionVersion)}
			}
			seen["amdesc"] = true
			continue
		}
		p.text, p.words = line, strings.Fields(line)
		w := p.words[0]
		if many := w == "buffer" || w == "path" || w == "limit" || w == "vec" || w == "cast" || w == "assumed"; !many && seen[w] {
			p.failf(w, "second %q line", w)
		}
		seen[w] = true
		p.words = p.words[1:]
		p.fields(d, w)
		if p.err == nil && len(p.words) > 0 {
			p.failf(p.words[0], "unexpected %q", p.words[0])
		}
		if p.err != nil {
			return nil, p.err
		}
	}
	for _, w := range []string{"amdesc", "target", "isa", "split", "cores", "clock", "queue", "flags", "cube", "gm", "pipes", "load3d", "fixpipe"} {
		if !seen[w] {
			return nil, &SyntaxError{p.line, 1, fmt.Sprintf("no %q line", w)}
		}
	}
	return d, nil
}

type descParser struct {
	line  int
	text  string
	words []string // still to be read
	err   error    // first error
}

func (p *descParser) failf(at, format string, args ...any) {
	if p.err == nil {
		p.err = &SyntaxError{p.line, max(0, strings.Index(p.text, at)) + 1, fmt.Sprintf(format, args...)}
	}
}

func (p *descParser) word(what string) string {
	if len(p.words) == 0 {
		p.failf(p.text, "expected %s", what)
		return ""
	}
	w := p.words[0]
	p.words = p.words[1:]
	return w
}

func (p *descParser) value(key string) string {
	w := p.word(key + "=")
	v, ok := strings.CutPrefix(w, key+"=")
	if !ok {
		p.failf(w, "expected %s=", key)
	}
	return v
}

func (p *descParser) int(key string, lo, hi int) int {
	v := p.value(key)
	n, err := strconv.Atoi(v)
	if p.err == nil && (err != nil || n < lo || n > hi) {
		p.failf(key+"=", "%s must be a number from %d to %d", key, lo, hi)
	}
	return n
}

func (p *descParser) yes(key string) bool {
	v := p.value(key)
	if p.err == nil && v != "yes" && v != "no" {
		p.failf(key+"=", "%s must be yes or no", key)
	}
	return v == "yes"
}

func (p *descParser) mark() bool {
	if len(p.words) == 1 && p.words[0] == "assumed" {
		p.words = nil
		return true
	}
	return false
}

func one[E ~uint8](p *descParser, v string, names []string, what string) E {
	i := slices.Index(names, v)
	if i < 0 {
		p.failf(v, "%q is no %s", v, what)
		i = 0
	}
	return E(i)
}

func many[E ~uint8](p *descParser, key string, names []string, what string) (out []E) {
	v := p.value(key)
	if v == "-" || p.err != nil {
		return nil
	}
	for _, s := range strings.Split(v, ",") {
		out = append(out, one[E](p, s, names, what))
	}
	return out
}

const mega = 1 << 30

func (p *descParser) fields(d *Description, w string) {
	switch w {
	case "target":
		d.Name = p.word("a name")
	case "isa":
		d.ISA = p.word("a name")
	case "split":
		v := p.word("yes or no")
		if d.Split = v == "yes"; !d.Split && v != "no" {
			p.failf(v, "expected yes or no")
		}
	case "cores":
		d.AIC, d.AIV = p.int("aic", 1, 1<<16), p.int("aiv", 0, 1<<16)
	case "clock":
		d.MHz = p.int("mhz", 1, 1<<20)
	case "queue":
		d.Queue = p.int("depth", 1, 1<<10)
	case "flags":
		d.Flags, d.CrossFlags, d.Counter = p.int("ids", 1, 64), p.int("cross", 0, 64), p.int("counter", 0, 1<<20)
	case "cube":
		d.Cube.M, d.Cube.N = p.int("m", 1, 256), p.int("n", 1, 256)
		d.Cube.KS8, d.Cube.KF16, d.Cube.KS4 = p.int("k.s8", 0, 256), p.int("k.f16", 0, 256), p.int("k.s4", 0, 256)
		if d.Cube.L0A = p.value("l0a"); d.Cube.L0A != "zz" && d.Cube.L0A != "nz" {
			p.failf("l0a=", "l0a must be zz or nz")
		}
		d.Cube.Head = p.int("head", 0, 1<<20)
	case "gm":
		d.GMRate, d.L2Read, d.L2Write = p.int("rate", 1, 1<<20), p.int("l2read", 1, 1<<20), p.int("l2write", 1, 1<<20)
	case "pipes":
		d.AICPipes = many[Pipe](p, "aic", pipeNames[:PipeHost], "pipe")
		d.AIVPipes = many[Pipe](p, "aiv", pipeNames[:PipeHost], "pipe")
	case "buffer":
		b := Buffer{Space: one[Space](p, p.word("a buffer"), spaceNames[:], "buffer"), Size: p.int("size", 1, 1<<30), Align: p.int("align", 1, 1<<20), Core: p.value("core")}
		if b.Core != "aic" && b.Core != "aiv" {
			p.failf("core=", "core must be aic or aiv")
		}
		if b.Space <= GM || d.Buffer(b.Space) != nil {
			p.failf(b.Space.String(), "%s is described elsewhere", b.Space)
		}
		d.Buffers = append(d.Buffers, b)
	case "path":
		d.Paths = append(d.Paths, Path{p.word("a path"), p.int("rate", 1, 1<<20), p.int("latency", 0, 1<<20), p.mark()})
	case "load3d":
		d.Load3D = Load3DRate{p.int("latency", 0, 1<<20), p.int("full", 1, 1<<20), p.int("base", 1, 1<<20), p.int("floor", 1, 1<<20)}
	case "fixpipe":
		d.Fixpipe = FixpipeSpec{many[Quant](p, "modes", quantNames[:], "Fixpipe mode"), p.yes("relu"), p.yes("nd"), p.yes("l1")}
	case "limit":
		d.Limits = append(d.Limits, Limit{p.word("a field"), p.int("max", 0, mega)})
	case "vec":
		v := VecSpec{Op: p.word("an instruction"), Types: many[Type](p, "types", typeNames[:], "element type")}
		v.Cycles, v.Elems, v.Head = p.int("cycles", 0, 1<<20), p.int("elems", 0, 1<<20), p.int("head", 0, 1<<20)
		v.Assumed = p.mark()
		if p.err == nil && v.Cycles == 0 && v.Elems == 0 {
			p.failf("cycles=", "cycles or elems must be positive")
		}
		d.Vec = append(d.Vec, v)
	case "cast":
		d.Casts = append(d.Casts, CastSpec{
			one[Type](p, p.word("an element type"), typeNames[:], "element type"), one[Type](p, p.value("to"), typeNames[:], "element type"),
			many[Round](p, "modes", roundNames[:], "rounding mode"), p.int("head", 0, 1<<20), p.mark()})
	case "assumed":
		rest := strings.TrimSpace(strings.TrimPrefix(p.text, "assumed"))
		s, err := strconv.Unquote(rest)
		if err != nil || !strings.HasPrefix(rest, `"`) {
			p.failf(rest, "expected a quoted string")
		}
		d.Assumed = append(d.Assumed, s)
		p.words = nil
	default:
		p.failf(w, "no keyword %q", w)
	}
}
