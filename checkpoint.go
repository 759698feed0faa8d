package amctc

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"

	"github.com/amctc/amctc/parser"
	"github.com/amctc/amctc/passes"
)

// checkpointMagic begins a checkpoint: a line of text; then the length of a JSON head, the head, and
// float32 numbers, all little-endian; then the SHA-256 of everything before it.
const checkpointMagic = "amctc checkpoint 1\n"

// trainState is all that a run needs to go on.
type trainState struct {
	Task    string       `json:"task"` // what is trained: hash of network, data and options
	Epoch   int          `json:"epoch"`
	Step    int          `json:"step"`
	Saved   int          `json:"saved"` // the step within the epoch at which the run was saved
	LossSum float64      `json:"loss_sum"`
	Hits    int          `json:"hits"`
	History []TrainEpoch `json:"history"`
	Lengths [][]int      `json:"lengths"`

	Parameters [][]float32 `json:"-"`
	Slots      [][]float32 `json:"-"`
	Averages   [][]float32 `json:"-"`
	Running    [][]float32 `json:"-"`
}

func (s *trainState) lists() []*[][]float32 {
	return []*[][]float32{&s.Parameters, &s.Slots, &s.Averages, &s.Running}
}

// current are the parameters that count as the result: their averages, if those are taken.
func (s *trainState) current() [][]float32 {
	if len(s.Averages) > 0 {
		return s.Averages
	}
	return s.Parameters
}

// copyFactors keeps the factors of quantization as they are before a step; other parameters are nil.
func (s *trainState) copyFactors(t *passes.Trainable) [][]float32 {
	out := make([][]float32, len(t.Parameters))
	for i, p := range t.Parameters {
		if p.Role != roleWeight {
			out[i] = append([]float32(nil), s.Parameters[i]...)
		}
	}
	return out
}

// task is a hash of everything that decides the outcome.
func (r *Trainer) task() string {
	h := sha256.New()
	text, side, err := parser.Marshal(r.m)
	if err == nil {
		h.Write(text)
		h.Write(side)
	}
	o := r.opt
	settings, _ := json.Marshal([]any{Version, o.Epochs, o.Batch, o.Seed, o.Loss, o.Smoothing, o.Optimizer, o.Schedule, o.Clip, o.Average, o.Augment, o.Fresh, o.Frozen, r.set.n, r.set.labels})
	h.Write(settings)
	if q := o.Quantize; q != nil {
		settings, _ := json.Marshal([]any{q.Default, q.Layers, q.BatchNum})
		h.Write(settings)
		h.Write(ToRecord(q.Factors).Format())
	}
	if o.Teacher != nil {
		text, side, _ := parser.Marshal(o.Teacher)
		fmt.Fprintln(h, o.Distill)
		h.Write(text)
		h.Write(side)
	}
	for _, v := range r.set.targets {
		binary.Write(h, binary.LittleEndian, v)
	}
	var b [4]byte
	for _, in := range r.set.inputs {
		for _, v := range in {
			binary.LittleEndian.PutUint32(b[:], math.Float32bits(v))
			h.Write(b[:])
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}

// save writes the checkpoint, whole or not at all.
func (r *Trainer) save() error {
	s := &r.state
	s.Saved = s.Step
	if r.opt.Checkpoint == "" {
		return nil
	}
	s.Lengths = nil
	for _, list := range s.lists() {
		var n []int
		for _, v := range *list {
			n = append(n, len(v))
		}
		s.Lengths = append(s.Lengths, n)
	}
	head, err := json.Marshal(s)
	if err != nil {
		return err
	}
	b := []byte(checkpointMagic)
	b = binary.LittleEndian.AppendUint64(b, uint64(len(head)))
	b = append(b, head...)
	for _, list := range s.lists() {
		for _, v := range *list {
			for _, x := range v {
				b = binary.LittleEndian.AppendUint32(b, math.Float32bits(x))
			}
		}
	}
	sum := sha256.Sum256(b)
	return replaceFile(r.opt.Checkpoint, append(b, sum[:]...))
}

// load reads the checkpoint at path when there is one. The state must have slices of the right lengths.
func (s *trainState) load(path, task string) error {
	s.Task = task
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	broken := fmt.Errorf("%s is no checkpoint, or is damaged; remove it to begin anew", path)
	n := len(data) - sha256.Size
	if n < len(checkpointMagic)+8 || !bytes.HasPrefix(data, []byte(checkpointMagic)) {
		return broken
	}
	if sum := sha256.Sum256(data[:n]); !bytes.Equal(sum[:], data[n:]) {
		return broken
	}
	rest := data[len(checkpointMagic):n]
	size := binary.LittleEndian.Uint64(rest)
	if rest = rest[8:]; size > uint64(len(rest)) {
		return broken
	}
	var head trainState
	if err := json.Unmarshal(rest[:size], &head); err != nil {
		return broken
	}
	if head.Task != task {
		return fmt.Errorf("%s is of another run (other network, data or options); choose another file, or remove it", path)
	}
	rest = rest[size:]
	for k, list := range s.lists() {
		if k >= len(head.Lengths) || len(head.Lengths[k]) != len(*list) {
			return broken
		}
		for i, v := range *list {
			if head.Lengths[k][i] != len(v) || len(rest) < 4*len(v) {
				return broken
			}
			for j := range v {
				v[j] = math.Float32frombits(binary.LittleEndian.Uint32(rest[4*j:]))
			}
			rest = rest[4*len(v):]
		}
	}
	if len(rest) != 0 {
		return broken
	}
	head.Parameters, head.Slots, head.Averages, head.Running = s.Parameters, s.Slots, s.Averages, s.Running
	*s = head
	return nil
}
