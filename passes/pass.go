// Package passes rewrites ir into ir: from the float network to the integer one. The pipeline is a
// table in pipeline.go; read it first.
package passes

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/diag"
)

// A Pass is one step. In and Out are the stages that hold before and after it; Keeps is what validation
// holds it to.
type Pass struct {
	Name    string
	Doc     string
	In, Out ir.Stage
	Keeps   Promise
	Run     func(*Context, *ir.Module, *ir.Func) error
}

// Progress tells a front end how far a long step is. Done counts to Total.
type Progress func(stage string, done, total int)

// Context is what passes share: the operator set, the settings, the factors, and where remarks go.
type Context struct {
	context.Context
	Ops      *ir.OpSet
	Log      *slog.Logger
	Progress Progress
	Settings *Settings
	Factors  *Factors
	// Float is the float module that the factors were found on, set by calibration: steps that
	// round compare with it.
	Float   *ir.Module
	Target  TargetFacts
	Remarks diag.List
	// Validate, when not nil, compares the function before and after every pass.
	Validate *Validation
	// Fuel is how many patches may still be applied; negative means no limit.
	Fuel    int
	Patches int
}

// TargetFacts are what legalization asks of a description.
type TargetFacts struct {
	Name string
}

// NewContext has no limit of fuel, default settings and no log.
func NewContext(ctx context.Context, ops *ir.OpSet) *Context {
	return &Context{Context: ctx, Ops: ops, Log: slog.New(slog.DiscardHandler), Progress: func(string, int, int) {},
		Settings: NewSettings(), Factors: NewFactors(), Fuel: -1}
}

// Apply carries p out unless the fuel is used up, and says whether it did.
func (c *Context) Apply(p *ir.Patch) bool {
	if c.Fuel == 0 {
		return false
	}
	if c.Fuel > 0 {
		c.Fuel--
	}
	c.Patches++
	c.Log.Debug("patch", "n", c.Patches, "reason", p.Reason)
	p.Apply()
	return true
}

// Remark reports something the user should know about a node.
func (c *Context) Remark(code diag.Code, n *ir.Node, format string, args ...any) {
	d := diag.Errorf(code, n.Span, n.Subject(), format, args...)
	d.Severity = diag.Remark
	c.Remarks.Add(d)
}

// Warn is Remark with more weight.
func (c *Context) Warn(code diag.Code, n *ir.Node, format string, args ...any) {
	d := diag.Errorf(code, n.Span, n.Subject(), format, args...)
	d.Severity = diag.Warning
	c.Remarks.Add(d)
}

// rewrite offers every node to f until no rewrite happens; f returns a patch to apply, or nil.
func rewrite(f func(*Context, *ir.Module, *ir.Func, *ir.Node, map[*ir.Value][]ir.Use) *ir.Patch) func(*Context, *ir.Module, *ir.Func) error {
	return func(c *Context, m *ir.Module, fn *ir.Func) error {
		limit := 16 * (len(fn.Nodes) + 16)
		for range limit {
			changed := false
			uses := fn.Uses()
			for i := 0; i < len(fn.Nodes); i++ {
				p := f(c, m, fn, fn.Nodes[i], uses)
				if p == nil {
					continue
				}
				if !c.Apply(p) {
					return nil
				}
				changed = true
				uses = fn.Uses()
				i = max(-1, i-2)
			}
			if !changed {
				return nil
			}
		}
		return fmt.Errorf("rewrites of @%s do not come to an end", fn.Name)
	}
}

// single is the only use of v when that is an operand of a node; otherwise nil.
func single(uses map[*ir.Value][]ir.Use, v *ir.Value) *ir.Node {
	if u := uses[v]; len(u) == 1 && u[0].Node != nil {
		return u[0].Node
	}
	return nil
}

// producer is the node of the given operator that defines v, or nil.
func producer(v *ir.Value, op string) *ir.Node {
	if v.Def != nil && v.Def.Op.Name == op {
		return v.Def
	}
	return nil
}
