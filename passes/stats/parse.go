package stats

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/amctc/amctc/ir/diag"
	"github.com/amctc/amctc/passes/calib"
)

// Parse reads the text form. file is named in messages, which have a line.
func Parse(file string, text []byte) (*Statistics, error) {
	p := &parser{file: file, text: text}
	s, err := p.all()
	if err != nil {
		return nil, err
	}
	return s, nil
}

// parser reads line by line.
type parser struct {
	file   string
	text   []byte
	offset int // of what is not read yet
	line   int // that was read last, from 1
	at     int // its offset
}

func (p *parser) errorf(format string, args ...any) error { return p.fail("S001", format, args...) }

func (p *parser) fail(code diag.Code, format string, args ...any) error {
	return diag.Errorf(code, diag.Span{File: p.file, Start: diag.Pos{Offset: p.at, Line: max(p.line, 1), Col: 1}}, "", format, args...)
}

// next is the next line without its end; ok is false behind the last.
func (p *parser) next() (line string, ok bool) {
	if p.offset >= len(p.text) {
		return "", false
	}
	p.at = p.offset
	p.line++
	rest := p.text[p.offset:]
	n := bytes.IndexByte(rest, '\n')
	if n < 0 {
		p.offset = len(p.text)
		return string(rest), true
	}
	p.offset += n + 1
	return string(rest[:n]), true
}

// want is the rest of the next line, which begins with a word.
func (p *parser) want(word string) (string, error) {
	line, ok := p.next()
	first, rest, _ := strings.Cut(line, " ")
	if !ok || first != word {
		return "", p.errorf("want a line that begins with %q", word)
	}
	return rest, nil
}

func (p *parser) all() (*Statistics, error) {
	if !utf8.Valid(p.text) {
		return nil, p.errorf("not statistics of amctc: the file is not text")
	}
	head, _ := p.next()
	name, number, _ := strings.Cut(head, " ")
	v, err := strconv.ParseUint(number, 10, 31)
	if name != magic || err != nil || strconv.FormatUint(v, 10) != number {
		return nil, p.errorf("not statistics of amctc: the first line is not \"%s %d\"", magic, version)
	}
	if v != version {
		return nil, p.fail("S002", "the file has version %d of statistics; this amctc reads version %d", v, version)
	}
	s := &Statistics{}
	if s.Weights, err = p.want("weights"); err != nil {
		return nil, err
	}
	if s.Weights != Float {
		return nil, p.errorf("weights are %q, want %s", s.Weights, Float)
	}
	samples, err := p.want("samples")
	if err != nil {
		return nil, err
	}
	if s.Samples, err = p.number(samples, maxSamples); err != nil {
		return nil, err
	}
	seen := make(map[string]bool)
	for {
		line, ok := p.next()
		word, rest, _ := strings.Cut(line, " ")
		switch {
		case ok && word == "node" && len(s.Tensors) == 0:
			n := Node{}
			if n.Name, n.Digest, err = p.named(rest); err != nil {
				return nil, err
			}
			if seen["node "+n.Name] {
				return nil, p.errorf("node %q stands twice", n.Name)
			}
			seen["node "+n.Name] = true
			s.Nodes = append(s.Nodes, n)
		case ok && word == "tensor":
			t := &Tensor{}
			if t.Name, t.Digest, err = p.named(rest); err != nil {
				return nil, err
			}
			if seen["tensor "+t.Name] || seen["digest "+t.Digest] {
				return nil, p.errorf("tensor %q stands twice", t.Name)
			}
			seen["tensor "+t.Name], seen["digest "+t.Digest] = true, true
			if err := p.tensor(t); err != nil {
				return nil, err
			}
			s.Tensors = append(s.Tensors, t)
		case ok && line == "end":
			if p.offset != len(p.text) {
				p.next()
				return nil, p.errorf("there is more behind \"end\"")
			}
			return s, nil
		case !ok:
			return nil, p.errorf("the file ends before its line \"end\"")
		default:
			return nil, p.errorf("want node, tensor or end")
		}
	}
}

// named reads a quoted name and a digest.
func (p *parser) named(rest string) (name, digest string, err error) {
	q, err := strconv.QuotedPrefix(rest)
	if err != nil {
		return "", "", p.errorf("want a name in quotes")
	}
	digest, ok := strings.CutPrefix(rest[len(q):], " ")
	if b, err := hex.DecodeString(digest); !ok || err != nil || len(b) != 32 || strings.ToLower(digest) != digest {
		return "", "", p.errorf("want 64 hexadecimal digits after the name")
	}
	if name, err = strconv.Unquote(q); err != nil || strconv.Quote(name) != q {
		return "", "", p.errorf("want a name in double quotes")
	}
	return name, digest, nil
}

func (p *parser) number(s string, limit uint64) (uint64, error) {
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil || n > limit || strconv.FormatUint(n, 10) != s {
		return 0, p.errorf("%s is no number up to %d", clip(s), limit)
	}
	return n, nil
}

func (p *parser) integer(s string) (int, error) {
	n, err := strconv.Atoi(s)
	if err != nil || n < -calib.SketchBins || n > calib.SketchBins || strconv.Itoa(n) != s {
		return 0, p.errorf("%s is no number between %d and %d", clip(s), -calib.SketchBins, calib.SketchBins)
	}
	return n, nil
}

// tensor reads what follows the name of a tensor.
func (p *parser) tensor(t *Tensor) error {
	keys, err := p.want("keys")
	if err != nil {
		return err
	}
	for keys != "" {
		q, err := strconv.QuotedPrefix(keys)
		if err != nil {
			return p.errorf("want keys in quotes")
		}
		k, err := strconv.Unquote(q)
		if err != nil || strconv.Quote(k) != q {
			return p.errorf("want keys in double quotes")
		}
		t.Keys = append(t.Keys, k)
		keys = keys[len(q):]
		if keys != "" {
			if keys, _ = strings.CutPrefix(keys, " "); keys == "" || keys[0] != '"' {
				return p.errorf("want a key in quotes after a blank")
			}
		}
	}
	head, err := p.want("count")
	if err != nil {
		return err
	}
	f := strings.Split(head, " ")
	if len(f) != 7 || f[1] != "zeros" || f[3] != "exp" || f[5] != "first" {
		return p.errorf("want count N zeros N exp N first N")
	}
	count, err := p.number(f[0], maxElements)
	if err != nil {
		return err
	}
	zeros, err := p.number(f[2], maxElements)
	if err != nil {
		return err
	}
	exp, err := p.integer(f[4])
	if err != nil {
		return err
	}
	first, err := p.integer(f[6])
	if err != nil {
		return err
	}
	float := func(s string) (float32, error) {
		n, err := strconv.ParseUint(s, 16, 32)
		if err != nil || fmt.Sprintf("%08x", n) != s {
			return 0, p.errorf("%s is not the bits of a float32 as 8 hexadecimal digits", clip(s))
		}
		return math.Float32frombits(uint32(n)), nil
	}
	low, err := list(p, "low", calib.SketchTail, float)
	if err != nil {
		return err
	}
	high, err := list(p, "high", calib.SketchTail, float)
	if err != nil {
		return err
	}
	counts, err := list(p, "bins", calib.SketchBins, func(s string) (uint64, error) { return p.number(s, maxElements) })
	if err != nil {
		return err
	}
	if len(counts) == 0 && first != 0 {
		return p.errorf("first is %d, but there are no bins", first)
	}
	if t.Sketch, err = calib.Restore(count, zeros, low, high, exp, first, counts); err != nil {
		return p.fail("S003", "tensor %q: %v", t.Name, err)
	}
	return nil
}

// list reads a line of at most limit elements, of which X*N is N.
func list[T comparable](p *parser, word string, limit int, one func(string) (T, error)) ([]T, error) {
	rest, err := p.want(word)
	if err != nil || rest == "" {
		return nil, err
	}
	var out []T
	for f := range strings.SplitSeq(rest, " ") {
		x, times, many := strings.Cut(f, "*")
		n := uint64(1)
		if many {
			if n, err = p.number(times, uint64(limit)); err != nil {
				return nil, err
			}
		}
		v, err := one(x)
		if err != nil {
			return nil, err
		}
		if n == 0 || n == 1 && many || uint64(len(out))+n > uint64(limit) || len(out) > 0 && v == out[len(out)-1] {
			return nil, p.errorf("the list %q has more than %d elements, or one that is not written in the shortest way: %s", word, limit, clip(f))
		}
		for range n {
			out = append(out, v)
		}
	}
	return out, nil
}

// clip quotes a text, shortened, for a message.
func clip(s string) string {
	if len(s) > 30 {
		s = s[:30] + "…"
	}
	return strconv.Quote(s)
}
