package report

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"

	"github.com/amctc/amctc/passes/train"
)

// DB is a ratio in dB. JSON has no infinity: it is null there, and so is a number that was not measured.
type DB float64

// MarshalJSON writes three decimals, which every machine finds equal.
func (d DB) MarshalJSON() ([]byte, error) {
	if v := float64(d); !math.IsInf(v, 0) && !math.IsNaN(v) {
		return strconv.AppendFloat(nil, math.Round(v*1000)/1000, 'f', -1, 64), nil
	}
	return []byte("null"), nil
}

// UnmarshalJSON reads null as infinity.
func (d *DB) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		*d = DB(math.Inf(1))
		return nil
	}
	var v float64
	if err := json.Unmarshal(b, &v); err != nil {
		return err
	}
	*d = DB(v)
	return nil
}

// exact is the SQNR from which there is no error but that of float arithmetic.
const exact = 110

// String is for people.
func (d DB) String() string {
	switch v := float64(d); {
	case v >= exact:
		return "exact"
	case math.IsInf(v, -1), math.IsNaN(v):
		return "–"
	default:
		return fmt.Sprintf("%.1f", v)
	}
}

// Cause is why a layer is worse than it could be.
type Cause string

// The causes.
const (
	Outlier     Cause = "range outlier"
	Disparity   Cause = "channel disparity"
	Saturation  Cause = "saturation"
	BiasShift   Cause = "bias shift"
	Accumulated Cause = "accumulated"
)

// A Diagnosis says what each layer loses, what all lose together, and why.
type Diagnosis struct {
	Format  string `json:"format"`
	Version string `json:"amctc"`
	Model   string `json:"model"`
	Target  string `json:"target"`
	// CalibSamples gave the ranges, Samples the errors.
	CalibSamples int `json:"calibration_samples"`
	Samples      int `json:"measured_samples"`
	// Metric, when the samples have labels, over all of them.
	Metric *Metric `json:"metric,omitempty"`
	// Output is the integer network's result against the float network's: the median over samples.
	Output DB `json:"output_sqnr_db"`
	// OutputSum is what the layers' errors at the output, each alone, add up to.
	OutputSum DB        `json:"output_sum_sqnr_db"`
	Findings  []Finding `json:"findings"`
	Layers    []Layer   `json:"layers"` // what is quantized, in order
	Graph     []Row     `json:"graph"`  // every operator of the integer network
	Remarks   []string  `json:"remarks"`
	// Training is how the network was trained, when that is told.
	Training []train.Epoch `json:"training,omitempty"`
}

// A Metric is what both networks reach on labelled samples.
type Metric struct {
	Name    string  `json:"name"`
	Samples int     `json:"samples"`
	Float   float64 `json:"float"`
	Integer float64 `json:"integer"`
	Label   string  `json:"label"` // for people
	Text    string  `json:"text"`
}

// A Layer is one quantized operator.
type Layer struct {
	Name  string `json:"layer"`
	Op    string `json:"op"`
	Shape []int  `json:"shape"`
	MACs  int64  `json:"macs,omitempty"`
	// Isolated is the layer's result when it alone is quantized, the median over samples; the two beside
	// it when only its activations or its weights are.
	Isolated     DB      `json:"isolated_sqnr_db"`
	Cosine       float64 `json:"isolated_cosine"`
	Activations  DB      `json:"activations_sqnr_db"`
	WeightsAlone DB      `json:"weights_sqnr_db"`
	// Network is the network's result when the layer alone is quantized; Share is the layer's part in
	// the sum of those errors.
	Network DB      `json:"network_sqnr_db"`
	Share   float64 `json:"share"`
	Rank    int     `json:"sensitivity_rank"` // 1 has the greatest share
	// Accumulated is the layer's result in the integer network.
	Accumulated       DB        `json:"accumulated_sqnr_db"`
	AccumulatedCosine float64   `json:"accumulated_cosine"`
	Operands          []Operand `json:"operands"`
	Weights           *Weights  `json:"weights,omitempty"`
	Finding           int       `json:"finding"` // index into the findings, or -1
}

// An Operand is a quantized activation with the range chosen for it and what was seen of it.
type Operand struct {
	Key     string  `json:"key"`
	Value   string  `json:"value"`
	Scale   float32 `json:"scale"`
	Offset  int32   `json:"offset"`
	Bits    int     `json:"bits"`
	ClipMin float32 `json:"clip_min"`
	ClipMax float32 `json:"clip_max"`
	Calib   Range   `json:"calibration_range"`
	Seen    Range   `json:"measured_range"`
	// ClipRate is the part of the measured values that no code reaches.
	ClipRate  float64   `json:"clip_rate"`
	Histogram Histogram `json:"histogram"`
}

// A Range holds every value that was seen.
type Range struct {
	Min float32 `json:"min"`
	Max float32 `json:"max"`
}

// A Histogram has parts of the calibration values in bins of equal width.
type Histogram struct {
	Min  float64   `json:"min"`
	Max  float64   `json:"max"`
	Bins []float64 `json:"bins"`
}

// Weights are a layer's.
type Weights struct {
	Bits   int     `json:"bits"`
	Scales int     `json:"scales"`
	Ratio  float64 `json:"widest_to_median"` // of the output channels' greatest magnitudes
	Min    []Float `json:"channel_min"`
	Max    []Float `json:"channel_max"`
}

// Float is a float32 with the fewest digits.
type Float float32

// MarshalJSON writes the fewest digits that read back as the same float32.
func (f Float) MarshalJSON() ([]byte, error) {
	return strconv.AppendFloat(nil, float64(f), 'g', -1, 32), nil
}

// A Finding is a cause with its place, its evidence and its repairs, the best first.
type Finding struct {
	Cause Cause  `json:"cause"`
	Layer string `json:"layer,omitempty"` // none for what accumulated
	// Share is the part of the output's error that the first repair takes away or, of what accumulated,
	// the part that no repair of a single layer does.
	Share    float64  `json:"share"`
	Evidence []string `json:"evidence"`
	Repairs  []Repair `json:"repairs"`
}

// A Repair is what to change, with what that is predicted to give.
type Repair struct {
	What string `json:"what"`
	// Config goes into AMCT's JSON configuration, under the names of layers; Record into the record of
	// factors. One of both may be empty.
	Config string `json:"config,omitempty"`
	Record string `json:"record,omitempty"`
	// LayerGain is by how much the layer's own result gets better, NetworkGain the network's.
	LayerGain   DB `json:"layer_gain_db"`
	NetworkGain DB `json:"network_gain_db"`
	// Model says how the prediction was made.
	Model string `json:"model"`
}

// diagnosisFormat names the file form and its version.
const diagnosisFormat = "amctc-diagnosis 1"

// NewDiagnosis has nothing in it.
func NewDiagnosis() *Diagnosis {
	return &Diagnosis{Format: diagnosisFormat, Findings: []Finding{}, Layers: []Layer{}, Graph: []Row{}, Remarks: []string{}}
}

// JSON is the diagnosis's file form.
func (d *Diagnosis) JSON() ([]byte, error) {
	b, err := json.MarshalIndent(d, "", "  ")
	return append(b, '\n'), err
}

// ParseDiagnosis reads the file form; it refuses other versions by name.
func ParseDiagnosis(data []byte) (*Diagnosis, error) {
	d := &Diagnosis{}
	if err := json.Unmarshal(data, d); err != nil {
		return nil, err
	}
	if d.Format != diagnosisFormat {
		return nil, fmt.Errorf("the diagnosis is of format %q; this amctc reads %q", d.Format, diagnosisFormat)
	}
	return d, nil
}
