package gogen_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/amctc/amctc/codegen/gogen"
	"github.com/amctc/amctc/codegen/plan"
	"github.com/amctc/amctc/ir/irtest"
	"github.com/amctc/amctc/ir/tensor"
	"github.com/amctc/amctc/parser"
)

// serviceText has an input and an output of every kind: pixels, codes, numbers that are quantized, numbers that are not; and
// names that a package or its test has a use for.
var serviceText = `amir 1
!a = !q.i8<scale=0.5, offset=3>
!b = !q.i8<scale=0.25, offset=-7>

const @table : tensor<3x256x!a> = [` + strings.TrimSuffix(strings.Repeat("-128, -1, 0, 127, ", 192), ", ") + `]

func @main(%st: tensor<?x2x2x3xu8>, %Reset: tensor<?x4x!b>, %in: tensor<?x4xf32>, %steps: tensor<?x4xf32>) -> (tensor<?x3x2x2x!a>, tensor<?x4x!b>, tensor<?x4xf32>, tensor<?x4xf32>) attributes {stage = target, target = "ascend910b3"} {
  %image = nn.pixels %st, @table {layout = "nhwc", reverse = true} : tensor<?x3x2x2x!a>
  %q = q.quantize %in : tensor<?x4x!b> loc("in.quant")
  %sum = q.add %q, %Reset : tensor<?x4x!b> loc("sum")
  %back = q.dequantize %sum : tensor<?x4xf32>
  %next = nn.add %back, %steps : tensor<?x4xf32> loc("next")
  return %image, %sum, %back, %next
}
`

// TestService emits a package with inputs and outputs of every kind, with states of codes and of numbers, and lets it
// prove itself.
func TestService(t *testing.T) {
	m, l := parser.Parse("service.amir", []byte(serviceText))
	if err := l.Err(); err != nil {
		t.Fatal(err)
	}
	p, err := plan.Build(m, m.Main(), plan.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var samples [][]*tensor.Tensor
	for i := range uint64(5) {
		in := irtest.RandomInputs(m.Main(), i, 1)
		for k := range in[1].I8 {
			in[1].I8[k] = int8(17*k + int(i))
		}
		samples = append(samples, in)
	}
	opt := gogen.Options{Package: "service", ImportPath: "example.com/service", Version: "test", Source: "service.amir", Samples: samples,
		State: []gogen.StatePair{{In: 1, Out: 1}, {In: 3, Out: 3}}, Counters: true}
	files, err := gogen.Generate(p, opt)
	if err != nil {
		t.Fatal(err)
	}
	for file, list := range map[string][]string{
		"model.go": {"St []uint8 // st, 1x2x2x3 uint8, channels last, in the opposite order of the network's", "Reset []int8", "Image []int8", "ResetScale float32 = 0.25", "ResetOffset = -7",
			"ImageScale float32 = 0.5", "ImageOffset = 3", "SumScale float32 = 0.25", "InScale float32 = 0.25", "func (s *Session) RunQuantized("},
		"state.go":    {"Reset2 []int8", "st.Reset2[i] = -7", "clear(st.Steps)", "St []uint8", "In []float32", "Image []int8", "Back []float32"},
		"counters.go": {`"input in"`, `"q.add \"sum\""`},
		"README.md":   {"`m.NewState()`", "uint8"},
	} {
		text := strings.Join(strings.Fields(string(files[file])), " ")
		for _, want := range list {
			if !strings.Contains(text, want) {
				t.Errorf("%s lacks %q", file, want)
			}
		}
	}
	if t.Failed() {
		t.Logf("%s\n%s", files["model.go"], files["state.go"])
	}
	dir := t.TempDir()
	write(t, filepath.Join(dir), files)
	writeText(t, dir, "go.mod", "module example.com/service\n\ngo 1.24\n")
	run(t, dir, nil, "go", "vet", ".")
	run(t, dir, nil, "go", "test", ".")
}

// TestStateRefused holds that pairs that are no state are refused.
func TestStateRefused(t *testing.T) {
	m, l := parser.Parse("service.amir", []byte(serviceText))
	if err := l.Err(); err != nil {
		t.Fatal(err)
	}
	p, err := plan.Build(m, m.Main(), plan.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, pairs := range [][]gogen.StatePair{{{In: 1, Out: 2}}, {{In: 0, Out: 0}}, {{In: 4, Out: 0}}, {{In: 0, Out: -1}}, {{In: 1, Out: 1}, {In: 1, Out: 1}}, {{In: 2, Out: 3}, {In: 3, Out: 3}}} {
		opt := gogen.Options{Package: "service", ImportPath: "example.com/service", State: pairs}
		if _, err := gogen.Generate(p, opt); err == nil {
			t.Errorf("%v is a state", pairs)
		}
	}
}
