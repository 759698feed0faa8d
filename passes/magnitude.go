package passes

import (
	"context"
	"math"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/tensor"
)

// A number is a computed tensor with what bounds its rounding: it is a sum of products whose terms, taken absolute,
// sum up to magnitude, and each term has gone through at most rounds roundings to float32. Then it lies within
// rounds*u/(1-rounds*u) * magnitude of the exact sum, u = 2^-24, whatever the order of the sum (Higham, Accuracy and
// Stability of Numerical Algorithms, 3.1). An exact number has no rounds.
type number struct {
	t         *tensor.Tensor
	magnitude *tensor.Tensor // of t's shape; nil stands for |t|
	rounds    int            // unbounded: no rule gives a bound
}

const unbounded = -1

// bound is how far element i may lie from the exact sum.
func (x number) bound(i int) float64 {
	if x.rounds == 0 {
		return 0
	}
	u := float64(float64(x.rounds) * 0x1p-24)
	m := math.Abs(x.t.Real(i))
	if x.magnitude != nil {
		m = math.Abs(float64(x.magnitude.F32[i]))
	}
	// Magnitudes are float32 sums of positive terms: less than 1 + 2u of the exact ones. Below the normal numbers a
	// rounding may lose half of the least one.
	return float64(u/(1-min(u, .5))*m*(1+float64(2*u))) + float64(float64(x.rounds)*0x1p-149)
}

// merged are the roundings that a constant may have which a pass computed from others: a normalization's factor
// takes four, its product with a weight one.
const merged = 8

// evaluate executes n and bounds its roundings by a rule for its operator: sums of products are executed again on
// magnitudes. An operator without a rule is exact on exact operands, because it is the same function before and after,
// and unbounded on others.
func evaluate(ctx context.Context, n *ir.Node, in []number, batch int, bounded bool) ([]number, error) {
	ts := make([]*tensor.Tensor, len(in))
	exact := true
	for i, x := range in {
		ts[i] = x.t
		exact = exact && x.rounds == 0
	}
	out, err := execute(ctx, n, ts, batch)
	if err != nil {
		return nil, err
	}
	res := make([]number, len(out))
	for i, t := range out {
		res[i].t = t
	}
	if !bounded {
		return res, nil
	}
	for _, x := range in {
		if x.rounds == unbounded {
			return unbounds(res), nil
		}
	}
	most, sum := 0, 0
	for _, x := range in {
		most, sum = max(most, x.rounds), sum+x.rounds
	}
	switch {
	case n.Op.Has(ir.Identity) || n.Op.Bounds != nil: // steps of at most one
		res[0].magnitude, res[0].rounds = in[0].magnitude, most
		if in[0].magnitude == nil {
			res[0].magnitude = absolute(in[0])
		}
		return res, nil
	case n.Op.Has(ir.KeepsParams):
		if res[0].rounds = most; most == 0 {
			return res, nil
		}
	case n.Op.Name == "nn.softmax" || n.Op.Name == "nn.log_softmax":
		// No partial derivative exceeds 1/2, of the logarithms those of one result add up to less than 2, and the exponentials round
		// the same way on both sides.
		if most > 0 {
			first := float32(1)
			if n.Op.Name == "nn.log_softmax" {
				first = 4
			}
			top := first
			for i := range in[0].t.F32 {
				top = max(top, float32(first*float32(in[0].bound(i)/float64(most)*0x1p24)))
			}
			res[0].magnitude, res[0].rounds = filled(top, out[0].Shape), most+ts[0].Shape[n.Int("axis")]+8
		}
		return res, nil
	default:
		terms, ok := termsOf(n, ts)
		if !ok {
			if y, bounded := in[0].function(n, out[0]); bounded && !exact {
				res[0] = y
			} else if !exact {
				return unbounds(res), nil
			}
			return res, nil
		}
		if n.Op.Name == "nn.add" || n.Op.Name == "nn.sub" || n.Op.Name == "nn.avg_pool2d" {
			sum = most
		}
		res[0].rounds = sum + terms
	}
	mags := make([]*tensor.Tensor, len(in))
	for i, x := range in {
		if mags[i] = x.t; !n.Indexes(i) {
			mags[i] = absolute(x)
		}
	}
	if n.Op.Name == "nn.sub" {
		mags[1] = negative(mags[1])
	}
	if n.Op.Name == "nn.batch_norm" {
		mags[3] = negative(mags[3]) // beta - mean*a
	}
	m, err := execute(ctx, n, mags, batch)
	if err != nil {
		return nil, err
	}
	res[0].magnitude = m[0]
	return res, nil
}

// unbounds says of every result that no rule bounds it.
func unbounds(res []number) []number {
	for i := range res {
		res[i].rounds = unbounded
	}
	return res
}

// termsOf bounds the roundings that a term of a sum of products goes through in n.
func termsOf(n *ir.Node, in []*tensor.Tensor) (int, bool) {
	switch n.Op.Name {
	case "nn.add", "nn.sub", "nn.mul":
		return 1, true
	case "nn.batch_norm":
		return 2 + merged, true
	case "nn.avg_pool2d":
		k := n.Ints("kernel")
		return k[0]*k[1] + 1, true
	case "nn.conv2d", "nn.dense":
		return in[1].Len()/in[1].Shape[0] + 2, true
	case "nn.matmul":
		return in[0].Shape[len(in[0].Shape)-1] + 1, true
	}
	return 0, false
}

func absolute(x number) *tensor.Tensor {
	if x.magnitude != nil {
		return x.magnitude
	}
	out := tensor.New(tensor.F32, x.t.Shape...)
	for i := range out.F32 {
		out.F32[i] = float32(math.Abs(x.t.Real(i)))
	}
	return out
}

func negative(t *tensor.Tensor) *tensor.Tensor {
	out := tensor.New(tensor.F32, t.Shape...)
	for i, v := range t.F32 {
		out.F32[i] = -v
	}
	return out
}

func filled(v float32, shape []int) *tensor.Tensor {
	out := tensor.New(tensor.F32, shape...)
	for i := range out.F32 {
		out.F32[i] = v
	}
	return out
}
