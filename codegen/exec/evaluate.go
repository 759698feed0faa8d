package exec

import (
	"github.com/amctc/amctc/codegen/plan"
	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/tensor"
	"github.com/amctc/amctc/runtime/rt"
)

// evaluate makes a task of an operator that has no kernel.
func evaluate(args any, on []any) task {
	a := args.(*plan.Evaluation)
	out := on[:len(a.Out)]
	return func(w *rt.Worker) {
		if !w.First() {
			w.Wait()
			return
		}
		c := &ir.EvalCtx{Node: a.Node, InType: a.In, OutType: a.Out, Out: make([]*tensor.Tensor, len(out))}
		for i, s := range on[len(out):] {
			c.In = append(c.In, widened(a.In[i], s))
		}
		if a.Node == nil {
			c.Out = c.In
		} else {
			a.Node.Op.Eval(c)
		}
		for i, s := range out {
			switch s := s.(type) {
			case []float32:
				copy(s, c.Out[i].F32)
			case []float64:
				copy(s, c.Out[i].F64)
			case []int64:
				for k := range s {
					s[k] = c.Out[i].Int(k)
				}
			}
		}
		w.Wait()
	}
}

// widened is a tensor of what a slot holds.
func widened(t ir.Type, s any) *tensor.Tensor {
	x := tensor.New(t.DType, t.Shape...)
	narrow(x, s)
	return x
}

// narrow fills a tensor with what a slot holds.
func narrow(x *tensor.Tensor, s any) {
	switch s := s.(type) {
	case []float32:
		copy(x.F32, s)
	case []float64:
		copy(x.F64, s)
	case []int64:
		for k, v := range s {
			x.SetInt(k, v)
		}
	}
}
