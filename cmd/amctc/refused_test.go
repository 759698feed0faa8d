package main

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/amctc/amctc/ir/tensor"
	"github.com/amctc/amctc/parser/dataset"
	pb "github.com/amctc/amctc/parser/onnx/onnxpb"
)

var mutants = flag.Int("amctc.mutants", 24, "number of mutated models")

// hostile is a model that the command is given, with what it is told beside.
type hostile struct {
	name string
	data []byte
	may  bool   // it may be valid still, and then compiles
	text bool   // data is .amir, not ONNX
	side []byte // its constants
}

// model is a graph of one input x and nodes, as ONNX.
func model(t *testing.T, edit func(g *pb.GraphProto), nodes ...*pb.NodeProto) []byte {
	t.Helper()
	g := &pb.GraphProto{Name: "g", Node: nodes, Input: []*pb.ValueInfoProto{port("x", tensorType(pb.TensorProto_FLOAT, 1, 4))},
		Output: []*pb.ValueInfoProto{port("y", tensorType(pb.TensorProto_FLOAT, 1, 4))}}
	if edit != nil {
		edit(g)
	}
	b, err := proto.Marshal(&pb.ModelProto{IrVersion: 8, OpsetImport: []*pb.OperatorSetIdProto{{Version: 17}}, Graph: g})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func port(name string, typ *pb.TypeProto) *pb.ValueInfoProto {
	return &pb.ValueInfoProto{Name: name, Type: typ}
}

func tensorType(elem pb.TensorProto_DataType, dims ...int64) *pb.TypeProto {
	s := &pb.TensorShapeProto{}
	for _, d := range dims {
		s.Dim = append(s.Dim, &pb.TensorShapeProto_Dimension{Value: &pb.TensorShapeProto_Dimension_DimValue{DimValue: d}})
	}
	return &pb.TypeProto{Value: &pb.TypeProto_TensorType{TensorType: &pb.TypeProto_Tensor{ElemType: int32(elem), Shape: s}}}
}

// call is a node, written "Add x w -> y".
func call(text string, attrs ...*pb.AttributeProto) *pb.NodeProto {
	in, out, _ := strings.Cut(text, " -> ")
	f := strings.Fields(in)
	return &pb.NodeProto{OpType: f[0], Name: f[0], Input: f[1:], Output: strings.Fields(out), Attribute: attrs}
}

func body(nodes ...*pb.NodeProto) *pb.AttributeProto {
	return &pb.AttributeProto{Name: "body", Type: pb.AttributeProto_GRAPH, G: &pb.GraphProto{Name: "body", Node: nodes,
		Input:  []*pb.ValueInfoProto{port("i", tensorType(pb.TensorProto_INT64)), port("c", tensorType(pb.TensorProto_BOOL)), port("s", tensorType(pb.TensorProto_FLOAT, 1, 4))},
		Output: []*pb.ValueInfoProto{port("c", tensorType(pb.TensorProto_BOOL)), port("r", tensorType(pb.TensorProto_FLOAT, 1, 4))}}}
}

// unsupported are valid models that amctc is not made for: strings, sequences, loops. Networks in bfloat16 are refused, or read
// as float32 and compiled.
func unsupported(t *testing.T) []hostile {
	init := func(name string, elem pb.TensorProto_DataType, set func(*pb.TensorProto), dims ...int64) func(*pb.GraphProto) {
		return func(g *pb.GraphProto) {
			i := &pb.TensorProto{Name: name, DataType: int32(elem), Dims: dims}
			set(i)
			g.Initializer = append(g.Initializer, i)
		}
	}
	input := func(name string, typ *pb.TypeProto) func(*pb.GraphProto) {
		return func(g *pb.GraphProto) { g.Input = append(g.Input, port(name, typ)) }
	}
	sequence := &pb.TypeProto{Value: &pb.TypeProto_SequenceType{SequenceType: &pb.TypeProto_Sequence{ElemType: tensorType(pb.TensorProto_FLOAT, 1, 4)}}}
	texts := init("w", pb.TensorProto_STRING, func(p *pb.TensorProto) { p.StringData = [][]byte{[]byte("a"), []byte("b"), []byte("c"), []byte("d")} }, 4)
	return []hostile{
		{name: "a string input", data: model(t, input("s", tensorType(pb.TensorProto_STRING, 1, 4)), call("Add x s -> y"))},
		{name: "only strings", data: model(t, func(g *pb.GraphProto) {
			g.Input[0].Type, g.Output[0].Type = tensorType(pb.TensorProto_STRING, 4), tensorType(pb.TensorProto_STRING, 4)
		}, call("StringNormalizer x -> y"))},
		{name: "a string constant", data: model(t, texts, call("Add x w -> y"))},
		{name: "a vocabulary", data: model(t, nil, call("TfIdfVectorizer x -> y"))},
		{name: "labels of strings", data: model(t, nil, call("LabelEncoder x -> y"))},
		{name: "strings joined", data: model(t, texts, call("StringConcat w w -> v"), call("Add x v -> y"))},
		{name: "a sequence input", data: model(t, input("s", sequence), call("SequenceAt s x -> v"), call("Add x v -> y"))},
		{name: "a sequence is made", data: model(t, nil, call("SequenceConstruct x x -> s"), call("ConcatFromSequence s -> y"))},
		{name: "an empty sequence", data: model(t, nil, call("SequenceEmpty -> s"), call("SequenceInsert s x -> v"), call("ConcatFromSequence v -> y"))},
		{name: "a tensor is split to a sequence", data: model(t, nil, call("SplitToSequence x -> s"), call("ConcatFromSequence s -> y"))},
		{name: "an optional value", data: model(t, nil, call("Optional x -> o"), call("OptionalGetElement o -> y"))},
		{name: "a loop", data: model(t, func(g *pb.GraphProto) {
			init("n", pb.TensorProto_INT64, func(p *pb.TensorProto) { p.Int64Data = []int64{3} })(g)
			init("c0", pb.TensorProto_BOOL, func(p *pb.TensorProto) { p.Int32Data = []int32{1} })(g)
		}, call("Loop n c0 x -> y", body(call("Relu s -> r"))))},
		{name: "a loop whose length is computed", data: model(t, func(g *pb.GraphProto) {
			input("n", tensorType(pb.TensorProto_INT64))(g)
		}, call("Loop n  x -> y", body(call("Relu s -> r"))))},
		{name: "a scan", data: model(t, nil, call("Scan x x -> z y", body(call("Add s s -> r"))))},
		{name: "a branch on computed data", data: model(t, input("b", tensorType(pb.TensorProto_BOOL)), call("If b -> y", body(call("Relu x -> r"))))},
		{name: "a bfloat16 input", may: true, data: model(t, func(g *pb.GraphProto) { g.Input[0].Type = tensorType(pb.TensorProto_BFLOAT16, 1, 4) }, call("Relu x -> y"))},
		{name: "bfloat16 throughout", may: true, data: model(t, func(g *pb.GraphProto) {
			g.Input[0].Type, g.Output[0].Type = tensorType(pb.TensorProto_BFLOAT16, 1, 4), tensorType(pb.TensorProto_BFLOAT16, 1, 4)
			init("w", pb.TensorProto_BFLOAT16, func(p *pb.TensorProto) { p.RawData = make([]byte, 8) }, 4)(g)
		}, call("Add x w -> y"))},
		{name: "computed numbers to bfloat16", may: true, data: model(t, nil, call("Cast x -> b", &pb.AttributeProto{Name: "to", Type: pb.AttributeProto_INT, I: int64(pb.TensorProto_BFLOAT16)}), call("Relu b -> y"))},
		{name: "a network with nothing to quantize", data: model(t, nil, call("Relu x -> y"))},
		{name: "a custom operator", data: model(t, nil, call("FancyNewLayer x -> y"))},
		{name: "external data outside the folder", data: model(t, init("w", pb.TensorProto_FLOAT, func(p *pb.TensorProto) {
			p.DataLocation = pb.TensorProto_EXTERNAL
			p.ExternalData = []*pb.StringStringEntryProto{{Key: "location", Value: "../../etc/passwd"}}
		}, 4), call("Add x w -> y"))},
		{name: "no graph", data: []byte{8, 8}},
		{name: "an empty file"},
		{name: "text", data: []byte("version https://git-lfs.github.com/spec/v1\n")},
	}
}

// trained are the models that come with amctc.
func trained(t *testing.T) map[string][]byte {
	t.Helper()
	out := make(map[string][]byte)
	for _, name := range []string{"lenet", "residual", "mobilenet", "autoencoder"} {
		b, err := os.ReadFile(filepath.Join("../../testdata/models", name+".onnx"))
		if err != nil {
			t.Fatal(err)
		}
		out[name] = b
	}
	return out
}

// truncated are trained models cut off: in the graph, within weights, and by one byte.
func truncated(t *testing.T) (out []hostile) {
	for name, b := range trained(t) {
		for _, at := range []int{1, 2, 3, 17, len(b) / 7, len(b) / 2, len(b) - 1} {
			out = append(out, hostile{name: fmt.Sprintf("%s cut to %d of %d bytes", name, at, len(b)), data: b[:at]})
		}
	}
	slices.SortFunc(out, func(a, b hostile) int { return strings.Compare(a.name, b.name) })
	return out
}

// cutText are LeNet in text form and its constants, each cut off, and one without the other.
func cutText(t *testing.T) (out []hostile) {
	dir := t.TempDir()
	if code := run([]string{"import", "../../testdata/models/lenet.onnx", "-o", filepath.Join(dir, "m.amir")}, io.Discard, io.Discard); code != exitOK {
		t.Fatal(code)
	}
	text, err := os.ReadFile(filepath.Join(dir, "m.amir"))
	if err != nil {
		t.Fatal(err)
	}
	text = bytes.ReplaceAll(text, []byte("m.safetensors"), []byte("model.safetensors"))
	side, err := os.ReadFile(filepath.Join(dir, "m.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	for _, at := range []int{0, 5, len(text) / 3, 2 * len(text) / 3, len(text) - 3} {
		out = append(out, hostile{name: fmt.Sprintf("lenet as text cut to %d of %d bytes", at, len(text)), text: true, data: text[:at], side: side})
	}
	for _, at := range []int{0, 4, 100, len(side) / 2, len(side) - 1} {
		out = append(out, hostile{name: fmt.Sprintf("lenet with constants cut to %d of %d bytes", at, len(side)), text: true, data: text, side: side[:at]})
	}
	return out
}

// mutated is model number seed with up to 8 bytes changed outside its weights, or bits of its weights turned. It may be
// valid still: names, documentation and weights can be anything.
func mutated(t *testing.T, seed uint64) hostile {
	names := []string{"lenet", "residual", "autoencoder"}
	r := rand.New(rand.NewPCG(seed, 0xbad))
	name := names[seed%uint64(len(names))]
	b := trained(t)[name]
	weights := make([]bool, len(b))
	var m pb.ModelProto
	if err := proto.Unmarshal(b, &m); err != nil {
		t.Fatal(err)
	}
	for _, i := range m.Graph.Initializer {
		if raw := i.RawData; len(raw) >= 16 {
			at := bytes.Index(b, raw)
			for k := range raw {
				weights[at+k] = true
			}
		}
	}
	n := 1 + r.IntN(8)
	for n > 0 {
		if at := r.IntN(len(b)); !weights[at] || r.IntN(4000) == 0 {
			b[at] ^= byte(1 + r.IntN(255))
			n--
		}
	}
	return hostile{name: fmt.Sprintf("%s, mutation %d", name, seed), data: b, may: true}
}

var numbered = regexp.MustCompile(`\[[A-Z]\d{3}\]`)

// compileHostile runs compile on a model in an empty folder and gives what is wrong about how it ended.
func compileHostile(t *testing.T, h hostile) (wrong string, valid bool) {
	t.Helper()
	dir := t.TempDir()
	tmp := filepath.Join(dir, "tmp")
	path, side := filepath.Join(dir, "model.onnx"), filepath.Join(dir, "model.safetensors")
	if h.text {
		path = filepath.Join(dir, "model.amir")
		if err := os.WriteFile(side, h.side, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(tmp, 0o777); err != nil {
		t.Fatal(err)
	}
	t.Setenv("TMPDIR", tmp)
	if err := os.WriteFile(path, h.data, 0o666); err != nil {
		t.Fatal(err)
	}
	shape := []int{2, 4}
	for name, s := range map[string][]int{"lenet": {2, 1, 28, 28}, "residual": {2, 1, 28, 28}, "mobilenet": {2, 1, 28, 28}, "autoencoder": {2, 784}} {
		if strings.HasPrefix(h.name, name) {
			shape = s
		}
	}
	values := make([]float32, tensor.Elems(shape))
	for i := range values {
		values[i] = float32(i%17)/17 - .2
	}
	calib := filepath.Join(dir, "x.npy")
	f, err := os.Create(calib)
	if err != nil {
		t.Fatal(err)
	}
	if err := dataset.WriteNPY(f, shape, values); err != nil {
		t.Fatal(err)
	}
	f.Close()
	var stdout, stderr bytes.Buffer
	code := run([]string{"compile", path, "--calib", calib, "--out", filepath.Join(dir, "out"), "--pkg", "toy", "--no-verify", "-q"}, &stdout, &stderr)
	var left []string
	err = filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if p != dir && p != tmp && p != path && p != calib && p != side {
			left = append(left, p)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	switch {
	case code == exitOK && h.may:
		if _, err := os.Stat(filepath.Join(dir, "out", "amctc", "manifest.json")); err != nil {
			return fmt.Sprintf("it succeeded without a manifest: %v", err), true
		}
		if entries, err := os.ReadDir(tmp); err != nil || len(entries) > 0 {
			return fmt.Sprintf("it left %v in the folder for temporary files (%v)", entries, err), true
		}
		return "", true
	case code != exitModel && code != exitIO:
		return fmt.Sprintf("exit code %d, want %d or %d: %s", code, exitModel, exitIO, stderr.String()), false
	case !numbered.MatchString(stderr.String()):
		return fmt.Sprintf("no numbered diagnostic: %s", stderr.String()), false
	case len(left) > 0:
		return fmt.Sprintf("it left %v", left), false
	}
	return "", false
}

// TestRefused gives the command what it has to refuse: each ends with exit code 3 or 4 and a numbered diagnostic, and leaves
// nothing behind. A mutated model may be valid still; then it compiles, whole.
func TestRefused(t *testing.T) {
	list := slices.Concat(unsupported(t), truncated(t), cutText(t))
	kinds := len(list)
	for seed := range uint64(*mutants) {
		list = append(list, mutated(t, seed))
	}
	refused, valid, mutantsValid := 0, 0, 0
	for i, h := range list {
		t.Run(h.name, func(t *testing.T) {
			wrong, ok := compileHostile(t, h)
			switch {
			case wrong != "":
				t.Error(wrong)
			case ok:
				valid++
				if i >= kinds {
					mutantsValid++
				}
			default:
				refused++
			}
		})
	}
	t.Logf("refused: %d of %d handled; %d strings, sequences, loops, bfloat16 (%d read as float32) and damaged files, and %d mutated models, of which %d are refused and %d are valid still and compile",
		refused+valid, len(list), kinds, valid-mutantsValid, *mutants, *mutants-mutantsValid, mutantsValid)
}
