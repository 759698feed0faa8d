package amct

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
)

// Format is the config as AMCT writes it: indented by 4, no space after a colon, globals first and
// layers by name, keys in AMCT's order. Leaves that are nil are left out.
func (c *Config) Format() []byte {
	o := printedObject{}
	o.add("version", strconv.Itoa(c.Version))
	o.add("batch_num", strconv.Itoa(c.BatchNum))
	o.add("activation_offset", strconv.FormatBool(c.ActivationOffset))
	o.addBool("joint_quant", c.JointQuant)
	o.addBool("weight_offset", c.WeightOffset)
	o.add("do_fusion", strconv.FormatBool(c.DoFusion))
	o.addString("fakequant_precision_mode", c.PrecisionMode)
	skip := printedList{}
	for _, s := range c.SkipFusionLayers {
		skip = append(skip, quote(s))
	}
	o.add("skip_fusion_layers", skip)
	if c.TensorQuantize != nil {
		list := printedList{}
		for _, t := range c.TensorQuantize {
			list = append(list, t.printed())
		}
		o.add("tensor_quantize", list)
	}
	o.addBool("equalize", c.Equalize)
	o.addBool("bias_correction", c.BiasCorrection)
	o.addBool("shift_search", c.ShiftSearch)
	for _, name := range slices.Sorted(maps.Keys(c.Layers)) {
		o.add(name, c.Layers[name].printed())
	}
	var b strings.Builder
	print(&b, o, 0)
	b.WriteByte('\n')
	return []byte(b.String())
}

func (l *LayerConfig) printed() printedObject {
	o := printedObject{}
	o.addBool("quant_enable", l.QuantEnable)
	o.addFloat("dmq_balancer_param", l.Balance)
	o.addFloat("smooth_strength", l.Smooth)
	if l.Activation != nil {
		o.add("activation_quant_params", l.Activation.printed())
	}
	if l.Weight != nil {
		o.add("weight_quant_params", l.Weight.printed())
	}
	return o
}

func (t TensorQuantize) printed() printedObject {
	o := printedObject{}
	o.add("layer_name", quote(t.LayerName))
	o.add("input_index", strconv.Itoa(t.InputIndex))
	if t.Activation != nil {
		o.add("activation_quant_params", t.Activation.printed())
	}
	return o
}

func (a *ActivationConfig) printed() printedObject {
	p := printedObject{}
	p.addInt("num_bits", a.NumBits)
	p.addFloat("max_percentile", a.MaxPercentile)
	p.addFloat("min_percentile", a.MinPercentile)
	p.addFloats("search_range", a.SearchRange)
	p.addFloat("search_step", a.SearchStep)
	p.addInt("num_of_bins", a.NumOfBins)
	p.addString("act_algo", a.ActAlgo)
	p.addBool("asymmetric", a.Asymmetric)
	return p
}

func (w *WeightConfig) printed() printedObject {
	p := printedObject{}
	p.addInt("num_bits", w.NumBits)
	p.addString("wts_algo", w.WtsAlgo)
	p.addBool("channel_wise", w.ChannelWise)
	p.addInt("num_iteration", w.NumIteration)
	p.addFloat("reg_param", w.RegParam)
	p.addFloats("beta_range", w.BetaRange)
	p.addFloat("warm_start", w.WarmStart)
	p.addInt("num_steps", w.NumSteps)
	p.addInt("num_of_iteration", w.NumOfIteration)
	return p
}

// Values to print: printedObject, printedList, or the text of a scalar.
type (
	printedObject []printedMember
	printedList   []any
	printedMember struct {
		key   string
		value any
	}
)

func (o *printedObject) add(key string, v any) { *o = append(*o, printedMember{key, v}) }

func (o *printedObject) addBool(key string, b *bool) {
	if b != nil {
		o.add(key, strconv.FormatBool(*b))
	}
}

func (o *printedObject) addInt(key string, n *int) {
	if n != nil {
		o.add(key, strconv.Itoa(*n))
	}
}

func (o *printedObject) addFloat(key string, x *float64) {
	if x != nil {
		o.add(key, float(*x))
	}
}

func (o *printedObject) addFloats(key string, x []float64) {
	if x == nil {
		return
	}
	list := printedList{}
	for _, v := range x {
		list = append(list, float(v))
	}
	o.add(key, list)
}

func (o *printedObject) addString(key string, s *string) {
	if s != nil {
		o.add(key, quote(*s))
	}
}

func print(b *strings.Builder, v any, depth int) {
	line := func(i, depth int) {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString("\n" + strings.Repeat("    ", depth))
	}
	switch v := v.(type) {
	case string:
		b.WriteString(v)
	case printedList:
		b.WriteByte('[')
		for i, s := range v {
			line(i, depth+1)
			print(b, s, depth+1)
		}
		if len(v) > 0 {
			line(0, depth)
		}
		b.WriteByte(']')
	case printedObject:
		b.WriteByte('{')
		for i, m := range v {
			line(i, depth+1)
			b.WriteString(quote(m.key) + ":")
			print(b, m.value, depth+1)
		}
		if len(v) > 0 {
			line(0, depth)
		}
		b.WriteByte('}')
	}
}

// float is x as Python prints it: the fewest digits that give the same float64, always with a point
// or an exponent, which begins at 1e16 and below 1e-4.
func float(x float64) string {
	s := strconv.FormatFloat(x, 'e', -1, 64)
	if _, exp, ok := strings.Cut(s, "e"); ok {
		if n, err := strconv.Atoi(exp); err == nil && (n < -4 || n >= 16) {
			return s
		}
	}
	s = strconv.FormatFloat(x, 'f', -1, 64)
	if !strings.Contains(s, ".") {
		s += ".0"
	}
	return s
}

// quote is a JSON string in ASCII, as Python writes it.
func quote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case r >= ' ' && r < 0x7f:
			b.WriteRune(r)
		case r > 0xffff:
			hi, lo := utf16.EncodeRune(r)
			fmt.Fprintf(&b, `\u%04x\u%04x`, hi, lo)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	b.WriteByte('"')
	return b.String()
}
