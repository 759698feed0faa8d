package main

import (
	"context"
	"fmt"
	"slices"

	"github.com/amctc/amctc"
	"github.com/amctc/amctc/codegen/exec"
	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/tensor"
)

// silero is a detector of speech: every call takes 32 ms of sound, before it the last 4 ms of those before (but for
// the oldest version), and the state that the call before gave.
func silero(version string) realNetwork {
	s := vad{context: 64, states: [][]int{{2, 1, 128}}}
	n := realNetwork{
		name:  "silero-" + version,
		model: fetched("real/silero_"+version+".onnx", "real"),
		load: amctc.LoadOptions{
			Values:      map[string][]string{"sr": {"16000"}},
			InputShapes: map[string][]int{"input": {1, 576}, "state": {2, 1, 128}},
		},
		bound: &boundInput{at: 2, value: 16000},
	}
	if version == "legacy" {
		s = vad{states: [][]int{{2, 1, 64}, {2, 1, 64}}}
		n.load.InputShapes = map[string][]int{"input": {1, 512}, "h": {2, 1, 64}, "c": {2, 1, 64}}
		n.bound.at = 1
	}
	n.data = s.data
	n.judge = s.judge
	return n
}

const vadFrame = 512 // samples of sound in a call

// The sentences, by what they are for.
var (
	calibrationSpeech = []string{"1.wav", "2.wav", "4.wav", "5.wav"}
	testSpeech        = []string{"3.wav", "6.wav"}
)

type vad struct {
	context int // samples repeated from the call before
	states  [][]int
}

// listen runs a network over a sentence with its own state and gives the inputs of every call and the probability
// of speech.
func (v vad) listen(ctx context.Context, f *ir.Func, sound []float32) (in samples, speech []float32, err error) {
	r, err := exec.Engine{}.Prepare(f)
	if err != nil {
		return nil, nil, err
	}
	var state []*tensor.Tensor
	for _, shape := range v.states {
		state = append(state, tensor.New(tensor.F32, shape...))
	}
	for at := 0; at+vadFrame <= len(sound); at += vadFrame {
		x := tensor.New(tensor.F32, 1, v.context+vadFrame)
		for i := range x.F32 {
			if k := at - v.context + i; k >= 0 {
				x.F32[i] = sound[k]
			}
		}
		call := append([]*tensor.Tensor{x}, state...)
		out, err := r.Run(ctx, call, nil)
		if err != nil {
			return nil, nil, err
		}
		in = append(in, call)
		speech = append(speech, out[0].F32[0])
		state = nil
		for _, s := range out[1:] {
			state = append(state, tensor.FromF32(slices.Clone(s.F32), s.Shape...))
		}
	}
	return in, speech, nil
}

func (v vad) data(ctx context.Context, b *bench, m *ir.Module) (calib, test samples, err error) {
	for i, list := range [][]string{calibrationSpeech, testSpeech} {
		for _, name := range list {
			sound, err := speech(b, name)
			if err != nil {
				return nil, nil, err
			}
			in, _, err := v.listen(ctx, m.Main(), sound)
			if err != nil {
				return nil, nil, err
			}
			if i == 0 {
				calib = append(calib, in...)
			} else {
				test = append(test, in...)
			}
		}
	}
	return calib, test, nil
}

// judge lets both networks listen with their own state, and counts the calls on which they agree whether somebody
// speaks.
func (v vad) judge(ctx context.Context, b *bench, float, integer *ir.Module) (string, bool, error) {
	same, all, speaking := 0, 0, 0
	for _, name := range testSpeech {
		sound, err := speech(b, name)
		if err != nil {
			return "", false, err
		}
		_, f, err := v.listen(ctx, float.Main(), sound)
		if err != nil {
			return "", false, err
		}
		_, q, err := v.listen(ctx, integer.Main(), sound)
		if err != nil {
			return "", false, err
		}
		for i := range f {
			all++
			if (f[i] >= 0.5) == (q[i] >= 0.5) {
				same++
			}
			if f[i] >= 0.5 {
				speaking++
			}
		}
	}
	share := float64(same) / float64(all)
	return fmt.Sprintf("speech or not agrees on %.1f %% of %d calls with state (%d with speech)", 100*share, all, speaking), share >= 0.95 && speaking > 0, nil
}
