package amct

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/amctc/amctc/ir/diag"
)

// A RetrainConfiguration is what a file of settings of quantization aware training holds: a *Retrain, which
// names every layer, or a *SimpleRetrain, which a network makes a Retrain of.
type RetrainConfiguration interface {
	// For is the configuration of one network. What a layer can't have is an error, or a warning where it
	// takes something else. The RetrainConfiguration stays as it is.
	For(net *Network) (*Retrain, *diag.List)
}

// A Retrain is AMCT's JSON config of quantization aware training (AMCT 3.3). A layer that is not in it stays
// float.
type Retrain struct {
	Version  int // 1
	BatchNum int // batches of data from which ranges start, positive
	Layers   map[string]*RetrainLayer
	Order    []string // the keys of Layers as the file has them

	at spots
}

// A RetrainLayer is what a config says of one layer; what it leaves out is nil.
type RetrainLayer struct {
	Enable  *bool
	Data    *RetrainData
	Weights *RetrainWeights
	Prune   *bool // regular_prune_enable, which can only be false
}

// A RetrainData is retrain_data_config: how a layer's input is quantized.
type RetrainData struct {
	Algo             *string  // "ulq_quantize"
	ClipMax, ClipMin *float64 // where the bounds start: both, above and below 0; nil for those of calibration
	FixedMin         *bool    // the lower bound is 0 and stays
	DstType          *string  // "INT4", "INT8" or "INT16"
}

// A RetrainWeights is retrain_weight_config.
type RetrainWeights struct {
	Algo        *string // "arq_retrain" or "ulq_retrain"
	ChannelWise *bool
	DstType     *string // "INT4" or "INT8"
}

// The algorithms of quantization aware training.
const (
	ULQ        = "ulq_quantize"
	ARQRetrain = "arq_retrain"
	ULQRetrain = "ulq_retrain"
)

var retrainAlgos = []string{ARQRetrain, ULQRetrain}

// Bits is the width that a dst_type names; 8 for nil.
func Bits(dstType *string) int {
	if dstType == nil {
		return 8
	}
	return widths[*dstType]
}

// NewRetrain is a config without layers.
func NewRetrain() *Retrain {
	return &Retrain{Version: 1, BatchNum: 1, Layers: make(map[string]*RetrainLayer), at: make(spots)}
}

// RetrainOf is AMCT's default config of a network: every layer with weights, with all its keys.
func RetrainOf(net *Network) *Retrain {
	c, _ := (&SimpleRetrain{BatchNum: 1}).For(net)
	return c
}

// Place is where the file has a setting, or the nearest one around it; the zero Span when there is no file.
func (c *Retrain) Place(path ...string) diag.Span { return c.at.get(path...) }

// For fits the layers that the config names.
func (c *Retrain) For(net *Network) (*Retrain, *diag.List) {
	b := &binder{net: net}
	out := *c
	out.Layers = make(map[string]*RetrainLayer)
	named := make(map[string]string)
	for _, name := range c.Order {
		n := b.trainable(c.Place(name), name)
		if n == nil {
			continue
		}
		if other, ok := named[n.Name]; ok {
			b.errorf("C002", c.Place(name), "the config names one layer as %q and as %q", clip(other), clip(name))
		}
		named[n.Name] = name
		l := c.Layers[name].clone()
		b.fitRetrain(n, l, func(path ...string) diag.Span { return c.Place(append([]string{name}, path...)...) })
		out.Layers[name] = l
	}
	return &out, &b.found
}

// trainable is the node of a name, which has weights; anything else is reported.
func (b *binder) trainable(at diag.Span, name string) *Node {
	n, t := b.quantizable(at, "", name)
	if n == nil {
		return nil
	}
	if !t.weights {
		b.errorf("C010", at, "layer %q is of type %s, which has nothing to train; its factors come from calibration after training: remove it", clip(name), n.Type)
		return nil
	}
	return n
}

func (l *RetrainLayer) clone() *RetrainLayer {
	out := *l
	if l.Data != nil {
		out.Data = ptrTo(*l.Data)
	}
	if l.Weights != nil {
		out.Weights = ptrTo(*l.Weights)
	}
	return &out
}

// fitRetrain makes l what n can have.
func (b *binder) fitRetrain(n *Node, l *RetrainLayer, at func(path ...string) diag.Span) {
	act, wts := 8, 8
	if l.Data != nil {
		act = Bits(l.Data.DstType)
	}
	if l.Weights != nil {
		wts = Bits(l.Weights.DstType)
	}
	switch {
	case act == 16 && wts != 8, act == 4 && wts != 4:
		b.errorf("C010", at(dataLevel, "dst_type"), "layer %q has activations of %d and weights of %d bits; the pairs are 8/8, 8/4, 4/4 and 16/8", n.Name, act, wts)
	}
}

func (c *Retrain) complete() {
	for _, l := range c.Layers {
		fill(&l.Enable, true)
		fill(&l.Data, RetrainData{})
		fill(&l.Data.Algo, ULQ)
		fill(&l.Data.DstType, "INT8")
		fill(&l.Weights, RetrainWeights{})
		fill(&l.Weights.Algo, ARQRetrain)
		fill(&l.Weights.ChannelWise, true)
		fill(&l.Weights.DstType, "INT8")
	}
}

// Format is the config as AMCT writes it: indented by 4, globals first and layers by name.
func (c *Retrain) Format() []byte {
	o := printedObject{}
	o.add("version", strconv.Itoa(c.Version))
	o.add("batch_num", strconv.Itoa(c.BatchNum))
	for _, name := range slices.Sorted(maps.Keys(c.Layers)) {
		o.add(name, c.Layers[name].printed())
	}
	var b strings.Builder
	print(&b, o, 0)
	b.WriteByte('\n')
	return []byte(b.String())
}

func (l *RetrainLayer) printed() printedObject {
	o := printedObject{}
	o.addBool("retrain_enable", l.Enable)
	if d := l.Data; d != nil {
		p := printedObject{}
		p.addString("algo", d.Algo)
		p.addFloat("clip_max", d.ClipMax)
		p.addFloat("clip_min", d.ClipMin)
		p.addBool("fixed_min", d.FixedMin)
		p.addString("dst_type", d.DstType)
		o.add(dataLevel, p)
	}
	if w := l.Weights; w != nil {
		p := printedObject{}
		p.addString("algo", w.Algo)
		p.addBool("channel_wise", w.ChannelWise)
		p.addString("dst_type", w.DstType)
		o.add(retrainWeightLevel, p)
	}
	o.addBool("regular_prune_enable", l.Prune)
	return o
}
