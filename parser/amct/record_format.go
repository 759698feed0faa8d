package amct

import (
	"fmt"
	"strconv"
	"unicode/utf8"
)

// Format is the record as text protobuf: layers in order, fields in the order of AMCT's ONNX variant,
// floats with the fewest digits that give the same float32. Fields that hold nothing or what their
// absence means are left out; offset_d is there with every scale_d.
func (r *Record) Format() []byte {
	var b []byte
	for _, l := range r.Layers {
		b = append(b, "record {\n  key: "...)
		b = appendText(b, l.Key)
		b = append(b, "\n  value {\n"...)
		b = l.appendFields(b)
		b = append(b, "  }\n}\n"...)
	}
	return b
}

func (l *Layer) appendFields(b []byte) []byte {
	if l.HasScaleD {
		b = appendFloat(b, "scale_d", l.ScaleD)
		b = fmt.Appendf(b, "    offset_d: %d\n", l.OffsetD)
	}
	for _, s := range l.ScaleW {
		b = appendFloat(b, "scale_w", s)
	}
	for _, o := range l.OffsetW {
		b = fmt.Appendf(b, "    offset_w: %d\n", o)
	}
	for _, s := range l.ShiftBit {
		b = fmt.Appendf(b, "    shift_bit: %d\n", s)
	}
	if l.PrecisionMode != "" {
		b = fmt.Appendf(b, "    fakequant_precision_mode: %q\n", l.PrecisionMode)
	}
	if l.SkipFusion {
		b = append(b, "    skip_fusion: true\n"...)
	}
	if l.IsTensorQuantize {
		b = append(b, "    is_tensor_quantize: true\n"...)
	}
	for _, s := range l.TensorBalanceFactor {
		b = appendFloat(b, "tensor_balance_factor", s)
	}
	for _, t := range []struct{ field, value, absent string }{
		{"op_data_type", l.OpDataType, "float32"}, {"dst_type", l.DstType, ""}, {"act_type", l.ActType, "INT8"}, {"wts_type", l.WtsType, "INT8"},
	} {
		if t.value != "" && t.value != t.absent {
			b = append(b, "    "+t.field+": "...)
			b = append(appendText(b, t.value), '\n')
		}
	}
	for _, c := range l.Cluster {
		b = fmt.Appendf(b, "    cluster: %d\n", c)
	}
	return b
}

func appendFloat(b []byte, field string, x float32) []byte {
	b = append(b, "    "+field+": "...)
	return append(strconv.AppendFloat(b, float64(x), 'g', -1, 32), '\n')
}

// appendText quotes s as a text protobuf string.
func appendText(b []byte, s string) []byte {
	b = append(b, '"')
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == '"' || r == '\\':
			b = append(b, '\\', byte(r))
		case r == '\n':
			b = append(b, `\n`...)
		case r == '\r':
			b = append(b, `\r`...)
		case r == '\t':
			b = append(b, `\t`...)
		case r < ' ' || r == 0x7f || r == utf8.RuneError && n == 1:
			b = fmt.Appendf(b, `\%03o`, s[i])
		default:
			b = append(b, s[i:i+n]...)
		}
		i += n
	}
	return append(b, '"')
}
