package main

import (
	"maps"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"github.com/amctc/amctc"
	"github.com/amctc/amctc/codegen/gogen"
	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/parser/amct"
	"github.com/amctc/amctc/passes"
)

func calibrateCommand(u *ui) *cobra.Command {
	var load loadFlags
	var data dataFlags
	var calib []string
	var transforms transformFlags
	var record, config, fittedOut string
	var quant quantFlags
	var st statsFlags
	var force bool
	c := &cobra.Command{
		Use:   "calibrate MODEL --calib DATA --record R",
		Short: "find quantization factors and write them as an AMCT record",
		Example: `  amctc calibrate model.onnx --calib images.npy --limit 128 --record factors.txt
  amctc quantize model.onnx --record factors.txt -o quantized.amir
  amctc calibrate model.onnx --calib images.npy --stats model.stats
  amctc calibrate model.onnx --stats model.stats --activations mse --record factors.txt
  amctc calibrate --merge part1.stats part2.stats --stats model.stats`,
		Long: `Of a model that another tool has quantized, the record gets that tool's factors, and no data are needed.
With --calib, --stats writes what the data say about every tensor, apart from any settings; without it, factors are found from such a
file under whatever settings are given, and no data are needed. --merge makes one file of those of parts of the data (--skip, --limit).`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := st.check(args, len(calib) > 0, record); err != nil {
				return err
			}
			if st.merge {
				return mergeStats(args, st.file, force)
			}
			if err := transforms.check(""); err != nil {
				return err
			}
			pc, float, own, err := prepare(cmd, u, load, args[0], config, "")
			if err != nil {
				return err
			}
			transforms.apply(pc.Settings)
			if err := quant.apply(pc.Settings); err != nil {
				return err
			}
			fitted := float
			switch {
			case own:
				if len(calib) > 0 || st.file != "" {
					return fail(exitUsage, "%s has factors of its own, which are written as they are; leave out --calib and --stats", args[0])
				}
				if err := amctc.CheckOwn(pc.Settings, args[0]); err != nil {
					return err
				}
			case len(calib) == 0 && st.file == "":
				return fail(exitUsage, "give calibration data with --calib, or statistics of it with --stats")
			case record == "":
				d, err := openData(float, calib, data)
				if err != nil {
					return err
				}
				return takeStats(u, pc, float, d, st.file, force)
			case pc.Settings.Rounds() && fittedOut == "":
				return fail(exitUsage, "the settings change weights, so that the record is of another network than %s; --fitted FILE.amir keeps that", args[0])
			case pc.Settings.CorrectBias && fittedOut == "":
				return fail(exitUsage, "bias correction changes biases, which a record does not hold: give --fitted F.amir for the network, and quantize that with the record")
			case st.file != "":
				s, err := readStats(st.file)
				if err != nil {
					return err
				}
				if fitted, err = amctc.FitStatistics(pc, float, s); err != nil {
					return err
				}
			default:
				d, err := openData(float, calib, data)
				if err != nil {
					return err
				}
				if fitted, err = amctc.Calibrate(pc, float, d); err != nil {
					return err
				}
			}
			// Quantizing once writes the raised weight scales back, so that the record holds
			// what will be used.
			if _, err := amctc.Quantize(pc, fitted, amctc.DefaultTarget); err != nil {
				return err
			}
			u.remarks(pc)
			factors := pc.Factors
			if fittedOut != "" {
				if err := saveModule(u, fittedOut, fitted, force); err != nil {
					return err
				}
				factors = factors.Clone()
				for _, l := range factors.All() {
					l.Balance = nil // it is in the weights of the fitted network
				}
			}
			return writeFile(record, amctc.ToRecord(factors).Format(), force)
		},
	}
	load.register(c)
	data.register(c)
	data.registerPixels(c, &load)
	data.registerState(c)
	data.registerSkip(c)
	transforms.register(c)
	c.Flags().StringVar(&fittedOut, "fitted", "", "also write the float network that the record belongs to (.amir, with its constants beside it): balanced, with rounded weights and corrected biases")
	c.Flags().StringArrayVar(&calib, "calib", nil, "calibration data for each input, in order")
	quant.register(c)
	st.register(c)
	c.Flags().StringVar(&record, "record", "", "record file to write")
	c.Flags().StringVar(&config, "config", "", "AMCT quantization config, JSON or simplified")
	c.Flags().BoolVar(&force, "force", false, "replace an existing record or statistics")
	return c
}

func openData(float *ir.Module, paths []string, flags dataFlags) (*amctc.Data, error) {
	opt, err := flags.options()
	if err != nil {
		return nil, err
	}
	return amctc.OpenData(float.Main(), paths, opt)
}

// prepare loads a model and takes it to the form that is quantized, with the settings of a configuration and
// the factors of a record, of which both may be empty. own says that the model has factors, which are then in
// the context unless the record brings others. set adjusts the context before it is used.
func prepare(cmd *cobra.Command, u *ui, load loadFlags, path, config, record string, set ...func(*passes.Context)) (pc *passes.Context, float *ir.Module, own bool, err error) {
	lo, err := load.options(u.warning)
	if err != nil {
		return nil, nil, false, err
	}
	m, err := amctc.Load(path, lo)
	if err != nil {
		return nil, nil, false, err
	}
	pc, float, _, err = prepareLoaded(cmd, u, m, config, record, set...)
	return pc, float, amctc.HasFactors(m), err
}

// prepareLoaded is prepare of a loaded model; cfg is the configuration as the model has it, or nil.
func prepareLoaded(cmd *cobra.Command, u *ui, m *ir.Module, config, record string, set ...func(*passes.Context)) (pc *passes.Context, float *ir.Module, cfg *amct.Config, err error) {
	pc = amctc.NewContext(cmd.Context())
	pc.Progress, pc.Log = u.progress, u.log()
	for _, f := range set {
		f(pc)
	}
	if config != "" {
		if cfg, err = configure(pc, config, m); err != nil {
			return nil, nil, nil, err
		}
	}
	var r *amct.Record
	if record != "" {
		if r, err = readRecord(record); err != nil {
			return nil, nil, nil, err
		}
		amctc.ApplyRecord(pc.Settings, r)
	}
	if float, err = amctc.Prepare(pc, m); err != nil {
		return nil, nil, nil, err
	}
	if r != nil {
		if pc.Factors, err = amctc.FromRecord(r, float.Main()); err != nil {
			return nil, nil, nil, err
		}
	}
	return pc, float, cfg, nil
}

// configure takes the settings of a configuration file for a loaded model.
func configure(pc *passes.Context, path string, m *ir.Module) (*amct.Config, error) {
	conf, err := readConfig(path)
	if err != nil {
		return nil, err
	}
	return amctc.ApplyConfig(pc, conf, m.Main())
}

func quantizeCommand(u *ui) *cobra.Command {
	var load loadFlags
	var data dataFlags
	var record, out, pair, soc, config, statistics string
	var force, validate bool
	c := &cobra.Command{
		Use:   "quantize MODEL --record R -o Q.amir",
		Short: "apply the factors of an AMCT record, the user's own ones included",
		Example: `  amctc quantize model.onnx --record factors.txt -o quantized.amir
  amctc quantize model.onnx --record factors.txt --pair out/model
  amctc quantize model.onnx --stats model.stats --config config.json -o quantized.amir
  amctc quantize model.qdq.onnx -o quantized.amir`,
		Long: `--pair writes AMCT's two models of the network, PREFIX.deploy_model.onnx for ATC and PREFIX.fake_quant_model.onnx for
ONNX Runtime, and PREFIX_quant.json, which says which node stands for which. A model that another tool has quantized needs no
--record: its own factors are used.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if out == "" && pair == "" {
				return fail(exitUsage, "give -o, --pair or both")
			}
			pc, float, own, err := prepare(cmd, u, load, args[0], config, record, func(c *passes.Context) {
				if validate {
					c.Validate = &passes.Validation{}
				}
			})
			if err != nil {
				return err
			}
			switch {
			case statistics != "" && (record != "" || own):
				return fail(exitUsage, "there are factors already, of a record or of the model; leave out --stats")
			case statistics != "":
				s, err := readStats(statistics)
				if err != nil {
					return err
				}
				if float, err = amctc.FitStatistics(pc, float, s); err != nil {
					return err
				}
			case record == "" && !own:
				return fail(exitUsage, "%s has no factors of its own; give them with --record or --stats", args[0])
			}
			q, err := amctc.Quantize(pc, float, soc)
			if err != nil {
				return err
			}
			u.remarks(pc)
			noteValidated(u, pc)
			if pair != "" {
				if err := writePair(pc, float, soc, pair, force); err != nil {
					return err
				}
			}
			if out == "" {
				return nil
			}
			return saveModule(u, out, q, force)
		},
	}
	load.register(c)
	data.registerNumbers(c)
	data.registerPixels(c, &load)
	c.Flags().StringVar(&record, "record", "", "AMCT record file")
	c.Flags().StringVar(&statistics, "stats", "", "statistics to find factors from, instead of a record")
	c.Flags().StringVar(&config, "config", "", "AMCT quantization config, JSON or simplified")
	c.Flags().StringVarP(&out, "output", "o", "", "output .amir, - for standard output")
	c.Flags().BoolVar(&validate, "validate", false, "compare the network before and after every pass, on noise, with the interpreter")
	c.Flags().StringVar(&pair, "pair", "", "write AMCT's pair of models, with names that begin with this path")
	c.Flags().StringVar(&soc, "target", amctc.DefaultTarget, "Ascend SoC")
	c.Flags().BoolVar(&force, "force", false, "replace existing files")
	return c
}

// writePair writes AMCT's pair of models of a float module with the factors of pc.
func writePair(pc *passes.Context, float *ir.Module, soc, prefix string, force bool) error {
	m, err := amctc.Pair(pc, float, soc)
	if err != nil {
		return err
	}
	dir, name := filepath.Split(prefix)
	files, err := amctc.EmitPair(m, name)
	if err != nil {
		return err
	}
	for _, file := range slices.Sorted(maps.Keys(files)) {
		if err := writeFile(filepath.Join(dir, file), files[file], force); err != nil {
			return err
		}
	}
	return nil
}

func emitCommand(u *ui) *cobra.Command {
	var out, soc, pkg, module, state string
	var cores int
	c := &cobra.Command{
		Use:       "emit go|ascend|onnx Q.amir -o OUT",
		Short:     "write one artefact of a quantized module",
		Example:   "  amctc emit go lenet.amir -o ./lenet\n  amctc emit ascend lenet.amir -o lenet.ascend\n  amctc emit onnx lenet.amir -o lenet.qdq.onnx",
		Args:      cobra.ExactArgs(2),
		ValidArgs: []string{"go", "ascend", "onnx"},
	}
	var force, counters bool
	c.RunE = func(_ *cobra.Command, args []string) error {
		m, err := amctc.Load(args[1], amctc.LoadOptions{})
		if err != nil {
			return err
		}
		if err := wantInteger(m, args[1]); err != nil {
			return err
		}
		switch args[0] {
		case "go":
			if pkg == "" {
				pkg = amctc.PackageName(out)
			}
			where, err := amctc.FindModule(out, pkg, module)
			if err != nil {
				return err
			}
			opt := gogen.Options{Package: pkg, Source: filepath.Base(args[1]), Counters: counters}
			if state != "" {
				pairs, err := amctc.ParseState(state)
				if err != nil {
					return fail(exitUsage, "--state: %w", err)
				}
				if opt.State, err = amctc.FindState(m.Main(), pairs); err != nil {
					return err
				}
			}
			files, err := amctc.GoPackage(m, where, opt)
			if err != nil {
				return err
			}
			return amctc.WriteAll(out, files)
		case "ascend":
			if soc == "" {
				soc = m.Target
			}
			a, err := amctc.EmitAscendOn(m, soc, cores)
			if err != nil {
				return err
			}
			if err := writeFile(out+".bin", a.Consts, force); err != nil {
				return err
			}
			return writeFile(out, []byte(a.Program.String()), force)
		case "onnx":
			b, err := amctc.EmitONNX(m)
			if err != nil {
				return err
			}
			return writeFile(out, b, force)
		}
		return fail(exitUsage, "emit %q: want go, ascend or onnx", args[0])
	}
	c.Flags().StringVarP(&out, "output", "o", "", "output file, or folder for go")
	c.Flags().StringVar(&soc, "target", "", "Ascend SoC (default: the module's)")
	registerCores(c, &cores)
	c.Flags().StringVar(&pkg, "pkg", "", "Go package name (default: the folder's base name)")
	c.Flags().StringVar(&module, "module", "", "import path of the output folder (default: from the enclosing go.mod)")
	c.Flags().BoolVar(&counters, "counters", false, "let the Go package count values that leave their calibrated ranges")
	c.Flags().StringVar(&state, "state", "", "inputs of the Go package that are outputs of the step before: h=h_out,c=c_out")
	c.Flags().BoolVar(&force, "force", false, "replace existing files")
	_ = c.MarkFlagRequired("output")
	return c
}
