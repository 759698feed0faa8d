package train

import (
	"encoding/json"
	"fmt"
)

// An Epoch is what an epoch of training came to.
type Epoch struct {
	Epoch    int      `json:"epoch"` // from 1
	Loss     float64  `json:"loss"`
	Rate     float64  `json:"rate"`               // of the last step
	Right    *float64 `json:"right,omitempty"`    // part of the training samples that are classified right
	Validate *float64 `json:"validate,omitempty"` // value of the metric
	// Ranges are what training with quantization has made of the bounds of activations, by layer.
	Ranges []Range `json:"ranges,omitempty"`
}

// A Range is where the bounds of a layer's input are.
type Range struct {
	Layer string  `json:"layer"`
	Min   float32 `json:"min"`
	Max   float32 `json:"max"`
}

// ParseHistory reads what FormatHistory wrote.
func ParseHistory(text []byte) ([]Epoch, error) {
	var out []Epoch
	if err := json.Unmarshal(text, &out); err != nil {
		return nil, fmt.Errorf("not a history of training: %w", err)
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("the history of training has no epochs")
	}
	for i, e := range out {
		if e.Epoch != i+1 || len(e.Ranges) != len(out[0].Ranges) {
			return nil, fmt.Errorf("epoch %d of the history of training does not follow those before it", i+1)
		}
		for k, r := range e.Ranges {
			if r.Layer != out[0].Ranges[k].Layer {
				return nil, fmt.Errorf("epoch %d of the history of training has the layer %q where epoch 1 has %q", i+1, r.Layer, out[0].Ranges[k].Layer)
			}
		}
	}
	return out, nil
}

// FormatHistory is the history as JSON.
func FormatHistory(h []Epoch) ([]byte, error) {
	b, err := json.MarshalIndent(h, "", "  ")
	return append(b, '\n'), err
}
