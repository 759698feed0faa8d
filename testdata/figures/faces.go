package main

import (
	"fmt"
	"math"

	"github.com/amctc/amctc/codegen/plan"
	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/passes"
)

// scoreOutputs are the outputs of BlazeFace that score its anchors: a logit for each of 512 on the fine grid, and for
// each of 384 on the coarse one.
var scoreOutputs = []int{0, 1}

// sureFace is the score from which a detection counts by default.
const sureFace = 0.5

// bestAnchor is the anchor with the greatest score of one sample, numbered through the score outputs, and that
// score, the logistic function of its logit; of equal ones the first.
func bestAnchor(out samples, i int) (anchor int, score float64) {
	top, base := float32(math.Inf(-1)), 0
	for _, k := range scoreOutputs {
		logits := out[i][k].F32
		for j, v := range logits {
			if v > top {
				anchor, top = base+j, v
			}
		}
		base += len(logits)
	}
	return anchor, 1 / (1 + math.Exp(-float64(top)))
}

// detections tells how far int8 finds what float finds on samples of which few show a face: whether both are sure of
// a face in the same ones, how far the best score moves, and where both are sure, whether the anchor is the same.
func detections(float, integer samples) string {
	verdict, both, same := 0, 0, 0
	var moved, most float64
	for i := range float {
		a, x := bestAnchor(float, i)
		b, y := bestAnchor(integer, i)
		if (x >= sureFace) == (y >= sureFace) {
			verdict++
		}
		if x >= sureFace && y >= sureFace {
			both++
			if a == b {
				same++
			}
		}
		moved, most = moved+math.Abs(x-y), max(most, math.Abs(x-y))
	}
	return fmt.Sprintf("a face with a score ≥ %.1f or none agrees on %d of %d, best anchor on %d of %d with a face in both, best score moves %.3f in the mean, %.3f at most",
		sureFace, verdict, len(float), same, both, moved/float64(len(float)), most)
}

// multiplyAdds tells which part of a module's multiply-adds is of codes of 8 bits, of 16 and of float32.
func multiplyAdds(m *ir.Module) (string, error) {
	p, err := plan.Build(m, m.Main(), plan.Options{})
	if err != nil {
		return "", err
	}
	var narrow, wide, float int64
	for i := range p.Steps {
		c := p.Cost(&p.Steps[i])
		switch {
		case c.Float:
			float += c.MACs
		case c.Wide:
			wide += c.MACs
		default:
			narrow += c.MACs
		}
	}
	all := float64(narrow + wide + float)
	if all == 0 {
		return "", fmt.Errorf("%s multiplies nothing", m.File)
	}
	text := fmt.Sprintf("multiply-adds %.0f %% int8", 100*float64(narrow)/all)
	if wide > 0 {
		text += fmt.Sprintf(", %.0f %% int16", 100*float64(wide)/all)
	}
	return text + fmt.Sprintf(", %.0f %% float", 100*float64(float)/all), nil
}

// pool is the name of the nth max pooling of BlazeFace, which halves its maps: "" is the first.
func pool(nth string) string {
	return "StatefulPartitionedCall/functional_1/max_pooling2d" + nth + "/MaxPool"
}

// evenFront evens out the channels of the front network, from the weights and from the data; what follows the third
// pooling, maps of 8x8, stays float.
func evenFront(s *passes.Settings, f *ir.Func) error {
	s.Default.Activation.Algorithm, s.Equalize, s.Default.Smooth = passes.MinMax, true, 0.5
	return split(s, f, "", pool("_2"))
}

// wideBack gives the layers of the back network before its first pooling, maps of 128x128, activations of 16 bits; what
// follows the third one, maps of 16x16 and 8x8, stays float.
func wideBack(s *passes.Settings, f *ir.Func) error {
	s.Default.Activation.Algorithm = passes.MinMax
	return split(s, f, pool(""), pool("_2"))
}

// split sets single nodes, as the file of --config does: layers before the first named node take activations of 16
// bits, unless there is no name, and nodes from the second one on stay float.
func split(s *passes.Settings, f *ir.Func, narrow, float string) error {
	s.Layers = make(map[string]passes.LayerSettings)
	wide, skip := narrow != "", false
	for _, n := range f.Nodes {
		wide, skip = wide && n.Name != narrow, skip || n.Name == float
		l := s.Default
		switch {
		case skip:
			l.Skip = true
		case wide && n.Op.Quant.IsLayer():
			l.Activation.Bits = 16
		default:
			continue
		}
		s.Layers[n.Name] = l
	}
	if wide || !skip {
		return fmt.Errorf("the network has no node %q or no node %q", narrow, float)
	}
	return nil
}
