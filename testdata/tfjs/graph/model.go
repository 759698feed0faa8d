package graph

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// What a model may be at most.
const (
	maxJSON    = 64 << 20
	maxWeights = 512 << 20 // bytes of all files
	maxNodes   = 1 << 16
	maxRank    = 8
	maxDim     = 1 << 24 // of an axis, a stride or a dilation
)

// A Model is a network with its weights.
type Model struct {
	nodes   []*node // in the order of the file
	byName  map[string]*node
	weights map[string]*array
	outputs []string // names of nodes, in the order of the file
}

// A node is one node of the GraphDef.
type node struct {
	Name  string           `json:"name"`
	Op    string           `json:"op"`
	Input []string         `json:"input"`
	Attr  map[string]*attr `json:"attr"`
}

type signature struct {
	Outputs map[string]*struct {
		Name string `json:"name"`
	} `json:"outputs"`
}

type file struct {
	Format   string `json:"format"`
	Topology *struct {
		Node    []*node `json:"node"`
		Library struct {
			Function []json.RawMessage `json:"function"`
		} `json:"library"`
	} `json:"modelTopology"`
	Manifest  []*group   `json:"weightsManifest"`
	Signature *signature `json:"signature"`
	UserData  struct {
		Signature *signature `json:"signature"`
	} `json:"userDefinedMetadata"`
}

// Read reads the model whose model.json is at path, and its weights beside it.
func Read(path string) (*Model, error) {
	text, err := readFile(path, maxJSON)
	if err != nil {
		return nil, err
	}
	m, err := Parse(text, func(name string, limit int) ([]byte, error) {
		return readFile(filepath.Join(filepath.Dir(path), name), limit)
	})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return m, nil
}

// Outputs are the names of the outputs, in their order.
func (m *Model) Outputs() []string { return slices.Clone(m.outputs) }

func readFile(path string, limit int) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, int64(limit)+1))
	if err == nil && len(b) > limit {
		err = fmt.Errorf("%s: has more than the %d bytes that it may have", path, limit)
	}
	return b, err
}

// Parse reads a model from the text of its model.json. Files of weights, named without a folder, come from open, which
// gives no more than limit bytes.
func Parse(text []byte, open func(name string, limit int) ([]byte, error)) (*Model, error) {
	var f file
	if err := json.Unmarshal(text, &f); err != nil {
		return nil, fmt.Errorf("no model.json: %w", err)
	}
	switch {
	case f.Format != "" && f.Format != "graph-model":
		return nil, fmt.Errorf("its format is %q; want a graph-model, which tensorflowjs_converter makes with --output_format=tfjs_graph_model", f.Format)
	case f.Topology == nil || len(f.Topology.Node) == 0:
		return nil, errors.New("it has no modelTopology with nodes")
	case len(f.Topology.Node) > maxNodes:
		return nil, fmt.Errorf("it has %d nodes, more than %d", len(f.Topology.Node), maxNodes)
	case len(f.Topology.Library.Function) > 0:
		return nil, errors.New("it calls functions of a library; want a frozen graph without them")
	}
	m := &Model{nodes: f.Topology.Node, byName: make(map[string]*node)}
	for i, n := range m.nodes {
		if n == nil || n.Name == "" || n.Op == "" || strings.ContainsAny(n.Name, ":^") {
			return nil, fmt.Errorf("node %d has no proper name or operator", i)
		}
		if m.byName[n.Name] != nil {
			return nil, fmt.Errorf("two nodes are called %s", n.Name)
		}
		m.byName[n.Name] = n
	}
	if err := m.references(); err != nil {
		return nil, err
	}
	s := f.Signature
	if s == nil {
		s = f.UserData.Signature
	}
	if err := m.results(s); err != nil {
		return nil, err
	}
	var err error
	m.weights, err = readWeights(f.Manifest, open)
	return m, err
}

// references brings inputs to names of nodes: "x:0" is x, "^x" says only what comes first and is left out.
func (m *Model) references() error {
	for _, n := range m.nodes {
		data := make([]string, 0, len(n.Input))
		for _, in := range n.Input {
			if strings.HasPrefix(in, "^") {
				continue
			}
			name := strings.TrimSuffix(in, ":0")
			if m.byName[name] == nil {
				return fmt.Errorf("node %s (%s) reads %s, which is the first output of no node", n.Name, n.Op, in)
			}
			data = append(data, name)
		}
		n.Input = data
	}
	return nil
}

// results finds the outputs: those of the signature, or else what no node reads.
func (m *Model) results(s *signature) error {
	is := make(map[string]bool)
	if s != nil {
		for key, o := range s.Outputs {
			if o == nil {
				return fmt.Errorf("output %s of the signature has no name", key)
			}
			name := strings.TrimSuffix(o.Name, ":0")
			if m.byName[name] == nil {
				return fmt.Errorf("output %s of the signature is %q, the first output of no node", key, o.Name)
			}
			is[name] = true
		}
	}
	if len(is) == 0 {
		for _, n := range m.nodes {
			is[n.Name] = n.Op != "Const" && n.Op != "Placeholder"
		}
		for _, n := range m.nodes {
			for _, in := range n.Input {
				is[in] = false
			}
		}
	}
	for _, n := range m.nodes {
		if is[n.Name] {
			m.outputs = append(m.outputs, n.Name)
		}
	}
	if len(m.outputs) == 0 {
		return errors.New("it has no output")
	}
	return nil
}
