package onnx

import (
	"fmt"
	"slices"

	"google.golang.org/protobuf/proto"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/diag"
	"github.com/amctc/amctc/ir/op"
	"github.com/amctc/amctc/ir/tensor"
	pb "github.com/amctc/amctc/parser/onnx/onnxpb"
)

// Options adjust an import.
type Options struct {
	// InputShapes gives the shape of inputs by name. A leading 0 or -1 leaves the batch free.
	InputShapes map[string][]int
	// Dir is the model's folder, where external data are looked for; empty refuses them.
	Dir string
	// Bind gives inputs their value, by name, before anything else is done: they are constants then and no
	// parameters, so that shapes, axes and indices that are inputs of the graph are known.
	Bind map[string]*tensor.Tensor
	// Values is Bind with numbers as text, which are read as the input's type says and take its shape.
	Values map[string][]string
	// Numbers admits inputs, outputs and computed tensors of every number type, scalars, and outputs that are
	// inputs or constants. Such a function is evaluated, not compiled; without Numbers everything is float32.
	Numbers bool
}

// The versions that are read.
const (
	minIR, maxIR       = 3, 13
	minOpset, maxOpset = 1, 25
)

// Import reads a model. name stands for the file in diagnostics. The module has one function,
// main: its parameters are the graph's inputs without initializers, its results the graph's
// outputs, both in order. It is in stage float; in stage fake when the model has QuantizeLinear and
// its kin, whose factors are q.fake nodes; in stage int when it is one of AMCT's pair. The module is
// nil when the list holds errors.
func Import(name string, data []byte, opt Options) (*ir.Module, *diag.List) {
	im := &importer{
		file:       name,
		opt:        opt,
		diags:      &diag.List{},
		scope:      newScope(),
		captured:   make(map[*pb.NodeProto][]string),
		constNames: make(map[string]bool),
		constTried: make(map[string]int),
		nodeNames:  make(map[string]bool),
		budget:     foldBudget,
		quantized:  make(map[quantKey]*ir.Value),
		scales:     make(map[quantKey]float32),
		known:      make(map[*ir.Value]*literal),
		takes:      readsOf(),
	}
	model := &pb.ModelProto{}
	if err := proto.Unmarshal(data, model); err != nil {
		im.errorf(codeFile, "", "not an ONNX model: %v", err)
		return nil, im.diags
	}
	if model.Graph == nil {
		im.errorf(codeFile, "", "not an ONNX model: it holds no graph")
		return nil, im.diags
	}
	im.graph = model.Graph
	im.nodes = model.Graph.Node
	for _, o := range model.Graph.Output {
		im.scope.outputs = append(im.scope.outputs, o.Name)
	}
	im.versions(model)
	im.functions(model)
	im.build()
	if im.diags.HasErrors() {
		return nil, im.diags
	}
	return im.mod, im.diags
}

// An importer holds the state of one import.
type importer struct {
	file       string
	opt        Options
	diags      *diag.List
	graph      *pb.GraphProto
	mod        *ir.Module
	fn         *ir.Func
	b          *ir.Builder
	*scope                                // of the nodes that are imported now
	nesting    int                        // scopes around it
	inlined    int                        // nodes of all scopes but the graph
	captured   map[*pb.NodeProto][]string // see captures
	local      map[functionKey]*pb.FunctionProto
	constNames map[string]bool
	constTried map[string]int // the last number that was appended to a constant's name
	nodeNames  map[string]bool
	budget     int                    // elements that folding may still allocate
	quantized  map[quantKey]*ir.Value // codes made of a tensor, by scale
	scales     map[quantKey]float32   // scales chosen for a tensor, by reciprocal
	known      map[*ir.Value]*literal // constants that were folded
	takes      map[string]reads       // what operators take, see readsOf
	halves     bool                   // half precision was remarked
	dynamics   bool                   // dropped dynamic factors were remarked
}

// errorf reports a problem of the model as a whole, or of the named thing in it.
func (im *importer) errorf(code diag.Code, subject, format string, args ...any) {
	im.diags.Errorf(code, diag.Span{File: im.file}, subject, format, args...)
}

func (im *importer) versions(m *pb.ModelProto) {
	if v := m.IrVersion; v < minIR || v > maxIR {
		im.errorf(codeIRVersion, "", "IR version %d is outside %d to %d; convert the model with the onnx package", v, minIR, maxIR)
	}
	im.opset = 0
	for _, o := range m.OpsetImport {
		if isDefaultDomain(o.Domain) {
			im.opset = max(im.opset, o.Version)
		}
	}
	switch {
	case im.opset == 0 && !namelessOpset(m):
		im.opset = 13 // of no matter
	case im.opset == 0:
		im.errorf(codeOpset, "", "the model names no version of the default operator set; export it again with opset_version=13")
		im.opset = 13
	case im.opset < minOpset || im.opset > maxOpset:
		im.errorf(codeOpset, "", "opset %d is outside %d to %d; export again with opset_version=13, or use onnx.version_converter", im.opset, minOpset, maxOpset)
		im.opset = min(max(im.opset, minOpset), maxOpset)
	}
}

func isDefaultDomain(d string) bool { return d == "" || d == "ai.onnx" }

func (im *importer) build() {
	im.fn = &ir.Func{Name: "main", Stage: ir.StageFloat}
	im.mod = &ir.Module{File: im.file, Funcs: []*ir.Func{im.fn}}
	im.b = ir.NewBuilder(op.All(), im.fn, &diag.List{})
	im.initializers()
	im.inputs()
	for _, i := range im.order() {
		im.node(i)
	}
	im.results()
	if !im.diags.HasErrors() {
		im.sweep()
		im.stage()
	}
}

// results makes the function's results and names them after the graph's outputs where the name
// is free.
func (im *importer) results() {
	if len(im.graph.Output) == 0 {
		im.errorf(codeFile, "", "the graph has no outputs")
	}
	taken := make(map[string]bool)
	for _, v := range im.fn.Values() {
		taken[v.Name] = true
	}
	named := make(map[*ir.Value]bool)
	for i, o := range im.graph.Output {
		subject := fmt.Sprintf("output %q", o.Name)
		v := im.lookup(o.Name)
		switch {
		case v == nil:
			im.errorf(codeUndefined, subject, "no node, input or initializer provides it")
			continue
		case v.poisoned():
			continue
		case v.chain != nil && v.chain.rounded != nil:
			v = &value{name: v.name, node: v.chain.rounded}
		case v.dyn != nil:
			im.errorf(codeQuant, subject, "it is a result of DynamicQuantizeLinear, whose factors depend on the data of each call; remove it from the graph's outputs")
			continue
		case v.integral():
			im.errorf(codeQuant, subject, "it holds integers of a quantized model; outputs are float32, dequantize it or remove it from the graph's outputs")
			continue
		case v.lit != nil && im.opt.Numbers:
			k, p := im.constant(v.lit)
			if p != nil {
				im.errorf(p.code, subject, "%s", p.text)
				continue
			}
			im.fn.Results = append(im.fn.Results, k)
			continue
		case v.lit != nil:
			im.errorf(codeResult, subject, "it is a constant; remove it from the graph's outputs")
			continue
		case v.node.Def == nil && im.opt.Numbers:
			im.fn.Results = append(im.fn.Results, v.node)
			continue
		case v.node.Def == nil:
			im.errorf(codeResult, subject, "it is the input %q unchanged; remove it from the graph's outputs", v.name)
			continue
		case slices.ContainsFunc(im.graph.Output[:i], func(p *pb.ValueInfoProto) bool { return p.Name == o.Name }):
			im.errorf(codeTwice, subject, "the graph lists it twice among its outputs")
			continue
		}
		if id := ir.Identifier(o.Name); !named[v.node] && (id == v.node.Name || !taken[id]) {
			taken[id], named[v.node] = true, true
			v.node.Name = id
		}
		im.fn.Results = append(im.fn.Results, v.node)
	}
}

// sweep drops nodes whose results nothing needs, such as those that only fed shape arithmetic,
// and constants that nothing refers to.
func (im *importer) sweep() {
	live := make(map[*ir.Value]bool)
	for _, v := range im.fn.Results {
		live[v] = true
	}
	var kept []*ir.Node
	for _, n := range slices.Backward(im.fn.Nodes) {
		if !slices.ContainsFunc(n.Results, func(v *ir.Value) bool { return live[v] }) {
			continue
		}
		kept = append(kept, n)
		for _, v := range n.Operands {
			live[v] = true
		}
	}
	slices.Reverse(kept)
	im.fn.Nodes = kept
	im.mod.DropUnusedConsts()
}
