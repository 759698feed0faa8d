package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/amctc/amctc"
	"github.com/amctc/amctc/parser/amct"
)

// loadFlags are the flags of every command that reads a model.
type loadFlags struct{ shapes, values []string }

func (l *loadFlags) register(c *cobra.Command) {
	c.Flags().StringArrayVar(&l.shapes, "input-shape", nil, "fix an input's shape: NAME:1,3,224,224 (repeatable, or separated by ';')")
	c.Flags().StringArrayVar(&l.values, "bind", nil, "make an input a constant: NAME=VALUE or NAME=V,V,… (repeatable)")
}

func (l *loadFlags) options() (amctc.LoadOptions, error) {
	o := amctc.LoadOptions{}
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
}

func (d *dataFlags) register(c *cobra.Command) {
	c.Flags().IntVar(&d.limit, "limit", 0, "use the first N samples only")
	c.Flags().Var((*floats)(&d.mean), "mean", "subtracted from every input element, one number or one for each channel: 0.485,0.456,0.406")
	c.Flags().StringVar(&d.resize, "resize", "", "bring images to the input's size: stretch, or crop the middle")
	c.Flags().Var((*floats)(&d.std), "std", "divides every input element after the mean is taken, one number or one for each channel")
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
	return amctc.DataOptions{Skip: d.skip, Limit: d.limit, Mean: d.mean, Std: d.std, Resize: d.resize}, nil
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
