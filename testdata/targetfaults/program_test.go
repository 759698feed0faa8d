package targetfaults

import (
	"context"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/amctc/amctc"
	"github.com/amctc/amctc/ir/tensor"
	"github.com/amctc/amctc/parser/dataset"
	"github.com/amctc/amctc/passes/passtest"
	"github.com/amctc/amctc/target"
	"github.com/amctc/amctc/target/sim"
)

// lowered is the program of a trained network with one sample, as lines of text.
type lowered struct {
	lines  []string
	consts []byte
	desc   *target.Description
	in     map[string][]byte
}

// lower takes a model of testdata/models to the program for so many AI cores of a SoC.
func lower(t testing.TB, model, soc string, cores int) *lowered {
	t.Helper()
	base := filepath.Join("..", "models", model)
	fatal := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	m, err := amctc.Load(base+".onnx", amctc.LoadOptions{})
	fatal(err)
	c := amctc.NewContext(context.Background())
	float, err := amctc.Prepare(c, m)
	fatal(err)
	shape, values, err := dataset.ReadNPY(base + ".in.npy")
	fatal(err)
	data := passtest.Batches{{tensor.FromF32(values, shape...)}}
	fitted, err := amctc.Calibrate(c, float, data)
	fatal(err)
	q, err := amctc.Quantize(c, fitted, soc)
	fatal(err)
	a, err := amctc.EmitAscendOn(q, soc, cores)
	fatal(err)
	p := q.Main().Params[0]
	one := values[:p.Type.Elems()]
	return &lowered{lines: strings.Split(a.Program.String(), "\n"), consts: a.Consts, desc: a.Description,
		in: map[string][]byte{p.Name: tensor.FromF32(one, p.Type.Bind(1).Shape...).Bytes()}}
}

// run reads the lines as a program and executes it. An error of the parser counts as caught too; it names the line.
func (l *lowered) run(lines []string) error {
	p, err := target.ParseProgram([]byte(strings.Join(lines, "\n")))
	if err != nil {
		return err
	}
	ctx, stop := context.WithTimeout(context.Background(), 20*time.Second)
	defer stop()
	_, err = sim.Run(ctx, p, l.consts, l.desc, l.in, sim.Options{})
	return err
}

// find are the lines that begin with the words, in the stream or, when that is empty, everywhere.
func (l *lowered) find(stream, words string) (at []int) {
	in := ""
	for i, line := range l.lines {
		s := strings.TrimSpace(line)
		if name, ok := strings.CutPrefix(s, "stream "); ok {
			in = strings.TrimSuffix(name, " {")
		}
		if (stream == "" || in == stream) && (s == words || strings.HasPrefix(s, words+" ") || strings.HasSuffix(words, "[") && strings.HasPrefix(s, words)) {
			at = append(at, i)
		}
	}
	return at
}

// without is the program without a line.
func (l *lowered) without(i int) []string { return slices.Delete(slices.Clone(l.lines), i, i+1) }

// with is the program with another line.
func (l *lowered) with(i int, line string) []string {
	out := slices.Clone(l.lines)
	out[i] = line
	return out
}
