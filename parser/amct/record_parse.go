package amct

import (
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"google.golang.org/protobuf/encoding/prototext"

	"github.com/amctc/amctc/ir/diag"
	"github.com/amctc/amctc/parser/amct/amctpb"
)

// ParseRecord reads a record file. Entries of the same key are merged, later values winning, and
// stand where the key first appears: AMCT writes weights and activations in separate phases. name
// is the file's name in messages.
func ParseRecord(name string, text []byte) (*Record, error) {
	var f findings
	var m amctpb.ScaleOffsetRecord
	if err := prototext.Unmarshal(text, &m); err != nil {
		f.addText(name, err)
		return nil, f.err()
	}
	p := recordReader{name: name, findings: &f, layers: make(map[string]*Layer)}
	if len(m.PruneRecord) > 0 {
		p.unsupported("", "prune_record (channel pruning)")
	}
	for i, e := range m.Record {
		p.entry(i, e)
	}
	if len(m.Record) == 0 && f.list.Len() == 0 {
		p.errorf("R002", "", "record_file is empty, no layers to be quantized")
	}
	for _, l := range p.record.Layers {
		p.check(l)
	}
	if err := f.err(); err != nil {
		return nil, err
	}
	return &p.record, nil
}

// prototextPlace finds the place in an error of the text reader.
var prototextPlace = regexp.MustCompile(`^proto:\s*(?:syntax error\s*)?\(line (\d+):(\d+)\):\s*`)

func (f *findings) addText(name string, err error) {
	// The reader varies the white space of its messages on purpose.
	msg := spaces.ReplaceAllString(err.Error(), " ")
	pos := diag.Span{File: name}
	if m := prototextPlace.FindStringSubmatch(msg); m != nil {
		pos.Start.Line, _ = strconv.Atoi(m[1])
		pos.Start.Col, _ = strconv.Atoi(m[2])
		msg = msg[len(m[0]):]
	}
	f.add("R001", pos, "not an AMCT record: %s", msg)
}

var spaces = regexp.MustCompile(`[\s\x{a0}]+`)

type recordReader struct {
	*findings
	name   string
	record Record
	layers map[string]*Layer
}

// errorf reports something about the entry of a key, or about the whole file.
func (p *recordReader) errorf(code diag.Code, key, format string, args ...any) {
	p.add(code, diag.Span{File: p.name, Node: key}, format, args...)
}

// unsupported refuses a feature of AMCT that this version does not have.
func (p *recordReader) unsupported(key, what string) {
	if key == "" {
		p.errorf("R006", "", "%s is not supported in this version", what)
		return
	}
	p.errorf("R006", key, "%s is not supported in this version, in layer %q", what, key)
}

func (p *recordReader) entry(i int, e *amctpb.MapFiledEntry) {
	key, ok := last(e.Key)
	if !ok || key == "" {
		p.errorf("R003", "", "record %d (counted from 0) has no key", i)
		return
	}
	if len(e.KvCacheValue) > 0 {
		p.unsupported(key, "kv_cache_value")
	}
	l := p.layers[key]
	if l == nil {
		l = &Layer{Key: key}
		p.layers[key] = l
		p.record.Layers = append(p.record.Layers, l)
	}
	for _, v := range e.Value {
		p.merge(l, v)
		p.refuse(key, v)
	}
}

// merge lays the fields that v has over l.
func (p *recordReader) merge(l *Layer, v *amctpb.SingleLayerRecord) {
	if s, ok := last(v.ScaleD); ok {
		l.ScaleD, l.HasScaleD = s, true
	}
	set(&l.OffsetD, v.OffsetD)
	setList(&l.ScaleW, v.ScaleW)
	setList(&l.OffsetW, v.OffsetW)
	setList(&l.ShiftBit, v.ShiftBit)
	setList(&l.TensorBalanceFactor, v.TensorBalanceFactor)
	setList(&l.Cluster, v.Cluster)
	if s, ok := last(v.FakequantPrecisionMode); ok && s == HalfPrecision {
		l.PrecisionMode = s
	}
	set(&l.SkipFusion, v.SkipFusion)
	set(&l.DstType, v.DstType)
	set(&l.ActType, v.ActType)
	set(&l.WtsType, v.WtsType)
	set(&l.IsTensorQuantize, v.IsTensorQuantize)
	set(&l.OpDataType, v.OpDataType)
}

func last[T any](v []T) (x T, ok bool) {
	if len(v) == 0 {
		return x, false
	}
	return v[len(v)-1], true
}

func set[T any](to *T, v []T) {
	if x, ok := last(v); ok {
		*to = x
	}
}

func setList[T any](to *[]T, v []T) {
	if len(v) > 0 {
		*to = v
	}
}

// refuse names the fields of v that ask for something this version does not do. The shape fields
// of the Caffe variant (channels, height, width) repeat what the network says and are left out.
func (p *recordReader) refuse(key string, v *amctpb.SingleLayerRecord) {
	for _, f := range []struct {
		used bool
		what string
	}{
		{len(v.ScaleH)+len(v.OffsetH) > 0, "scale_h and offset_h (recurrent layers)"},
		{len(v.ScaleR)+len(v.OffsetR) > 0, "scale_r and offset_r (recurrent layers)"},
		{len(v.RoundMode) > 0, "round_mode (records of the module interface)"},
		{len(v.WeightCompressOnly) > 0, "weight_compress_only (records of the module interface)"},
		{len(v.AwqResultPath) > 0, "awq_result_path (records of the module interface)"},
	} {
		if f.used {
			p.unsupported(key, f.what)
		}
	}
	if s, ok := last(v.FakequantPrecisionMode); ok && s != "DEFAULT" && s != HalfPrecision {
		p.unsupported(key, "fakequant_precision_mode "+strconv.Quote(s))
	}
	if s, ok := last(v.OpDataType); ok && s != "float32" {
		p.unsupported(key, "op_data_type "+strconv.Quote(s))
	}
}

// The range of a scale in a record: the epsilon of float64 and its inverse.
const (
	minScale = 0x1p-52
	maxScale = 0x1p52
)

func validScale(s, lo, hi float64) bool { return s > lo && s < hi } // false for NaN

// The types that AMCT names, and their widths.
var (
	activationTypes = []string{"INT4", "INT8", "INT16"}
	weightTypes     = []string{"INT4", "INT6", "INT7", "INT8"}
)

// widths are those of all types.
var widths = map[string]int{"INT4": 4, "INT6": 6, "INT7": 7, "INT8": 8, "INT16": 16}

// width is that of a type; what is not a type, and an empty one, stands for INT8.
func width(typ string) int {
	if n, ok := widths[typ]; ok {
		return n
	}
	return 8
}

// checkTypes judges the names of types, and lays dst_type over the other two.
func (p *recordReader) checkTypes(l *Layer) {
	for _, t := range []struct {
		field, value string
		list         []string
	}{{"dst_type", l.DstType, []string{"INT4", "INT8"}}, {"act_type", l.ActType, activationTypes}, {"wts_type", l.WtsType, weightTypes}} {
		if t.value != "" && !slices.Contains(t.list, t.value) {
			p.errorf("R004", l.Key, "%s %q of layer %q must be %s", t.field, t.value, l.Key, strings.Join(t.list, " or "))
		}
	}
}

// check looks at a merged layer.
func (p *recordReader) check(l *Layer) {
	key := l.Key
	p.checkTypes(l)
	lo, hi := int32(-1)<<(l.ActBits()-1), int32(1)<<(l.ActBits()-1)-1
	switch {
	case l.HasScaleD:
		p.scale(l, "scale_d", float64(l.ScaleD))
		if l.OffsetD < lo || l.OffsetD > hi {
			p.errorf("R004", key, "offset_d %d of layer %q is out of [%d, %d]", l.OffsetD, key, lo, hi)
		}
	case len(l.ScaleW) == 0 && !l.SkipFusion, l.OffsetD != 0:
		p.errorf("R003", key, "cannot find scale_d of layer %q in record_file %s", key, p.name)
	}
	for _, s := range l.ScaleW {
		if !p.scale(l, "scale_w", float64(s)) {
			break
		}
	}
	if len(l.OffsetW) != len(l.ScaleW) {
		p.errorf("R005", key, "scale_w and offset_w should have the same length in layer %q, but have %d and %d", key, len(l.ScaleW), len(l.OffsetW))
	}
	for _, o := range l.OffsetW {
		if o != 0 {
			p.errorf("R004", key, "offset_w's value should be 0 in layer %q, but is %d", key, o)
			break
		}
	}
	p.checkShift(l)
	p.checkCluster(l)
	const eps = 0x1p-23
	for _, b := range l.TensorBalanceFactor {
		if !validScale(float64(b), eps, 1/eps) {
			p.errorf("R004", key, "tensor_balance_factor %v of layer %q is out of (%v, %v)", b, key, eps, 1/eps)
			break
		}
	}
	if l.IsTensorQuantize && len(l.ScaleW) > 0 {
		p.errorf("R005", key, "layer %q is is_tensor_quantize, but has scale_w", key)
	}
}

// checkShift judges shift_bit: all zeros, which stand for no shift, or all between 1 and 16.
func (p *recordReader) checkShift(l *Layer) {
	if n := len(l.ShiftBit); n > 1 && n != len(l.ScaleW) {
		p.errorf("R005", l.Key, "shift_bit and scale_w should have the same length in layer %q, but have %d and %d", l.Key, n, len(l.ScaleW))
	}
	for _, b := range l.ShiftBit {
		if b > 16 || (b == 0) != (l.ShiftBit[0] == 0) {
			p.errorf("R004", l.Key, "shift_bit of layer %q should be 0 everywhere, or between 1 and 16 everywhere, but has %d beside %d", l.Key, b, l.ShiftBit[0])
			break
		}
	}
}

// checkCluster judges a code book.
func (p *recordReader) checkCluster(l *Layer) {
	for i, c := range l.Cluster {
		if c < -128 || c > 127 || i > 0 && c <= l.Cluster[i-1] {
			p.errorf("R004", l.Key, "cluster of layer %q must be codes in [-128, 127] in ascending order, but has %d", l.Key, c)
			break
		}
	}
	if n := len(l.Cluster); n > 32 {
		p.errorf("R005", l.Key, "cluster of layer %q has %d codes, at most 32 are a code book", l.Key, n)
	}
}

func (p *recordReader) scale(l *Layer, field string, s float64) bool {
	if math.IsInf(s, 0) || math.IsNaN(s) || s == 0 {
		p.errorf("R004", l.Key, "Param %s has invalid value inf, nan or zeros, in layer %q", field, l.Key)
		return false
	}
	if !validScale(s, minScale, maxScale) {
		p.errorf("R004", l.Key, "%s %v of layer %q is out of (%v, %v)", field, float32(s), l.Key, float64(minScale), float64(maxScale))
		return false
	}
	return true
}
