package parser

import (
	"math"
	"strconv"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/tensor"
)

// constant resolves a constant; nil when it has no data or no type, which has been reported.
func (r *resolver) constant(t *constTree) *ir.Const {
	before := r.diags.Len()
	typ, ok := r.tensor(&t.Type)
	var data *tensor.Tensor
	switch {
	case t.File != nil:
		data = r.fileData(t)
	case ok:
		data = r.inlineData(t, typ)
	}
	if !ok || data == nil || r.diags.Len() > before {
		r.lost[t.Name.Text] = true
		return nil
	}
	c := ir.NewConst(name(t.Name.Text), typ, data)
	c.Span = t.Name.span()
	c.Value().Span = c.Span
	return c
}

// inlineData reads the elements between brackets. Their number decides how much is allocated; when
// it does not fit the type, the verifier says so.
func (r *resolver) inlineData(t *constTree, typ ir.Type) *tensor.Tensor {
	list := t.List.Items
	shape := []int{len(list)}
	if n, ok := tensor.CheckedElems(typ.Shape, len(list)); ok && n == len(list) {
		shape = typ.Shape
	}
	out := tensor.New(typ.DType, shape...)
	for i, s := range list {
		switch typ.DType {
		case tensor.F32:
			out.F32[i], _ = r.float(t.Name.Text, s)
		case tensor.I8:
			v, _ := r.bounded(t.Name.Text, s, math.MinInt8, math.MaxInt8)
			out.I8[i] = int8(v)
		case tensor.I16:
			v, _ := r.bounded(t.Name.Text, s, math.MinInt16, math.MaxInt16)
			out.I16[i] = int16(v)
		case tensor.I32:
			v, _ := r.bounded(t.Name.Text, s, math.MinInt32, math.MaxInt32)
			out.I32[i] = int32(v)
		case tensor.I64:
			out.I64[i], _ = r.bounded(t.Name.Text, s, math.MinInt64, math.MaxInt64)
		case tensor.F64, tensor.F16, tensor.BF16:
			v, _ := r.real(t.Name.Text, s, 64)
			out.SetReal(i, v)
		default:
			// Of U64 the integers up to the largest int64 are written; larger ones as what they are modulo 2^64.
			lo, hi := int64(0), int64(1)<<(8*typ.DType.Size()%64)-1
			if typ.DType == tensor.U64 {
				lo, hi = math.MinInt64, math.MaxInt64
			}
			if typ.DType == tensor.Bool {
				hi = 1
			}
			v, _ := r.bounded(t.Name.Text, s, lo, hi)
			out.SetInt(i, v)
		}
	}
	return out
}

// fileData looks a constant up in the side file and checks its digest.
func (r *resolver) fileData(t *constTree) *tensor.Tensor {
	subject := t.Name.Text
	given := make(map[string]string)
	for _, a := range t.File {
		key := a.Key.Text
		switch s := a.Value.Scalar; {
		case key != "key" && key != "sha256":
			d := r.errorf("P009", a.Key.span(), subject, "file has no parameter %s", key)
			r.suggest(d, key, "", words("key", "sha256"))
		case s == nil || s.String == "":
			r.errorf("P009", a.Value.span(), subject, "%s is a string", key)
		default:
			if _, twice := given[key]; twice {
				r.errorf("P016", a.Key.span(), subject, "parameter %s is written twice", key)
			}
			given[key], _ = strconv.Unquote(s.String)
		}
	}
	at := t.Name.span()
	key, ok := given["key"]
	want, sum := given["sha256"]
	if !ok || !sum {
		r.errorf("P009", at, subject, "file needs both key and sha256")
		return nil
	}
	switch {
	case r.sideErr != nil:
		r.errorf("P010", at, subject, "its data can't be read: %v", r.sideErr)
		return nil
	case r.side == nil:
		r.errorf("P010", at, subject, "its data are in a file beside the text, %s, which is not there", r.missingSide())
		return nil
	}
	data := r.side.Lookup(key)
	if data == nil {
		d := r.errorf("P010", at, subject, "%s has no tensor %q", r.sideName, key)
		r.suggest(d, key, "", r.side.Names)
		return nil
	}
	got := r.decode(data)
	if got.digest != want {
		r.errorf("P010", at, subject, "data of %q in %s have SHA-256 %s, but the text says %s: the two files do not belong together", key, r.sideName, got.digest, want)
		return nil
	}
	if got.err != nil {
		r.errorf("P010", at, subject, "%s: %v", r.sideName, got.err)
		return nil
	}
	return got.data
}

// decoded is a tensor of the side file with its digest.
type decoded struct {
	data   *tensor.Tensor
	digest string
	err    error
}

// decode decodes a tensor once, however many constants refer to it.
func (r *resolver) decode(t *SideTensor) *decoded {
	d := r.decoded[t]
	if d == nil {
		d = &decoded{digest: t.Digest()}
		d.data, d.err = t.Tensor()
		r.decoded[t] = d
	}
	return d
}

func (r *resolver) missingSide() string {
	if r.sideName == "" {
		return "NAME.safetensors"
	}
	return r.sideName
}
