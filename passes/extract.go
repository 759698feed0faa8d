package passes

import (
	"fmt"

	"github.com/amctc/amctc/ir"
)

// Extract is the part of a float network between two of its values: a network whose only parameter is from
// and whose only result is to. It fails where to depends on anything else.
func Extract(m *ir.Module, from, to string) (*ir.Module, error) {
	out := m.Clone()
	f := out.Main()
	values := make(map[string]*ir.Value)
	for _, p := range f.Params {
		values[p.Name] = p
	}
	for _, n := range f.Nodes {
		for _, v := range n.Results {
			values[v.Name] = v
		}
	}
	start, end := values[from], values[to]
	if start == nil || end == nil {
		return nil, fmt.Errorf("the network has no values %%%s and %%%s", from, to)
	}
	p := &ir.Value{Name: start.Name, Type: start.Type}
	needed := make(map[*ir.Node]bool)
	var walk func(v *ir.Value) error
	walk = func(v *ir.Value) error {
		switch {
		case v == start || v.IsConst():
			return nil
		case v.Def == nil:
			return fmt.Errorf("%%%s depends on %%%s too, which is not behind %%%s", to, v.Name, from)
		case needed[v.Def]:
			return nil
		}
		needed[v.Def] = true
		for _, o := range v.Def.Operands {
			if err := walk(o); err != nil {
				return err
			}
		}
		return nil
	}
	if err := walk(end); err != nil {
		return nil, err
	}
	part := &ir.Func{Name: f.Name, Stage: f.Stage, Params: []*ir.Value{p}, Results: []*ir.Value{end}}
	for _, n := range f.Nodes {
		if !needed[n] {
			continue
		}
		for i, o := range n.Operands {
			if o == start {
				n.Operands[i] = p
			}
		}
		part.Nodes = append(part.Nodes, n)
	}
	if len(part.Nodes) == 0 {
		return nil, fmt.Errorf("nothing lies between %%%s and %%%s", from, to)
	}
	out.Funcs = []*ir.Func{part}
	out.DropUnusedConsts()
	if l := ir.Verify(out); l.HasErrors() {
		return nil, l.Err()
	}
	return out, nil
}
