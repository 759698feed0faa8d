package amctc

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/amctc/amctc/codegen/agree"
	"github.com/amctc/amctc/codegen/exec"
	"github.com/amctc/amctc/codegen/gogen"
	"github.com/amctc/amctc/codegen/plan"
	"github.com/amctc/amctc/codegen/report"
	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/diag"
	"github.com/amctc/amctc/ir/tensor"
	"github.com/amctc/amctc/parser"
	"github.com/amctc/amctc/parser/amct"
	"github.com/amctc/amctc/passes"
	"github.com/amctc/amctc/passes/stats"
	"github.com/amctc/amctc/target/sim"
)

// CompileOptions are the main job's. Model is required, and Calib for a model without factors of its own.
type CompileOptions struct {
	Model  string
	Load   LoadOptions
	Calib  []string // data, one path for each input
	Data   DataOptions
	Config amct.Configuration // AMCT's, JSON or simplified; nil for defaults
	Record *amct.Record       // factors of the user; calibration is left out
	// Stats take the place of calibration: data, when given, are for measuring and verifying.
	Stats *stats.Statistics
	// Adjust changes the settings, those of Config included; nil changes nothing.
	Adjust  func(*passes.Settings) error
	Out     string
	Package string // defaults to Out's base name made an identifier
	Module  string // import path of Out; found from go.mod when empty
	Target  string
	Cores   int // AI cores that the Ascend program uses; 0 means 1, AllCores all that Target has
	// VerifySamples is how many calibration samples are verified; NoVerify leaves it out.
	VerifySamples int
	NoVerify      bool
	// Validate compares the network before and after every pass, on two calibration samples or, without data, on
	// noise. It interprets the network, which is slow.
	Validate bool
	// Counters makes the Go package count what leaves the ranges that calibration found.
	Counters bool
	Progress passes.Progress
	Log      *slog.Logger
}

// measuredSamples is how many samples the accuracy table is made from.
const measuredSamples = 16

// Compiled is the outcome of Compile, not yet on disk.
type Compiled struct {
	Files    map[string][]byte // by slash-separated path under Out
	Float    *ir.Module        // with balanced channels, before anything was rounded
	Integer  *ir.Module
	Pair     *ir.Module // with the arithmetic of AMCT's deploy model
	Report   *report.Report
	Agree    *agree.Report // nil when not verified
	GoNotRun string        // why generated Go was not run
	Plan     string        // the Go plan as text
	SimTrace *sim.Result
	// Validated counts what Validate compared; nil without it.
	Validated *passes.Validation
}

// Compile imports, calibrates, quantizes, emits everything and verifies it. Nothing is written.
func Compile(ctx context.Context, opt CompileOptions) (*Compiled, error) {
	if opt.Target == "" {
		opt.Target = DefaultTarget
	}
	if opt.Package == "" {
		opt.Package = PackageName(opt.Out)
	}
	if opt.Progress == nil {
		opt.Progress = func(string, int, int) {}
	}
	c := NewContext(ctx)
	c.Progress = opt.Progress
	if opt.Log != nil {
		c.Log = opt.Log
	}
	if opt.Load.Warn == nil {
		opt.Load.Warn = func(d *diag.Diagnostic) { c.Remarks.Add(d) }
	}
	loaded, err := Load(opt.Model, opt.Load)
	if err != nil {
		return nil, err
	}
	if opt.Config != nil {
		if _, err := ApplyConfig(c, opt.Config, loaded.Main()); err != nil {
			return nil, err
		}
	}
	if opt.Adjust != nil {
		if err := opt.Adjust(c.Settings); err != nil {
			return nil, err
		}
	}
	if opt.Record != nil {
		ApplyRecord(c.Settings, opt.Record)
	}
	if opt.Validate {
		if c.Validate, err = validation(loaded.Main(), opt); err != nil {
			return nil, err
		}
	}
	float, err := Prepare(c, loaded)
	if err != nil {
		return nil, err
	}
	var data *Data
	if len(opt.Calib) > 0 {
		if data, err = OpenData(float.Main(), opt.Calib, opt.Data); err != nil {
			return nil, err
		}
	}
	fitted := float
	switch {
	case opt.Record != nil:
		if c.Factors, err = FromRecord(opt.Record, float.Main()); err != nil {
			return nil, err
		}
	case HasFactors(loaded):
		if opt.Stats != nil {
			return nil, fmt.Errorf("%s has factors of its own, which are used as they are; leave out the statistics", opt.Model)
		}
		if err := CheckOwn(c.Settings, opt.Model); err != nil {
			return nil, err
		}
	case opt.Stats != nil:
		if fitted, err = FitStatistics(c, float, opt.Stats); err != nil {
			return nil, err
		}
	case data == nil:
		return nil, diag.Errorf("Q022", diag.Span{File: loaded.File}, "", "the model has no factors of its own; give calibration data with --calib, --record or --stats")
	default:
		if fitted, err = Calibrate(c, float, data); err != nil {
			return nil, err
		}
	}
	integer, err := Quantize(c, fitted, opt.Target)
	if err != nil {
		return nil, err
	}
	out := &Compiled{Integer: integer, Validated: c.Validate}
	if out.Float, err = passes.Balanced(c, float); err != nil {
		return nil, err
	}
	if n := wide(integer.Main()); n != nil {
		c.Remark("Q011", n, "gives codes of 16 bits: AMCT's pair of models is left out")
	} else if out.Pair, err = Pair(c, fitted, opt.Target); err != nil {
		return nil, err
	}
	// Without data the engines are compared on noise, and no accuracy is told.
	measured, samples := 0, noise(float.Main(), max(4, opt.VerifySamples))
	if data != nil {
		if samples, err = data.First(max(measuredSamples, opt.VerifySamples)); err != nil {
			return nil, err
		}
		measured = min(len(samples), measuredSamples)
	}
	if err := out.emit(ctx, c, opt, samples, measured); err != nil {
		return nil, err
	}
	if data != nil {
		out.Report.Samples = data.Samples()
	}
	if fitted != float {
		text, side, err := parser.Marshal(fitted)
		if err != nil {
			return nil, err
		}
		out.Files[path.Join("amctc", opt.Package+".fitted.amir")], out.Files[path.Join("amctc", opt.Package+".fitted.safetensors")] = text, side
	}
	if !opt.NoVerify {
		if data != nil && data.HasState() { // the integer network's own
			opt.VerifySamples = max(opt.VerifySamples, min(data.Steps(), 8))
			if samples, err = data.Follow(exec.Engine{}, integer.Main()).First(opt.VerifySamples); err != nil {
				return nil, err
			}
		}
		if err := out.verify(ctx, opt, samples); err != nil {
			return nil, err
		}
	}
	text, err := out.Report.JSON()
	if err != nil {
		return nil, err
	}
	out.Files["amctc/report.json"] = text
	if out.Files["amctc/report.html"], err = out.Report.HTML(); err != nil {
		return nil, err
	}
	return out, nil
}

// validation is on the first calibration samples, or on noise.
func validation(f *ir.Func, opt CompileOptions) (*passes.Validation, error) {
	if len(opt.Calib) == 0 {
		return &passes.Validation{}, nil
	}
	data, err := OpenData(f, opt.Calib, opt.Data)
	if err != nil {
		return nil, err
	}
	samples, err := data.First(2)
	if err != nil {
		return nil, err
	}
	return &passes.Validation{Samples: func(*ir.Func) [][]*tensor.Tensor { return samples }}, nil
}

// wide is the first node that gives codes of int16, or nil.
func wide(f *ir.Func) *ir.Node {
	for _, n := range f.Nodes {
		if n.Result().Type.DType == tensor.I16 {
			return n
		}
	}
	return nil
}

func (o *Compiled) emit(ctx context.Context, c *passes.Context, opt CompileOptions, samples [][]*tensor.Tensor, measured int) error {
	name := opt.Package
	where, err := FindModule(opt.Out, opt.Package, opt.Module)
	if err != nil {
		return err
	}
	step := func(i int, what string) { opt.Progress("emit "+what, i, 5) }
	step(1, "Go")
	n := min(len(samples), 4)
	state, err := FindState(o.Integer.Main(), opt.Data.State)
	if err != nil {
		return err
	}
	files, err := GoPackage(o.Integer, where, gogen.Options{Package: opt.Package, Source: filepath.Base(opt.Model), Samples: samples[:n], State: state, Counters: opt.Counters})
	if err != nil {
		return err
	}
	plan, err := plan.Build(o.Integer, o.Integer.Main(), plan.Options{Whole: opt.Counters})
	if err != nil {
		return err
	}
	o.Plan = plan.String()
	step(2, "record")
	files[path.Join("amctc", name+".record.txt")] = ToRecord(c.Factors).Format()
	text, side, err := parser.Marshal(o.Integer)
	if err != nil {
		return err
	}
	files[path.Join("amctc", name+".amir")] = text
	files[path.Join("amctc", name+".safetensors")] = side
	step(3, "ONNX")
	if files[path.Join("amctc", name+".qdq.onnx")], err = EmitONNX(o.Integer); err != nil {
		return err
	}
	if o.Pair != nil {
		pair, err := EmitPair(o.Pair, name)
		if err != nil {
			return err
		}
		for file, data := range pair {
			files[path.Join("amctc", file)] = data
		}
	}
	step(4, "Ascend")
	a, err := EmitAscendOn(o.Integer, opt.Target, opt.Cores)
	if err != nil {
		return err
	}
	a.Program.Name = name
	files[path.Join("amctc", name+".ascend")] = []byte(a.Program.String())
	files[path.Join("amctc", name+".ascend.bin")] = a.Consts
	files[path.Join("amctc", opt.Target+".desc")] = []byte(a.Description.String())
	step(5, "report")
	o.Files = files
	return o.report(ctx, c, opt, a, plan.ArenaBytes(), samples, measured)
}

func (o *Compiled) report(ctx context.Context, c *passes.Context, opt CompileOptions, a *Ascend, arena int, samples [][]*tensor.Tensor, measured int) error {
	rows, err := report.Measure(ctx, exec.Engine{}, o.Float.Main(), o.Integer.Main(), samples[:measured])
	if err != nil {
		return err
	}
	r := report.New()
	r.Version, r.Model, r.Target, r.Measured, r.Layers = Version, filepath.Base(opt.Model), opt.Target, measured, rows
	r.FloatBytes, r.IntBytes, r.ArenaBytes, r.MHz = report.ConstBytes(o.Float), report.ConstBytes(o.Integer), arena, a.Description.MHz
	r.Rules = append(r.Rules, a.Description.Assumed...)
	r.Total()
	for _, d := range c.Remarks.Sorted() {
		r.Remarks = append(r.Remarks, d.Error())
	}
	o.Report = r
	if len(samples) == 0 {
		return nil
	}
	s := &agree.Simulated{Program: a.Program, Consts: a.Consts, Description: a.Description, Func: o.Integer.Main()}
	res, err := s.Time(ctx, samples[0])
	if err != nil {
		return fmt.Errorf("simulation: %w", err)
	}
	o.SimTrace = res
	r.Cycles, r.Steps = res.Cycles, res.Steps
	if r.Cores, err = o.coreCycles(ctx, opt, res, samples[0]); err != nil {
		return err
	}
	for _, n := range res.Assumed {
		r.Assumed += n
	}
	return nil
}

// coreCycles are the cycles of one sample on one AI core, on twice as many and so on, and on those that were asked for, whose run is last; nil for one core.
func (o *Compiled) coreCycles(ctx context.Context, opt CompileOptions, last *sim.Result, sample []*tensor.Tensor) ([]report.CoreCycles, error) {
	n := last.Cores()
	if n == 1 {
		return nil, nil
	}
	var out []report.CoreCycles
	for cores := 1; cores < n; cores *= 2 {
		a, err := EmitAscendOn(o.Integer, opt.Target, cores)
		if err != nil {
			return nil, err
		}
		s := &agree.Simulated{Program: a.Program, Consts: a.Consts, Description: a.Description, Func: o.Integer.Main()}
		res, err := s.Time(ctx, sample)
		if err != nil {
			return nil, fmt.Errorf("simulation on %d cores: %w", cores, err)
		}
		out = append(out, report.CoreCycles{Cores: cores, Cycles: res.Cycles})
	}
	return append(out, report.CoreCycles{Cores: n, Cycles: last.Cycles}), nil
}

func (o *Compiled) verify(ctx context.Context, opt CompileOptions, samples [][]*tensor.Tensor) error {
	n := opt.VerifySamples
	if n == 0 {
		n = 4
	}
	r, why, err := Verify(ctx, o.Integer, samples[:min(n, len(samples))], VerifyOptions{Targets: []string{opt.Target}, Cores: opt.Cores, Progress: opt.Progress, State: opt.Data.State})
	if err != nil {
		return err
	}
	o.Agree, o.GoNotRun = r, why
	return nil
}

// PackageName makes a Go package name of a folder's base name.
func PackageName(dir string) string {
	base := filepath.Base(filepath.Clean(dir))
	if base == "." || base == string(filepath.Separator) {
		if abs, err := filepath.Abs(dir); err == nil {
			base = filepath.Base(abs)
		}
	}
	var b strings.Builder
	for _, c := range strings.ToLower(base) {
		switch {
		case c >= 'a' && c <= 'z' || c >= '0' && c <= '9' && b.Len() > 0:
			b.WriteRune(c)
		}
	}
	if name := b.String(); name != "" && !reserved[name] {
		return name
	}
	return "network"
}

var reserved = map[string]bool{"break": true, "case": true, "chan": true, "const": true, "continue": true, "default": true, "defer": true,
	"else": true, "fallthrough": true, "for": true, "func": true, "go": true, "goto": true, "if": true, "import": true, "interface": true,
	"map": true, "package": true, "range": true, "return": true, "select": true, "struct": true, "switch": true, "type": true, "var": true,
	"main": true, "init": true, "internal": true, "amctc": true}

// Exists says whether a path is there.
func Exists(p string) bool { _, err := os.Stat(p); return err == nil }
