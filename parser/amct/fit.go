package amct

import (
	"strconv"

	"github.com/amctc/amctc/ir/diag"
)

// fit makes l what n can have (AMCT 3.1 and 5.1). at finds places in the layer.
func (b *binder) fit(n *Node, t *layerType, l *LayerConfig, at func(path ...string) diag.Span) {
	bits, fell := 8, false
	if w := l.Weight; w != nil {
		asked := w.NumBits
		if !t.weights {
			b.noWeights(n, t, w, at)
		} else {
			b.fitWeight(n, t, w, at)
		}
		if w.NumBits != nil {
			bits = *w.NumBits
		}
		fell = asked != nil && *asked == 4 && bits == 8
	}
	if l.Balance != nil && !t.weights {
		b.errorf("C010", at("dmq_balancer_param"), "layer %q is of type %s, which has no weights to balance; remove dmq_balancer_param", n.Name, n.Type)
	}
	if l.Smooth != nil && !t.weights {
		b.errorf("C010", at("smooth_strength"), "layer %q is of type %s, which has no weights to balance; remove smooth_strength", n.Name, n.Type)
	}
	if a := l.Activation; a != nil {
		if fell && a.NumBits != nil && *a.NumBits == 4 {
			b.remark(diag.Warning, at(actLevel, "num_bits"), "layer %q has weights of 8 bits, so that its activations take 8 bits too", n.Name)
			a.NumBits = ptrTo(8)
		}
		b.fitActivation(n, t, a, bits, func(key string) diag.Span { return at(actLevel, key) })
	}
}

// noWeights judges weight_quant_params of an operator without weights: AMCT writes its defaults for
// average pooling, of which nothing else may be said.
func (b *binder) noWeights(n *Node, t *layerType, w *WeightConfig, at func(path ...string) diag.Span) {
	plain := (w.NumBits == nil || *w.NumBits == 8) && (w.WtsAlgo == nil || *w.WtsAlgo == "arq_quantize") && (w.ChannelWise == nil || !*w.ChannelWise)
	if !t.listed || !plain {
		b.errorf("C010", at(wtsLevel), "layer %q is of type %s, which has no weights; remove weight_quant_params", n.Name, n.Type)
	}
}

func (b *binder) fitActivation(n *Node, t *layerType, a *ActivationConfig, weightBits int, at spot) {
	if a.NumBits == nil || *a.NumBits == 8 {
		return
	}
	switch {
	case *a.NumBits == 4:
		if weightBits != 4 {
			b.errorf("C010", at("num_bits"), "layer %q has activations of 4 and weights of %d bits; the pairs are 8/8, 8/7, 8/6, 8/4, 4/4 and 16/8", n.Name, weightBits)
		}
	case !t.int16:
		b.errorf("C010", at("num_bits"), "layer %q is of type %s, whose activations take 8 bits; 16 are for Conv and for Gemm with a bias", n.Name, n.Type)
	case t.int16Bias && !n.Bias:
		b.errorf("C010", at("num_bits"), "layer %q is of type %s without bias, whose activations take 8 bits", n.Name, n.Type)
	case weightBits != 8:
		b.errorf("C010", at("num_bits"), "layer %q has activations of 16 and weights of %d bits; the pairs are 8/8, 8/7, 8/6, 8/4, 4/4 and 16/8", n.Name, weightBits)
	}
}

func (b *binder) fitWeight(n *Node, t *layerType, w *WeightConfig, place func(path ...string) diag.Span) {
	at := func(key string) diag.Span { return place(wtsLevel, key) }
	if w.ChannelWise != nil && *w.ChannelWise && !t.channelWise {
		b.remark(diag.Remark, at("channel_wise"), "layer %q is of type %s with channel_wise, which AMCT refuses and amctc has", n.Name, n.Type)
	}
	if w.WtsAlgo != nil && *w.WtsAlgo == "nuq_quantize" && n.Dilated {
		b.remark(diag.Warning, at("wts_algo"), "layer %q is a dilated convolution, for which AMCT has no nuq_quantize: its weights take arq_quantize", n.Name)
		*w = WeightConfig{ChannelWise: w.ChannelWise}
	}
	if w.NumBits == nil {
		return
	}
	switch bits := *w.NumBits; {
	case (bits == 6 || bits == 7) && !t.narrow:
		b.remark(diag.Remark, at("num_bits"), "layer %q is of type %s, whose weights take 8 bits: %d are for two-dimensional convolutions", n.Name, n.Type, bits)
		w.NumBits = ptrTo(8)
	case bits == 4 && n.Group > 1:
		b.remark(diag.Warning, at("num_bits"), "layer %q has %d groups, so that its weights take 8 bits: 4 are for one group", n.Name, n.Group)
		w.NumBits = ptrTo(8)
	case bits == 4 && n.Channels%2 != 0:
		b.remark(diag.Warning, at("num_bits"), "layer %q has an odd number of input channels, %d, so that its weights take 8 bits", n.Name, n.Channels)
		w.NumBits = ptrTo(8)
	}
}

func ptrTo[T any](x T) *T { return &x }

// globals judges names outside of layers.
func (b *binder) globals(c *Config) {
	for i, name := range c.SkipFusionLayers {
		b.layer(c.Place("skip_fusion_layers", strconv.Itoa(i)), " in skip_fusion_layers", name)
	}
	seen := make(map[string]bool)
	c.TensorQuantize = append(c.TensorQuantize[:0:0], c.TensorQuantize...)
	for i, q := range c.TensorQuantize {
		path := []string{"tensor_quantize", strconv.Itoa(i)}
		at := c.Place(path...)
		n, t := b.quantizable(at, " in tensor_quantize", q.LayerName)
		if n == nil {
			continue
		}
		key := n.Name + ":" + strconv.Itoa(q.InputIndex)
		switch l := c.Layers[q.LayerName]; {
		case t.weights || t.listed:
			b.errorf("C010", at, "layer %q in tensor_quantize is of type %s, whose input has settings of its own: write them as a layer", q.LayerName, n.Type)
		case q.InputIndex >= n.Operands:
			b.errorf("C010", at, "layer %q in tensor_quantize has no input %d to quantize: it has %d", q.LayerName, q.InputIndex, n.Operands)
		case seen[key]:
			b.errorf("C002", at, "tensor_quantize has input %d of layer %q twice", q.InputIndex, q.LayerName)
		case l != nil && l.QuantEnable != nil && !*l.QuantEnable:
			b.errorf("C010", at, "layer %q is in tensor_quantize, but has quant_enable false", q.LayerName)
		case t.passes:
			b.remark(diag.Remark, at, "layer %q is of type %s, through which codes go as they are: they have the factors of what reads its result", q.LayerName, n.Type)
		}
		seen[key] = true
		if q.Activation != nil {
			b.fitActivation(n, t, q.Activation, 8, func(key string) diag.Span { return c.Place(append(path, actLevel, key)...) })
		}
	}
}
