package parser

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/amctc/amctc/ir/tensor"
)

// This file reads and writes safetensors (https://github.com/huggingface/safetensors, "Format"):
// eight bytes with the little-endian length of the header, the header in JSON, padded with spaces,
// and the tensors' bytes without gaps. Of the element types it knows F32, I8, I16, I32 and I64.

// SideTensor is one tensor of a safetensors file. Data are its little-endian elements, shared with
// the file's bytes.
type SideTensor struct {
	Name  string
	DType tensor.DType
	Shape []int
	Data  []byte
}

// Digest is the hex SHA-256 of the data.
func (t *SideTensor) Digest() string {
	s := sha256.Sum256(t.Data)
	return hex.EncodeToString(s[:])
}

// Tensor decodes the data.
func (t *SideTensor) Tensor() (*tensor.Tensor, error) {
	return tensor.FromBytes(t.DType, t.Shape, t.Data)
}

// Safetensors is the content of a file: tensors sorted by name.
type Safetensors struct{ tensors []*SideTensor }

// Lookup finds a tensor; nil when there is none.
func (s *Safetensors) Lookup(name string) *SideTensor {
	i, ok := slices.BinarySearchFunc(s.tensors, name, func(t *SideTensor, n string) int { return strings.Compare(t.Name, n) })
	if !ok {
		return nil
	}
	return s.tensors[i]
}

// Names are the names of the tensors, sorted.
func (s *Safetensors) Names() []string {
	out := make([]string, len(s.tensors))
	for i, t := range s.tensors {
		out[i] = t.Name
	}
	return out
}

// metadataKey is the one name in the header that stands for no tensor.
const metadataKey = "__metadata__"

var safeTypes = [...]struct {
	name  string
	dtype tensor.DType
}{{"F32", tensor.F32}, {"I8", tensor.I8}, {"I16", tensor.I16}, {"I32", tensor.I32}, {"I64", tensor.I64},
	{"F64", tensor.F64}, {"F16", tensor.F16}, {"BF16", tensor.BF16}, {"BOOL", tensor.Bool}, {"U8", tensor.U8}, {"U16", tensor.U16}, {"U32", tensor.U32}, {"U64", tensor.U64}}

type safeEntry struct {
	DType   string `json:"dtype"`
	Shape   []int  `json:"shape"`
	Offsets []int  `json:"data_offsets"`
}

// ReadSafetensors reads the content of a file. Everything is checked: names and offsets are unique,
// lengths fit, no byte is left over. Data are not copied.
func ReadSafetensors(file []byte) (*Safetensors, error) {
	if len(file) < 8 {
		return nil, errors.New("not a safetensors file: shorter than 8 bytes")
	}
	size := binary.LittleEndian.Uint64(file)
	if size > uint64(len(file)-8) {
		return nil, fmt.Errorf("not a safetensors file: a header of %d bytes in a file of %d", size, len(file))
	}
	header, data := file[8:8+size], file[8+size:]
	tensors, spans, err := readHeader(header, data)
	if err != nil {
		return nil, fmt.Errorf("safetensors header: %w", err)
	}
	slices.SortFunc(spans, func(a, b [2]int) int { return cmp.Or(cmp.Compare(a[0], b[0]), cmp.Compare(a[1], b[1])) })
	end := 0
	for _, s := range spans {
		if s[0] != end {
			return nil, fmt.Errorf("safetensors header: data begin at byte %d, want %d: tensors must not overlap or leave gaps", s[0], end)
		}
		end = s[1]
	}
	if end != len(data) {
		return nil, fmt.Errorf("safetensors header: tensors end at byte %d of %d", end, len(data))
	}
	slices.SortFunc(tensors, func(a, b *SideTensor) int { return strings.Compare(a.Name, b.Name) })
	return &Safetensors{tensors}, nil
}

// readHeader gives the tensors with their data and the bytes that each takes.
func readHeader(header, data []byte) (tensors []*SideTensor, spans [][2]int, err error) {
	if len(header) == 0 || header[0] != '{' {
		return nil, nil, errors.New("does not begin with {")
	}
	d := json.NewDecoder(bytes.NewReader(header))
	d.DisallowUnknownFields()
	if _, err := d.Token(); err != nil {
		return nil, nil, err
	}
	seen := make(map[string]bool)
	for d.More() {
		tok, err := d.Token()
		if err != nil {
			return nil, nil, err
		}
		name, ok := tok.(string)
		if !ok || seen[name] {
			return nil, nil, fmt.Errorf("%v stands twice", tok)
		}
		seen[name] = true
		if name == metadataKey {
			var meta map[string]string
			if err := d.Decode(&meta); err != nil {
				return nil, nil, fmt.Errorf("%s: %w", name, err)
			}
			continue
		}
		var e safeEntry
		if err := d.Decode(&e); err != nil {
			return nil, nil, fmt.Errorf("tensor %q: %w", name, err)
		}
		t, err := e.tensor(name, data)
		if err != nil {
			return nil, nil, fmt.Errorf("tensor %q: %w", name, err)
		}
		tensors, spans = append(tensors, t), append(spans, [2]int(e.Offsets))
	}
	if _, err := d.Token(); err != nil {
		return nil, nil, err
	}
	if rest := bytes.TrimLeft(header[d.InputOffset():], " "); len(rest) > 0 {
		return nil, nil, errors.New("something follows the closing bracket")
	}
	return tensors, spans, nil
}

func (e *safeEntry) tensor(name string, data []byte) (*SideTensor, error) {
	t := &SideTensor{Name: name, Shape: e.Shape}
	for _, s := range safeTypes {
		if s.name == e.DType {
			t.DType = s.dtype
		}
	}
	if t.DType == tensor.Invalid {
		return nil, fmt.Errorf("element type %q is not known", e.DType)
	}
	if e.Shape == nil {
		return nil, errors.New("shape is missing")
	}
	if len(e.Offsets) != 2 {
		return nil, errors.New("data_offsets are not two numbers")
	}
	from, to := e.Offsets[0], e.Offsets[1]
	if from < 0 || to < from || to > len(data) {
		return nil, fmt.Errorf("data_offsets [%d, %d] lie outside the %d bytes of data", from, to, len(data))
	}
	n, ok := tensor.CheckedElems(e.Shape, (to-from)/t.DType.Size())
	if !ok || n*t.DType.Size() != to-from {
		return nil, fmt.Errorf("%d bytes do not hold %v of %s", to-from, e.Shape, e.DType)
	}
	t.Data = data[from:to]
	return t, nil
}

// WriteSafetensors gives the content of a file with the tensors, sorted by name.
func WriteSafetensors(tensors []*SideTensor) ([]byte, error) {
	tensors = slices.Clone(tensors)
	slices.SortFunc(tensors, func(a, b *SideTensor) int { return strings.Compare(a.Name, b.Name) })
	var header, data bytes.Buffer
	header.WriteByte('{')
	for i, t := range tensors {
		if t.Name == metadataKey {
			return nil, fmt.Errorf("a tensor can't be named %s in a safetensors file: rename the constant", metadataKey)
		}
		if i > 0 {
			if t.Name == tensors[i-1].Name {
				return nil, fmt.Errorf("two tensors are named %q", t.Name)
			}
			header.WriteByte(',')
		}
		if err := writeEntry(&header, t, data.Len()); err != nil {
			return nil, err
		}
		data.Write(t.Data)
	}
	header.WriteByte('}')
	for header.Len()%8 != 0 {
		header.WriteByte(' ')
	}
	out := binary.LittleEndian.AppendUint64(nil, uint64(header.Len()))
	return append(append(out, header.Bytes()...), data.Bytes()...), nil
}

func writeEntry(w *bytes.Buffer, t *SideTensor, at int) error {
	e := safeEntry{Shape: append([]int{}, t.Shape...), Offsets: []int{at, at + len(t.Data)}}
	for _, s := range safeTypes {
		if s.dtype == t.DType {
			e.DType = s.name
		}
	}
	name, err := json.Marshal(t.Name)
	if err != nil {
		return err
	}
	var back string
	if err := json.Unmarshal(name, &back); err != nil || back != t.Name {
		return fmt.Errorf("the name %q is not valid UTF-8: rename the constant", t.Name)
	}
	entry, err := json.Marshal(e)
	if err != nil {
		return err
	}
	w.Write(name)
	w.WriteByte(':')
	w.Write(entry)
	return nil
}
