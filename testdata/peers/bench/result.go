package main

import (
	"encoding/json"
	"os"
)

// A report is everything that was measured. Times are nanoseconds of one call.
type report struct {
	CPU      string   `json:"cpu"`
	Core     int      `json:"core"`
	ISA      string   `json:"isa,omitempty"` // AMCTC_ISA of the environment
	Rounds   int      `json:"rounds"`
	Seconds  float64  `json:"seconds"` // of a round
	Networks []result `json:"networks,omitempty"`
	Start    []begun  `json:"start,omitempty"`
}

// A result is one network.
type result struct {
	Network    string         `json:"network"`
	Contenders []measured     `json:"contenders"`
	Operators  map[string]int `json:"operators,omitempty"` // of the quantized model as ONNX Runtime executes it
}

// measured is one contender on one network.
type measured struct {
	Contender string   `json:"contender"`
	Failed    string   `json:"failed,omitempty"` // why there are no times
	Median    float64  `json:"median_ns"`        // over the rounds, of each round's median
	Min       float64  `json:"min_ns"`
	Max       float64  `json:"max_ns"`
	Ratio     float64  `json:"ratio"` // to ours: above 1, ours is faster
	Calls     int      `json:"calls"`
	Allocs    float64  `json:"allocs"`             // of the Go heap, for each call
	Distance  *float64 `json:"distance,omitempty"` // of the result from that of the float network
	Threads   int      `json:"threads"`
}

// begun is how one contender starts. Medians over the rounds.
type begun struct {
	Network   string  `json:"network"`
	Contender string  `json:"contender"`
	Ready     float64 `json:"ready_ns"` // from the start of the process until the network can be run
	First     float64 `json:"first_ns"` // until its first result
	Warm      float64 `json:"warm_ns"`  // a call later, in the same process
	Memory    int64   `json:"peak_bytes"`
	Bytes     int64   `json:"file_bytes"` // of everything the process is started from
}

// write puts the report aside and renames it.
func (r *report) write(path string) error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(path+".aside", append(text, '\n'), 0o666); err != nil {
		return err
	}
	return os.Rename(path+".aside", path)
}
