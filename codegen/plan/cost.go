package plan

import "github.com/amctc/amctc/runtime/rt"

// A Cost is what a step has to do at the plan's batch.
type Cost struct {
	// MACs are the multiply-adds of convolutions and matrix products, taps in a border included; those of codes of
	// int16 count once. Other operators have none.
	MACs int64
	// Weights are the bytes of weights, biases and factors in the order in which the kernel reads them.
	Weights int64
	// Moved are the bytes that the kernel touches, each counted once: Weights, sources, results and
	// scratch memory of the arena. What a kernel keeps for itself on the way is not in it.
	Moved int64
	// Float says that the multiply-adds are of float32 numbers.
	Float bool
	// Wide says that the step makes or multiplies codes of int16.
	Wide bool
}

// Cost is what step s of p has to do.
func (p *Plan) Cost(s *Step) Cost {
	c := operands(s.Args)
	c.Moved = c.Weights
	for i, slot := range s.Slots {
		if slot.In == Tapped {
			continue
		}
		n := p.Len(slot)
		if from, of := touched(s.Args); i == 1 && of > 0 {
			n = n / of * from
		}
		c.Moved += int64(n * p.Kind(slot).Size())
	}
	if a, ok := s.Args.(*rt.Concat); ok { // a part of the result
		size := int64(p.Kind(s.Slots[0]).Size())
		c.Moved = 2 * int64(a.Outer*a.N) * size
	}
	return c
}

// operands are the multiply-adds and the weights of a kernel's arguments.
func operands(args any) Cost {
	switch a := args.(type) {
	case *rt.Conv:
		return Cost{MACs: taps(a.N, a.Out, a.C, &a.Window), Weights: packed(&a.Packed)}
	case *rt.ConvAddArgs:
		return operands(&a.Conv)
	case *rt.ConvWideArgs:
		return operands(&a.Conv).more(len(a.LowBias))
	case *rt.ConvShiftedArgs:
		return operands(&a.Conv).and(len(a.Shift))
	case *rt.ConvGroupsShiftedArgs:
		return operands(&a.ConvGroupsArgs).and(len(a.Shift))
	case *rt.ConvGroupsWideArgs:
		return operands(&a.ConvGroupsArgs).more(len(a.LowBias))
	case *rt.DepthwiseWideArgs:
		return Cost{MACs: taps(a.N, a.C, 1, &a.Window), Weights: int64(len(a.Weights) + 4*len(a.Bias) + 4*len(a.M)), Wide: true}
	case *rt.ConvGroupsArgs:
		return Cost{MACs: taps(a.N, a.Out, a.C/a.Group, &a.Window), Weights: packed(&a.Packed)}
	case *rt.DepthwiseArgs:
		return Cost{MACs: taps(a.N, a.C, 1, &a.Window), Weights: packed(&a.Packed)}
	case *rt.StripsArgs:
		e, m, p := operands(&a.Expand), operands(&a.Middle), operands(&a.Project)
		return Cost{MACs: e.MACs + m.MACs + p.MACs, Weights: e.Weights + m.Weights + p.Weights}
	case *rt.ConvF32Args:
		return Cost{MACs: taps(a.N, a.Out, a.C/a.Group, &a.Window), Weights: numbers(a.Weights, a.Bias), Float: true}
	case *rt.ConvComputedF32Args:
		return Cost{MACs: taps(a.N, a.Out, a.C/a.Group, &a.Window), Float: true}
	case *rt.DepthwiseF32Args:
		return Cost{MACs: taps(a.N, a.C, 1, &a.Window), Weights: numbers(a.Weights, a.Bias), Float: true}
	case *rt.DenseF32Args:
		return Cost{MACs: int64(a.Rows) * int64(a.K) * int64(a.Out), Weights: numbers(a.Weights, a.Bias), Float: true}
	case *rt.DenseComputedF32Args:
		return Cost{MACs: int64(a.Rows) * int64(a.K) * int64(a.Out), Float: true}
	case *rt.Products:
		return Cost{MACs: int64(matrices(a)) * int64(a.Rows) * int64(a.K) * int64(a.Out), Float: true}
	case *rt.MatMulArgs:
		return Cost{MACs: int64(matrices(&a.Products)) * int64(a.Rows) * int64(a.K) * int64(a.Out)}
	case *rt.QuantizeWideArgs:
		return Cost{Wide: true}
	case *rt.TableArgs:
		return Cost{Weights: int64(len(a.Table))}
	case *rt.BatchNormF32Args:
		return Cost{Weights: numbers(a.A, a.B)}
	}
	return Cost{}
}

// more is the cost with codes of int16 and so many more biases.
func (c Cost) more(biases int) Cost {
	c.Wide = true
	c.Weights += 4 * int64(biases)
	return c
}

// and adds bytes of weights.
func (c Cost) and(bytes int) Cost {
	c.Weights += int64(bytes)
	return c
}

// taps are the products of n images with out channels, each of which reads channels of the source.
func taps(n, out, channels int, w *rt.Window) int64 {
	return int64(n) * int64(w.OutH) * int64(w.OutW) * int64(out) * int64(w.KH) * int64(w.KW) * int64(channels)
}

func packed(p *rt.Packed) int64 { return int64(len(p.Weights) + 4*len(p.Bias) + 4*len(p.M)) }

func numbers(weights, bias []float32) int64 { return 4 * int64(len(weights)+len(bias)) }

// touched is how many of the positions of an image, the first source, lie under a window, and how many
// there are; 0, 0 for a kernel that reads all of its sources.
func touched(args any) (from, of int) {
	var w *rt.Window
	switch a := args.(type) {
	case *rt.Conv:
		if a.Padded {
			return 0, 0 // all of it is copied
		}
		w = &a.Window
	case *rt.ConvAddArgs:
		return touched(&a.Conv)
	case *rt.ConvGroupsArgs:
		w = &a.Window
	case *rt.DepthwiseArgs:
		w = &a.Window
	case *rt.ConvF32Args:
		w = &a.Window
	case *rt.ConvComputedF32Args:
		w = &a.Window
	case *rt.DepthwiseF32Args:
		w = &a.Window
	default:
		return 0, 0
	}
	return covered(w.H, w.OutH, w.KH, w.SH, w.DH, w.Top) * covered(w.W, w.OutW, w.KW, w.SW, w.DW, w.Left), w.H * w.W
}

// covered is the number of the n positions of an axis that lie under one of out windows.
func covered(n, out, k, s, d, before int) int {
	under := make([]bool, n)
	count := 0
	for o := range out {
		for t := range k {
			if at := o*s - before + t*d; at >= 0 && at < n && !under[at] {
				under[at] = true
				count++
			}
		}
	}
	return count
}
