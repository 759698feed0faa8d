package main

import (
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/amctc/amctc"
	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/parser/amct"
	"github.com/amctc/amctc/passes/train"
)

func trainCommand(u *ui) *cobra.Command {
	var load loadFlags
	var data dataFlags
	var paths, valid []string
	var labels, validLabels, out, optimizer, teacher, history string
	var force, quantize bool
	var qat qatFlags
	opt := amctc.DefaultTrain()
	c := &cobra.Command{
		Use:   "train MODEL --data DATA --labels L -o TRAINED.amir",
		Short: "train a float network, from scratch or on",
		Example: `  amctc train model.onnx --data train-images-idx3-ubyte.gz --labels train-labels-idx1-ubyte.gz --std 255 --fresh --epochs 15 -o trained.amir
  amctc train autoencoder.onnx --data x.npy --loss mse --optimizer adam --rate 0.001 -o trained.amir`,
		Long: `The weights, biases and factors of batch normalization are trained; the network's form stays. The result is the same on every machine for a
seed, whatever the number of threads. With --checkpoint a run that was stopped goes on where it was, and ends with the same numbers.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			lo, err := load.options(u.warning)
			if err != nil {
				return err
			}
			m, err := amctc.Load(args[0], lo)
			if err != nil {
				return err
			}
			if !strings.HasSuffix(out, ".amir") {
				return fail(exitUsage, "output %q must end in .amir", out)
			}
			do, err := data.options()
			if err != nil {
				return err
			}
			d, err := amctc.OpenData(m.Main(), paths, do)
			if err != nil {
				return err
			}
			want, err := readLabels(labels, paths, d.Samples())
			if err != nil {
				return err
			}
			set, err := amctc.LoadTrainSet(d, want)
			if err != nil {
				return err
			}
			opt.Optimizer.Kind = train.Kind(optimizer)
			metric := map[string]string{"cross_entropy": "top1", "mse": "mse"}[opt.Loss]
			if len(valid) > 0 {
				do.Limit = 0
				vd, err := amctc.OpenData(m.Main(), valid, do)
				if err != nil {
					return err
				}
				vs, err := evalSet(metric, validLabels, valid, vd)
				if err != nil {
					return err
				}
				opt.Validate = vs
			}
			began := time.Now()
			opt.Progress = func(s amctc.TrainStatus) {
				u.progress(trainText(s, time.Since(began)), s.Step, s.Steps)
			}
			if quantized := cmd.Flags().Changed("config") || quantize; quantized {
				if opt.Quantize, err = qat.options(u, cmd, m); err != nil {
					return err
				}
				if qat.record == "" {
					return fail(exitUsage, "training with quantization finds factors: give --record")
				}
				opt.Quantize.Data = d.Limited(amctc.CalibrationSamples)
				if n := opt.Quantize.BatchNum; n > 0 { // batches of the config are those of training
					opt.Quantize.BatchNum, opt.Quantize.Data = 0, d.Limited(n*opt.Batch)
				}
			}
			if teacher != "" {
				if opt.Teacher, err = loadTeacher(cmd, teacher, lo); err != nil {
					return err
				}
			}
			trained, err := amctc.Train(cmd.Context(), m, set, opt)
			if err != nil {
				return err
			}
			u.close()
			if trained.Factors != nil {
				if err := writeFile(qat.record, amctc.ToRecord(trained.Factors).Format(), force); err != nil {
					return err
				}
			}
			if history != "" {
				text, err := train.FormatHistory(trained.History)
				if err != nil {
					return err
				}
				if err := writeFile(history, text, force); err != nil {
					return err
				}
			}
			if err := saveModule(u, out, trained.Module, force); err != nil {
				return err
			}
			if u.json {
				return u.object(trained.History)
			}
			printHistory(u, trained.History, metric)
			fmt.Fprintf(u.stdout, "trained in %v, written %s\n", time.Since(began).Round(100*time.Millisecond), out)
			return nil
		},
	}
	load.register(c)
	data.register(c)
	f := c.Flags()
	f.StringArrayVar(&paths, "data", nil, "training data for each input, in order")
	f.StringVar(&labels, "labels", "", "labels: IDX(.gz), .npy or text, one a line")
	f.StringArrayVar(&valid, "validate", nil, "data that the metric is measured on after each epoch")
	f.StringVar(&validLabels, "validate-labels", "", "labels of --validate")
	f.IntVar(&opt.Epochs, "epochs", opt.Epochs, "passes over the data")
	f.IntVar(&opt.Batch, "batch", opt.Batch, "samples of a step")
	f.IntVar(&opt.Threads, "threads", opt.Threads, "goroutines that compute a step")
	f.Uint64Var(&opt.Seed, "seed", opt.Seed, "seed of everything that is drawn")
	f.StringVar(&opt.Loss, "loss", opt.Loss, "cross_entropy of labels, or mse of the output against the input")
	f.Float64Var(&opt.Smoothing, "label-smoothing", 0, "part of a label's probability that all classes share")
	f.StringVar(&optimizer, "optimizer", string(opt.Optimizer.Kind), "sgd (Nesterov momentum 0.9) or adam")
	f.Float64Var(&opt.Schedule.Rate, "rate", opt.Schedule.Rate, "greatest learning rate")
	f.StringVar(&opt.Schedule.Kind, "schedule", opt.Schedule.Kind, "constant, step, cosine or onecycle")
	f.IntVar(&opt.Schedule.Warmup, "warmup", 0, "steps of a linear rise of the rate")
	f.IntVar(&opt.Schedule.Every, "rate-every", 0, "steps between drops of schedule step")
	f.Float64Var(&opt.Optimizer.Decay, "decay", opt.Optimizer.Decay, "weight decay")
	f.Float64Var(&opt.Clip, "clip", 0, "greatest norm of all gradients; 0 is no limit")
	f.Float64Var(&opt.Average, "average", 0, "what an exponential average of the parameters keeps in a step, such as 0.999; the average is the result")
	f.IntVar(&opt.Augment.Shift, "shift", 0, "shift images by up to so many pixels")
	f.BoolVar(&opt.Augment.Flip, "flip", false, "mirror half of the images")
	f.Float64Var(&opt.Augment.Crop, "crop", 0, "cut windows with sides of this part of the image or more, scaled up again; 0 is none")
	f.BoolVar(&opt.Fresh, "fresh", false, "draw new weights instead of going on from the model's")
	f.BoolVar(&opt.Frozen, "frozen-batch-norm", false, "keep the statistics of batch normalization")
	f.StringVar(&teacher, "teacher", "", "float network whose outputs are learned: with mse alone, with cross_entropy the part --distill")
	f.Float64Var(&opt.Distill, "distill", 0, "with --teacher and cross_entropy: part of a target that the teacher says")
	f.StringVar(&history, "history", "", "JSON file to write: loss, rate, accuracy and trained ranges after each epoch; \"amctc report --training\" draws it")
	f.BoolVar(&quantize, "quantize", false, "train with quantization in the forward pass: bounds of activations are trained")
	qat.register(f)
	f.StringVar(&opt.Checkpoint, "checkpoint", "", "file that the run is saved in, and goes on from")
	f.IntVar(&opt.Every, "checkpoint-every", 0, "steps between checkpoints within an epoch; 0 saves after each epoch only")
	f.StringVarP(&out, "output", "o", "", "trained module; its constants go beside it, in NAME.safetensors")
	f.BoolVar(&force, "force", false, "replace existing files")
	_ = c.MarkFlagRequired("data")
	_ = c.MarkFlagRequired("output")
	return c
}

// qatFlags choose how training quantizes.
type qatFlags struct {
	config, weights, record string
	bits, actBits           int
	perTensor               bool
}

func (q *qatFlags) register(f *pflag.FlagSet) {
	f.StringVar(&q.config, "config", "", "AMCT config of quantization aware training, JSON or simplified; implies --quantize")
	f.IntVar(&q.actBits, "activation-bits", 8, "with --quantize: width of the codes that layers read: 4, 8 or 16")
	f.IntVar(&q.bits, "weight-bits", 8, "with --quantize: width of weight codes")
	f.BoolVar(&q.perTensor, "per-tensor", false, "with --quantize: one scale for the weights of a layer")
	f.StringVar(&q.weights, "quantized-weights", "lsq", "with --quantize: lsq trains the scales of weights (AMCT's ulq_retrain), arq takes them from the range (arq_retrain)")
	f.StringVar(&q.record, "record", "", "with --quantize: AMCT record to write; it belongs to the trained module")
}

func (q *qatFlags) options(u *ui, cmd *cobra.Command, m *ir.Module) (*amctc.QATOptions, error) {
	if q.config != "" {
		for _, name := range []string{"activation-bits", "weight-bits", "per-tensor", "quantized-weights"} {
			if cmd.Flags().Changed(name) {
				return nil, fail(exitUsage, "--%s and --config both say how layers are quantized; choose one", name)
			}
		}
		text, err := os.ReadFile(q.config)
		if err != nil {
			return nil, err
		}
		conf, err := amct.ReadRetrain(q.config, text)
		if err != nil {
			return nil, err
		}
		pc := amctc.NewContext(cmd.Context())
		out, err := amctc.RetrainOptions(pc, conf, m.Main())
		u.remarks(pc)
		return out, err
	}
	if q.weights != "lsq" && q.weights != "arq" {
		return nil, fail(exitUsage, "--quantized-weights %s: want lsq or arq", q.weights)
	}
	out := amctc.DefaultQAT()
	out.Default.ActBits, out.Default.WtsBits, out.Default.Trained = q.actBits, q.bits, q.weights == "lsq"
	if q.perTensor {
		no := false
		out.Default.PerChannel = &no
	}
	return out, nil
}

// loadTeacher is a float network that is executed as it is.
func loadTeacher(cmd *cobra.Command, path string, lo amctc.LoadOptions) (*ir.Module, error) {
	m, err := amctc.Load(path, lo)
	if err != nil {
		return nil, err
	}
	return amctc.Prepare(amctc.NewContext(cmd.Context()), m)
}

// trainText is the line beside the progress bar.
func trainText(s amctc.TrainStatus, took time.Duration) string {
	text := fmt.Sprintf("epoch %d of %d, loss %.4f", s.Epoch, s.Epochs, s.Loss)
	if s.Right == s.Right {
		text += fmt.Sprintf(", %.2f %%", 100*s.Right)
	}
	if done := float64((s.Epoch-1)*s.Steps+s.Step) / float64(s.Epochs*s.Steps); done > 0 {
		left := time.Duration(float64(took) * (1 - done) / done)
		text += fmt.Sprintf(", %v left", left.Round(time.Second))
	}
	return text
}

func printHistory(u *ui, history []amctc.TrainEpoch, metric string) {
	m, err := amctc.FindMetric(metric)
	var rows [][]string
	for _, e := range history {
		row := []string{fmt.Sprint(e.Epoch), fmt.Sprintf("%.5f", e.Loss), "", ""}
		if e.Right != nil {
			row[2] = fmt.Sprintf("%.2f %%", 100**e.Right)
		}
		if e.Validate != nil && err == nil {
			row[3] = m.Text(*e.Validate)
		}
		rows = append(rows, row)
	}
	u.table([]string{"epoch", "loss", "right", "validation"}, rows, 1, 2, 3)
}
