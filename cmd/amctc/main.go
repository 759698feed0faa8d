// Command amctc compiles trained networks to int8 Go packages and Ascend programs.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/amctc/amctc"
	"github.com/amctc/amctc/ir/diag"
	"github.com/amctc/amctc/passes"
)

// The exit codes.
const (
	exitOK          = 0
	exitCheck       = 1 // a check failed: accuracy, difference, stale output
	exitUsage       = 2 // usage or configuration
	exitModel       = 3 // model not supported
	exitIO          = 4 // input or output
	exitBug         = 5 // a bug of ours
	exitInterrupted = 130
)

// A failure carries its exit code.
type failure struct {
	code int
	err  error
}

func (f *failure) Error() string { return f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

func fail(code int, format string, args ...any) error {
	return &failure{code, fmt.Errorf(format, args...)}
}

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

func run(args []string, stdout, stderr io.Writer) (code int) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	defer func() {
		if r := recover(); r != nil {
			fmt.Fprintf(stderr, "amctc: internal error: %v\nThis is a bug of amctc; please report the command and the model.\n", r)
			code = exitBug
		}
	}()
	u := newUI(stdout, stderr)
	root := newRoot(u)
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	u.close()
	if err == nil {
		return exitOK
	}
	return exitCode(u, err, ctx.Err() != nil)
}

// exitCode prints an error and gives its exit code: the one place where errors become numbers.
func exitCode(u *ui, err error, interrupted bool) int {
	var f *failure
	var l *diag.List
	var d *diag.Diagnostic
	var bug *passes.Bug
	var path *fs.PathError
	if interrupted || errors.Is(err, context.Canceled) {
		fmt.Fprintln(u.stderr, "amctc: interrupted; nothing was written")
		return exitInterrupted
	}
	if errors.As(err, &bug) {
		fmt.Fprintf(u.stderr, "amctc: %v\nThis is a bug of amctc.", bug)
		if p, e := writeReproducer(bug); e == nil {
			fmt.Fprintf(u.stderr, " The module before the pass is in %s.", p)
		}
		fmt.Fprintln(u.stderr)
		return exitBug
	}
	code := exitUsage
	switch {
	case errors.As(err, &f):
		code = f.code
	case errors.Is(err, amctc.ErrStale):
		code = exitCheck
	case errors.As(err, &l):
		code = diagnosed(l.Sorted()...)
	case errors.As(err, &d):
		code = diagnosed(d)
	case errors.As(err, &path), errors.Is(err, amctc.ErrForeign):
		code = exitIO
	}
	switch {
	case errors.As(err, &l):
		fmt.Fprint(u.stderr, l.Render(readSource))
	case errors.As(err, &d):
		fmt.Fprint(u.stderr, d.Render(readSource))
	default:
		fmt.Fprintln(u.stderr, "amctc: "+err.Error())
	}
	return code
}

// diagnosed is the exit code of diagnostics: those of configurations (C), records (R) and statistics (S) alone are a matter
// of usage.
func diagnosed(list ...*diag.Diagnostic) int {
	for _, d := range list {
		if d.Severity == diag.Error && !strings.Contains("CRS", string(d.Code[:1])) {
			return exitModel
		}
	}
	return exitUsage
}

// readSource is the text of a file that diagnostics have places in.
func readSource(file string) (string, bool) {
	if strings.HasSuffix(file, ".onnx") {
		return "", false
	}
	b, err := os.ReadFile(file)
	return string(b), err == nil
}

func newRoot(u *ui) *cobra.Command {
	root := &cobra.Command{
		Use:   "amctc",
		Short: "quantize a trained network: int8 Go package, Ascend program, AMCT record, QDQ ONNX",
		Example: `  amctc compile model.onnx --calib images.npy --out ./lenet
  amctc eval model.onnx --data t10k-images-idx3-ubyte.gz --labels t10k-labels-idx1-ubyte.gz
  amctc verify lenet/amctc/lenet.amir --input images.npy`,
		SilenceUsage:  true,
		SilenceErrors: true,
		Version:       amctc.Version,
	}
	root.PersistentFlags().BoolVarP(&u.quiet, "quiet", "q", false, "no progress, only results and errors")
	root.PersistentFlags().BoolVarP(&u.verbose, "verbose", "v", false, "log every rewrite to standard error")
	root.PersistentFlags().BoolVar(&u.json, "json", false, "results as one JSON object")
	root.SetGlobalNormalizationFunc(func(_ *pflag.FlagSet, name string) pflag.NormalizedName {
		return pflag.NormalizedName(strings.ReplaceAll(name, "_", "-"))
	})
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return &failure{exitUsage, err} })
	root.SetHelpTemplate(helpTemplate)
	root.PersistentPreRunE = func(*cobra.Command, []string) error { return checkISA(os.Getenv("AMCTC_ISA")) }
	root.AddCommand(compileCommand(u), importCommand(u), fmtCommand(u), optCommand(u), diffCommand(u), configCommand(u), calibrateCommand(u), quantizeCommand(u),
		emitCommand(u), runCommand(u), trainCommand(u), distillCommand(u), evalCommand(u), autoCommand(u), verifyCommand(u), benchCommand(u), simCommand(u), reportCommand(u), opsCommand(u), passesCommand(u), targetCommand(u), explainCommand(u))
	return root
}

// helpTemplate is what the command does and how it is used, examples first; the usage follows once.
const helpTemplate = `{{with .Short}}{{.}}

{{end}}{{if .HasExample}}Examples:
{{.Example}}

{{end}}{{with .Long}}{{.}}

{{end}}Usage:{{if .Runnable}}
  {{.UseLine}}{{end}}{{if .HasAvailableSubCommands}}
  {{.CommandPath}} [command]

Commands:{{range .Commands}}{{if .IsAvailableCommand}}
  {{rpad .Name .NamePadding}} {{.Short}}{{end}}{{end}}{{end}}{{if .HasAvailableLocalFlags}}

Flags:
{{.LocalFlags.FlagUsages | trimTrailingWhitespaces}}{{end}}{{if .HasAvailableInheritedFlags}}

Flags of every command:
{{.InheritedFlags.FlagUsages | trimTrailingWhitespaces}}{{end}}
`
