package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/amctc/amctc"
	"github.com/amctc/amctc/ir/diag"
	"github.com/amctc/amctc/ir/op"
	"github.com/amctc/amctc/parser/amct"
)

// loadFlags are the flags of every command that reads a model.
type loadFlags struct {
	shapes, values []string
	data           *dataFlags // of a command whose network may take pixels
}

func (l *loadFlags) register(c *cobra.Command) {
	c.Flags().StringArrayVar(&l.shapes, "input-shape", nil, "fix an input's shape: NAME:1,3,224,224 (repeatable, or separated by ';')")
	c.Flags().StringArrayVar(&l.values, "bind", nil, "make an input a constant: NAME=VALUE or NAME=V,V,… (repeatable)")
}

// options are what the flags say; warn gets what the importer warns of.
func (l *loadFlags) options(warn func(*diag.Diagnostic)) (amctc.LoadOptions, error) {
	o := amctc.LoadOptions{Warn: warn}
	if l.data != nil {
		var err error
		if o.Pixels, err = l.data.pixels(); err != nil {
			return o, err
		}
	}
	for _, s := range l.shapes {
		for _, part := range strings.Split(s, ";") {
			if part == "" {
				continue
			}
			i := strings.LastIndex(part, ":")
			if i <= 0 {
				return o, fmt.Errorf("--input-shape %q: want NAME:dim,dim,…", part)
			}
			var dims []int
			for _, d := range strings.Split(part[i+1:], ",") {
				v, err := strconv.Atoi(strings.TrimSpace(d))
				if err != nil || v == 0 || v < -1 {
					return o, fmt.Errorf("--input-shape %q: %q is not a dimension", part, d)
				}
				dims = append(dims, v)
			}
			if o.InputShapes == nil {
				o.InputShapes = map[string][]int{}
			}
			o.InputShapes[part[:i]] = dims
		}
	}
	for _, s := range l.values {
		i := strings.LastIndex(s, "=")
		if i <= 0 || i == len(s)-1 {
			return o, fmt.Errorf("--bind %q: want NAME=VALUE or NAME=V,V,…", s)
		}
		if o.Values == nil {
			o.Values = map[string][]string{}
		}
		if _, twice := o.Values[s[:i]]; twice {
			return o, fmt.Errorf("--bind gives input %q two values", s[:i])
		}
		o.Values[s[:i]] = strings.Split(s[i+1:], ",")
	}
	return o, nil
}

// dataFlags say how data files become samples.
type dataFlags struct {
	limit     int
	skip      int
	mean, std []float32
	resize    string

	input, layout, order string // of pixels

	state string
	steps int
}

func (d *dataFlags) register(c *cobra.Command) {
	c.Flags().IntVar(&d.limit, "limit", 0, "use the first N samples only")
	c.Flags().StringVar(&d.resize, "resize", "", "bring images to the input's size: stretch, or crop the middle")
	d.registerNumbers(c)
}

// registerNumbers are the flags that say what elements of data stand for.
func (d *dataFlags) registerNumbers(c *cobra.Command) {
	c.Flags().Var((*floats)(&d.mean), "mean", "subtracted from every input element, one number or one for each channel: 0.485,0.456,0.406")
	c.Flags().Var((*floats)(&d.std), "std", "divides every input element after the mean is taken, one number or one for each channel")
}

// registerPixels is for commands that make a network take pixels.
func (d *dataFlags) registerPixels(c *cobra.Command, load *loadFlags) {
	load.data = d
	c.Flags().StringVar(&d.input, "input-type", "f32", "f32, or u8: images are given as bytes, and the network applies --mean and --std itself")
	c.Flags().StringVar(&d.layout, "input-layout", op.NCHW, "how the bytes of an image lie: nchw, or nhwc with the channels last")
	c.Flags().StringVar(&d.order, "channel-order", "rgb", "rgb, or bgr: the bytes have their channels in the opposite order of the network's")
}

// registerState is for commands that run a network with state.
func (d *dataFlags) registerState(c *cobra.Command) {
	c.Flags().StringVar(&d.state, "state", "", "inputs that are outputs of the step before, zeros in the first: h=h_out,c=c_out; no data are given for them")
	c.Flags().IntVar(&d.steps, "steps", 0, "steps of each sample of a network with --state")
}

// pixels is how the network takes bytes; nil when it takes numbers.
func (d *dataFlags) pixels() (*amctc.PixelInput, error) {
	switch {
	case d.input == "" || d.input == "f32":
		if d.layout != "" && d.layout != op.NCHW || d.order != "" && d.order != "rgb" {
			return nil, fail(exitUsage, "--input-layout and --channel-order are those of bytes; they go with --input-type u8")
		}
		return nil, nil
	case d.input != "u8":
		return nil, fail(exitUsage, "there is no input type %q: want f32 or u8", d.input)
	case d.layout != op.NCHW && d.layout != op.NHWC:
		return nil, fail(exitUsage, "there is no layout %q: want %s or %s", d.layout, op.NCHW, op.NHWC)
	case d.order != "rgb" && d.order != "bgr":
		return nil, fail(exitUsage, "there is no channel order %q: want rgb or bgr", d.order)
	}
	return &amctc.PixelInput{Mean: d.mean, Std: d.std, Layout: d.layout, Reverse: d.order == "bgr"}, nil
}

// registerSkip is for commands whose data have no labels beside them.
func (d *dataFlags) registerSkip(c *cobra.Command) {
	c.Flags().IntVar(&d.skip, "skip", 0, "leave out the first N samples; --limit counts from there")
}

func (d *dataFlags) options() (amctc.DataOptions, error) {
	if d.limit < 0 {
		return amctc.DataOptions{}, fmt.Errorf("--limit %d is negative", d.limit)
	}
	if d.skip < 0 {
		return amctc.DataOptions{}, fmt.Errorf("--skip %d is negative", d.skip)
	}
	o := amctc.DataOptions{Skip: d.skip, Limit: d.limit, Resize: d.resize}
	if d.input != "u8" { // pixels are normalized by the network
		o.Mean, o.Std = d.mean, d.std
	}
	if d.state != "" {
		var err error
		if o.State, err = amctc.ParseState(d.state); err != nil {
			return o, fail(exitUsage, "--state: %w", err)
		}
	}
	switch o.Steps = d.steps; {
	case d.steps < 0:
		return o, fail(exitUsage, "--steps %d is negative", d.steps)
	case d.steps > 0 && d.state == "":
		return o, fail(exitUsage, "--steps are those of a network with --state")
	}
	return o, nil
}

type floats []float32

func (f *floats) String() string {
	if len(*f) == 0 {
		return ""
	}
	return strings.Trim(fmt.Sprint([]float32(*f)), "[]")
}
func (f *floats) Type() string { return "floats" }
func (f *floats) Set(s string) error {
	*f = nil
	for _, p := range strings.Split(s, ",") {
		v, err := strconv.ParseFloat(strings.TrimSpace(p), 32)
		if err != nil {
			return fmt.Errorf("%q is not a number", p)
		}
		*f = append(*f, float32(v))
	}
	return nil
}

// readConfig reads a configuration in either of AMCT's forms; nil without a path.
func readConfig(path string) (amct.Configuration, error) {
	if path == "" {
		return nil, nil
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return amct.ReadConfig(path, b)
}

func readRecord(path string) (*amct.Record, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return amct.ParseRecord(path, b)
}

// writeFile writes aside and renames, so that the file is whole or not there. Outputs named by the
// user are replaced only with --force.
func writeFile(path string, data []byte, force bool) error {
	if _, err := os.Lstat(path); err == nil && !force {
		return fail(exitIO, "%s exists; choose another name, or give --force to replace it", path)
	}
	tmp := path + ".amctc-tmp"
	if err := os.WriteFile(tmp, data, 0o666); err != nil {
		return err
	}
	if err := os.Rename(tmp, path); err != nil {
		os.Remove(tmp)
		return err
	}
	return nil
}
