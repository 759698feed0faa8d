package agree_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/amctc/amctc/codegen/agree"
	fast "github.com/amctc/amctc/codegen/exec"
	"github.com/amctc/amctc/codegen/gogen"
	"github.com/amctc/amctc/codegen/plan"
	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/irtest"
	"github.com/amctc/amctc/ir/op"
	"github.com/amctc/amctc/ir/tensor"
	"github.com/amctc/amctc/passes/passtest"
	"github.com/amctc/amctc/target/ascend"
)

var (
	graphs = flag.Int("agree.graphs", 50, "number of random graphs")
	first  = flag.Uint64("agree.first", 0, "seed of the first random graph")
)

// perProgram is how many graphs share one program, runtime and build.
const perProgram = 50

// socs are the SoCs that every graph runs on, fused those that take turns.
var (
	socs  = []string{"ascend910b3", "ascend950pr"}
	fused = []string{"ascend310", "ascend310p3", "ascend910a"}
)

// A graph is one random network with what to run it on.
type graph struct {
	seed    uint64
	float   *ir.Module
	integer *ir.Module
	samples [][]*tensor.Tensor
}

func (g *graph) name() string { return fmt.Sprintf("g%05d", g.seed) }

// TestRandomGraphs holds exec, generated Go and the simulator on three SoCs against the interpreter,
// on every tensor of random networks of 5 to 30 operators. A failure is shrunk and printed.
func TestRandomGraphs(t *testing.T) {
	used := make(map[string]int)
	total, tensors, differ := 0, 0, 0
	seed := *first
	for total < *graphs {
		var list []*graph
		for want := min(perProgram, *graphs-total); len(list) < want; {
			n := want - len(list)
			list = append(list, drawn(t, seed, n)...)
			seed += uint64(n)
		}
		program := link(t, list)
		reports := make([]*agree.Report, len(list))
		both(len(list), func(i int) { reports[i] = check(t, list[i], &linked{program, list[i].name()}) })
		for i, r := range reports {
			if r == nil {
				continue
			}
			tensors += r.Tensors
			differ += r.DiffBytes
			count(used, list[i])
		}
		if t.Failed() {
			return
		}
		total += len(list)
	}
	least := ""
	for _, name := range names(used) {
		if least == "" || used[name] < used[least] {
			least = name
		}
	}
	t.Logf("random graphs: %d graphs, %d tensors, %d bytes differ, least-used operator %s %d times", total, tensors, differ, least, used[least])
	if want := min(total/25, 100); total >= 1000 && used[least] < want {
		t.Errorf("operator %s occurs %d times, want %d", least, used[least], want)
	}
}

// drawn are n random networks from a seed on, without those that no data calibrate.
func drawn(t *testing.T, seed uint64, n int) []*graph {
	t.Helper()
	list, bad := make([]*graph, n), make([]error, n)
	both(n, func(i int) {
		s := seed + uint64(i)
		float, integer, err := passtest.Quantized(s, socs[0])
		if bad[i] = err; integer != nil {
			list[i] = &graph{s, float, integer, [][]*tensor.Tensor{irtest.RandomInputs(integer.Main(), s+2000, 1), irtest.RandomInputs(integer.Main(), s+3000, 1)}}
		}
	})
	if err := errors.Join(bad...); err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(list, func(g *graph) bool { return g == nil })
}

// both shares n tasks between two goroutines.
func both(n int, do func(i int)) {
	var wg sync.WaitGroup
	for w := range 2 {
		wg.Go(func() {
			for i := w; i < n; i += 2 {
				do(i)
			}
		})
	}
	wg.Wait()
}

// count adds the operators of the network as drawn, and the integer ones it became. Functions that are planned and
// executed as a family count as one; tables of a function for each channel are counted apart from those of one.
func count(used map[string]int, g *graph) {
	for _, n := range passtest.Network(g.seed).Main().Nodes {
		if f := op.FamilyOf(n.Op.Name); f != "" {
			used[string(f)]++
		} else {
			used[n.Op.Name]++
		}
	}
	for _, n := range g.integer.Main().Nodes {
		if strings.HasPrefix(n.Op.Name, "q.") {
			used[n.Op.Name]++
		}
		if n.Op.Name == "q.table" && len(n.Operands[1].Type.Shape) > 1 {
			used["q.table-by-channel"]++
		}
	}
}

func names(used map[string]int) []string {
	var out []string
	for n := range used {
		out = append(out, n)
	}
	slices.Sort(out)
	return out
}

// check compares one network on every engine; a difference is reported with a small network that has
// one too.
func check(t *testing.T, g *graph, built agree.Engine) *agree.Report {
	t.Helper()
	r, err := compare(g.integer, g.seed, g.samples, built)
	switch {
	case err != nil:
		t.Errorf("seed %d: %v\n%s", g.seed, err, small(g, err.Error()))
		return nil
	case !r.OK():
		t.Errorf("seed %d: %d bytes differ, %d values not compared %v\n%v\n%s", g.seed, r.DiffBytes, len(r.NotCompared), r.NotCompared, r.First, small(g, ""))
	}
	return r
}

// cores are how many AI cores share a network's work, drawn by its seed.
var cores = [...]int{1, 2, 3, 1, 7, 20}

func compare(m *ir.Module, seed uint64, samples [][]*tensor.Tensor, more ...agree.Engine) (*agree.Report, error) {
	engines := []agree.Engine{agree.FromEngine("exec", fast.Engine{}, m.Main())}
	parts := append(slices.Clone(socs), fused[seed%uint64(len(fused))])
	for i, soc := range parts {
		d, err := ascend.Describe(soc)
		if err != nil {
			return nil, err
		}
		p, consts, err := ascend.Lower(m, m.Main(), d, ascend.Options{Cores: min(d.AIC, cores[(seed+uint64(i))%uint64(len(cores))])})
		if err != nil {
			return nil, fmt.Errorf("%s: %w", soc, err)
		}
		engines = append(engines, &agree.Simulated{Program: p, Consts: consts, Description: d, Func: m.Main(), Several: true})
	}
	return agree.Run(context.Background(), m, samples, func(string, int, int) {}, append(engines, more...)...)
}

// small is the text of a network that fails like g: with a difference, or with an error.
func small(g *graph, failure string) string {
	m := irtest.Shrink(g.integer, func(m *ir.Module) bool {
		in := [][]*tensor.Tensor{irtest.RandomInputs(m.Main(), g.seed, 1)}
		r, err := compare(m, g.seed, in)
		if err != nil {
			return failure != ""
		}
		if r.OK() && failure == "" {
			r, err = compare(m, g.seed, in, &agree.Generated{Module: m, Version: "test"})
			return err != nil || !r.OK()
		}
		return !r.OK()
	})
	return "a small network that fails:\n" + ir.Print(m)
}

// linked runs one network of a program made by gogen.Program.
type linked struct{ program, name string }

func (l *linked) Name() string { return "go" }

func (l *linked) Trace(ctx context.Context, samples [][]*tensor.Tensor, emit func(int, string, []byte)) error {
	in, out := l.program+"-"+l.name+".in", l.program+"-"+l.name+".out"
	defer os.Remove(in)
	defer os.Remove(out)
	var data []byte
	for _, s := range samples {
		for _, x := range s {
			data = append(data, x.Bytes()...)
		}
	}
	if err := os.WriteFile(in, data, 0o600); err != nil {
		return err
	}
	if text, err := exec.CommandContext(ctx, l.program, l.name, in, out).CombinedOutput(); err != nil {
		return fmt.Errorf("%w\n%s", err, text)
	}
	dump, err := os.ReadFile(out)
	if err != nil {
		return err
	}
	r := bytes.NewReader(dump)
	next := func() []byte {
		var n uint32
		if err == nil {
			err = binary.Read(r, binary.LittleEndian, &n)
		}
		b := make([]byte, min(int(n), r.Len()))
		r.Read(b)
		return b
	}
	seen := make(map[string]int)
	for r.Len() > 0 && err == nil {
		name := string(next())
		emit(seen[name], name, next())
		seen[name]++
	}
	return err
}

// link generates and builds one program with every network of the list.
func link(t *testing.T, list []*graph) string {
	t.Helper()
	const module = "example.org/random"
	var kernels []string
	var packages []gogen.Linked
	for _, g := range list {
		p, err := plan.Build(g.integer, g.integer.Main(), plan.Options{})
		if err != nil {
			t.Fatal(err)
		}
		files, err := gogen.Generate(p, gogen.Options{Package: g.name(), ImportPath: module + "/" + g.name(), Version: "test",
			Source: "a random graph", Runtime: module + "/internal/rt", Program: true})
		if err != nil {
			t.Fatalf("seed %d: %v\n%s", g.seed, err, ir.Print(g.integer))
		}
		kernels = append(kernels, p.Kernels()...)
		packages = append(packages, gogen.Linked{Name: g.name(), Files: files})
	}
	slices.Sort(kernels)
	files, err := gogen.Program(module, slices.Compact(kernels), "test", packages)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, data := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, data, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	program := filepath.Join(dir, "random.exe")
	c := exec.Command("go", "build", "-o", program, ".")
	c.Dir = dir
	c.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=-mod=mod", "GOTOOLCHAIN=local", "GOPROXY=off")
	if text, err := c.CombinedOutput(); err != nil {
		t.Fatalf("building %d networks: %v\n%s", len(list), err, text)
	}
	return program
}
