package passes

import "github.com/amctc/amctc/ir"

// softmaxOf is x of e/sum(e), e the exponentials of x or of x less its maximum along the axis; or nil.
func softmaxOf(n *ir.Node) (x *ir.Value, axis int) {
	if n.Op.Name != "nn.div" {
		return nil, 0
	}
	e, axis := alongAxis(n.Operands[1], "nn.reduce_sum")
	if e == nil || e != n.Operands[0] || e.Def == nil || e.Def.Op.Name != "nn.exp" {
		return nil, 0
	}
	return belowMaximum(e.Def.Operands[0], axis), axis
}

// logSoftmaxOf is x of d - log(sum(exp(d))), d being x or x less its maximum, or of the logarithm of a softmax; or nil.
func logSoftmaxOf(n *ir.Node) (x *ir.Value, axis int) {
	switch n.Op.Name {
	case "nn.log":
		if d := producer(n.Operands[0], "nn.softmax"); d != nil {
			return d.Operands[0], d.Int("axis")
		}
	case "nn.sub":
		log := producer(n.Operands[1], "nn.log")
		if log == nil {
			break
		}
		e, axis := alongAxis(log.Operands[0], "nn.reduce_sum")
		if e != nil && e.Def != nil && e.Def.Op.Name == "nn.exp" && e.Def.Operands[0] == n.Operands[0] {
			return belowMaximum(n.Operands[0], axis), axis
		}
	}
	return nil, 0
}

// belowMaximum is x of x less its maximum along an axis, or v itself.
func belowMaximum(v *ir.Value, axis int) *ir.Value {
	if d := producer(v, "nn.sub"); d != nil {
		if x, a := alongAxis(d.Operands[1], "nn.reduce_max"); x == d.Operands[0] && a == axis {
			return x
		}
	}
	return v
}

// alongAxis is what v is the reduction of, along one axis that stays as 1; or nil.
func alongAxis(v *ir.Value, name string) (x *ir.Value, axis int) {
	if d := producer(v, name); d != nil && d.Bool("keep") && len(d.Ints("axes")) == 1 {
		return d.Operands[0], d.Ints("axes")[0]
	}
	return nil, 0
}
