package selftest

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/amctc/amctc"
	"github.com/amctc/amctc/codegen/gogen"
	"github.com/amctc/amctc/runtime/rt"
)

const (
	root  = "../.."
	model = root + "/testdata/models/lenet.onnx"
	train = root + "/testdata/data/mnist/train-images-idx3-ubyte.gz"
)

// check is set by "make check": every machine is run, not only this one.
const check = "AMCTC_CHECK"

// A machine is a target of the Go compiler, and what runs its programs.
type machine struct {
	name string
	env  []string
	run  func(t *testing.T, binary string) []string // command line
	isas []string                                   // what AMCTC_ISA is set to, in turn; empty leaves it
}

func machines() []machine {
	return []machine{
		{"amd64 v1", []string{"GOOS=linux", "GOARCH=amd64", "GOAMD64=v1"}, direct, []string{"generic", "avx2", "avxvnni", "avx512vnni"}},
		{"amd64 v3", []string{"GOOS=linux", "GOARCH=amd64", "GOAMD64=v3"}, direct, []string{""}},
		{"386", []string{"GOOS=linux", "GOARCH=386"}, direct, []string{""}},
		{"arm", []string{"GOOS=linux", "GOARCH=arm", "GOARM=7"}, qemu("qemu-arm-static"), []string{""}},
		{"arm64", []string{"GOOS=linux", "GOARCH=arm64"}, qemu("qemu-aarch64-static", "-cpu", "max"), []string{"generic", "neon", "neondot"}},
		{"arm64 without dot product", []string{"GOOS=linux", "GOARCH=arm64"}, qemu("qemu-aarch64-static", "-cpu", "cortex-a72"), []string{""}},
		{"riscv64", []string{"GOOS=linux", "GOARCH=riscv64"}, qemu("qemu-riscv64-static"), []string{""}},
		{"s390x", []string{"GOOS=linux", "GOARCH=s390x"}, qemu("qemu-s390x-static"), []string{""}},
		{"js/wasm", []string{"GOOS=js", "GOARCH=wasm"}, node, []string{""}},
	}
}

// emulated says whether the machine has all of its instruction sets wherever this runs.
func (m *machine) emulated() bool { return m.name == "arm64" }

// chosen are all machines in "make check", and else this one alone.
func chosen() []machine {
	if os.Getenv(check) != "" {
		// A kernel without 32-bit programs can't run those for 386, and the emulator of 386 can't run several
		// threads; arm has 32 bits too and is emulated everywhere.
		return slices.DeleteFunc(machines(), func(m machine) bool { return m.name == "386" && !runs32() })
	}
	return []machine{{runtime.GOARCH, nil, func(_ *testing.T, binary string) []string { return []string{binary} }, []string{""}}}
}

// runs32 says whether the kernel executes 32-bit programs: a program that exits at once.
var runs32 = sync.OnceValue(func() bool {
	dir, err := os.MkdirTemp("", "amctc-386-*")
	if err != nil {
		return true
	}
	defer os.RemoveAll(dir)
	source, binary := filepath.Join(dir, "main.go"), filepath.Join(dir, "main")
	if err := os.WriteFile(source, []byte("package main\n\nfunc main() {}\n"), 0o666); err != nil {
		return true
	}
	build := exec.Command("go", "build", "-o", binary, source)
	build.Env = append(os.Environ(), "GOOS=linux", "GOARCH=386", "CGO_ENABLED=0")
	if build.Run() != nil {
		return true
	}
	return !errors.Is(exec.Command(binary).Run(), syscall.ENOEXEC)
})

func direct(t *testing.T, binary string) []string {
	if runtime.GOOS+"/"+runtime.GOARCH != "linux/amd64" {
		t.Fatalf("this is %s/%s; programs for amd64 and 386 are run on linux/amd64", runtime.GOOS, runtime.GOARCH)
	}
	return []string{binary}
}

func qemu(name string, args ...string) func(*testing.T, string) []string {
	return func(t *testing.T, binary string) []string {
		emulator, err := filepath.Abs(filepath.Join(root, "testdata/data/qemu", name))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(emulator); err != nil {
			t.Fatalf("%s is missing; `go run ./testdata/fetch -qemu` brings it", name)
		}
		return append(append([]string{emulator}, args...), binary)
	}
}

func node(t *testing.T, binary string) []string {
	if _, err := exec.LookPath("node"); err != nil {
		t.Fatalf("node is not on the PATH (%v); install Node.js, for instance by `apt-get install nodejs`", err)
	}
	out, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	starter := filepath.Join(strings.TrimSpace(string(out)), "lib", "wasm", "go_js_wasm_exec")
	if _, err := os.Stat(starter); err != nil {
		t.Fatalf("%v; the Go installation lacks its folder lib/wasm", err)
	}
	return []string{starter, binary}
}

// emit writes LeNet as a Go package with a module of its own and gives its folder.
func emit(t *testing.T) string {
	t.Helper()
	if !amctc.Exists(train) {
		t.Fatalf("%s is missing; `go run ./testdata/fetch` brings it", train)
	}
	m, err := amctc.Load(model, amctc.LoadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	c := amctc.NewContext(context.Background())
	float, err := amctc.Prepare(c, m)
	if err != nil {
		t.Fatal(err)
	}
	data, err := amctc.OpenData(float.Main(), []string{train}, amctc.DataOptions{Limit: 128, Std: []float32{255}})
	if err != nil {
		t.Fatal(err)
	}
	if float, err = amctc.Calibrate(c, float, data); err != nil {
		t.Fatal(err)
	}
	q, err := amctc.Quantize(c, float, amctc.DefaultTarget)
	if err != nil {
		t.Fatal(err)
	}
	samples, err := data.First(4)
	if err != nil {
		t.Fatal(err)
	}
	files, err := amctc.GoPackage(q, amctc.Enclosing{Import: "lenet", Own: true}, gogen.Options{Package: "lenet", Source: "lenet.onnx", Samples: samples})
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "lenet")
	if err := amctc.WriteAll(dir, files); err != nil {
		t.Fatal(err)
	}
	return dir
}

var passed = regexp.MustCompile(`(?m)^--- PASS: (Test\w+)`)

// TestMachines builds the emitted package's test for each machine and runs it there. The package
// carries the checksums of every layer, so a test that passes computed the same bytes.
func TestMachines(t *testing.T) {
	dir := emit(t)
	var names []string
	tests := ""
	for _, m := range chosen() {
		t.Run(strings.ReplaceAll(m.name, "/", "_"), func(t *testing.T) {
			binary := filepath.Join(t.TempDir(), "lenet.test")
			env := append([]string{"GOWORK=off", "GOFLAGS=-mod=mod", "GOPROXY=off", "GOTOOLCHAIN=local", "CGO_ENABLED=0"}, m.env...)
			run(t, dir, env, "go", "test", "-c", "-o", binary)
			command := append(m.run(t, binary), "-test.v")
			for _, isa := range m.isas {
				said := run(t, dir, []string{"AMCTC_ISA=" + isa}, command[0], command[1:]...)
				var here []string
				for _, p := range passed.FindAllStringSubmatch(said, -1) {
					here = append(here, p[1])
				}
				switch these := strings.Join(here, " "); {
				case !strings.Contains(these, "Test"):
					t.Errorf("no test ran:\n%s", said)
				case tests == "":
					tests = these
				case tests != these:
					t.Errorf("passes %s; other machines pass %s", these, tests)
				}
			}
			name := m.name
			if len(m.isas) > 1 {
				name += " (" + strings.Join(m.isas, ", ") + ")"
			}
			names = append(names, name)
		})
	}
	if !t.Failed() {
		t.Logf("self-test of the emitted package: passes on %s (%s)", strings.Join(names, ", "), tests)
	}
}

// TestKernels builds the kernels' own tests, which hold every instruction set against its definition,
// for each machine and runs them there.
func TestKernels(t *testing.T) {
	var here []string
	for _, isa := range rt.Available() {
		here = append(here, isa.String())
	}
	for _, m := range chosen() {
		t.Run(strings.ReplaceAll(m.name, "/", "_"), func(t *testing.T) {
			binary := filepath.Join(t.TempDir(), "rt.test")
			run(t, root, append([]string{"CGO_ENABLED=0"}, m.env...), "go", "test", "-c", "-o", binary, "./runtime/rt")
			command := append(m.run(t, binary), "-test.v")
			said := run(t, ".", nil, command[0], command[1:]...)
			for _, isa := range m.isas {
				if isa != "" && (m.emulated() || slices.Contains(here, isa)) && !strings.Contains(said, "--- PASS: TestTile/"+isa) {
					t.Errorf("no kernel ran with %s:\n%s", isa, said)
				}
			}
		})
	}
}

// run executes a command in a folder and gives what it says.
func run(t *testing.T, dir string, env []string, name string, args ...string) string {
	t.Helper()
	c := exec.CommandContext(t.Context(), name, args...)
	c.Dir = dir
	c.Env = append(c.Environ(), env...)
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}
