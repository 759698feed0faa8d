package amctc_test

import (
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/amctc/amctc"
	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/op"
	"github.com/amctc/amctc/parser/onnx"
	"github.com/amctc/amctc/passes"
)

var update = flag.Bool("update", false, "rewrite the parts of the documents that are made from code")

var documents = []string{"README.md", "ARCHITECTURE.md", "RATIONALE.md", "CHANGELOG.md"}

func readDocument(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// holdParts holds the parts of a document that re finds against want: group 1 is what stands
// before a part, 2 its name, 3 its text, 4 what follows. With -update the document is rewritten.
func holdParts(t *testing.T, file string, re *regexp.Regexp, want map[string]string) {
	t.Helper()
	text := readDocument(t, file)
	seen := make(map[string]bool)
	var out strings.Builder
	last := 0
	for _, m := range re.FindAllStringSubmatchIndex(text, -1) {
		name, have := text[m[4]:m[5]], text[m[6]:m[7]]
		w, ok := want[name]
		switch {
		case !ok:
			t.Errorf("%s: part %q is made by no test", file, name)
			continue
		case seen[name]:
			t.Errorf("%s: part %q stands there twice", file, name)
		case have != w && !*update:
			t.Errorf("%s: part %q is stale; \"go test . -run %s -update\" rewrites it\n--- in the document\n%s--- actual\n%s", file, name, t.Name(), have, w)
		}
		seen[name] = true
		out.WriteString(text[last:m[6]])
		out.WriteString(w)
		last = m[7]
	}
	out.WriteString(text[last:])
	for name := range want {
		if !seen[name] {
			t.Errorf("%s lacks the part %q", file, name)
		}
	}
	if *update && !t.Failed() && out.String() != text {
		if err := os.WriteFile(file, []byte(out.String()), 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

// marked are parts between "<!-- made: NAME -->" and "<!-- end -->".
var marked = regexp.MustCompile(`(?ms)^(<!-- made: ([a-z-]+) -->\n)(.*?)(^<!-- end -->$)`)

// TestPipelineTable holds the table of passes in ARCHITECTURE.md.
func TestPipelineTable(t *testing.T) {
	var b strings.Builder
	fmt.Fprintln(&b, "| | pass | stage | does |\n|---|---|---|---|")
	for _, part := range []struct {
		name string
		list []passes.Pass
	}{{"`passes.Split`", passes.Split}, {"`passes.Simplify`", passes.Simplify}, {"`passes.Observe`", passes.Observe}, {"`passes.Quantize`", passes.Quantize},
		{"`passes.Pair`", passes.Pair}} {
		for i, p := range part.list {
			if i > 0 {
				part.name = ""
			}
			stage := p.In.String()
			if p.In != p.Out {
				stage += " → " + p.Out.String()
			}
			fmt.Fprintf(&b, "| %s | `%s` | %s | %s |\n", part.name, p.Name, stage, p.Doc)
		}
	}
	holdParts(t, "ARCHITECTURE.md", marked, map[string]string{"pipeline": b.String()})
}

// TestReadme holds the tables of README.md and the commands in all documents.
func TestReadme(t *testing.T) {
	bin := binary(t)
	t.Run("tables", func(t *testing.T) { readmeTables(t, bin) })
	t.Run("commands", func(t *testing.T) { documentedCommands(t, bin) })
}

// readmeTables holds the commands, the operators and the ONNX operators.
func readmeTables(t *testing.T, bin string) {
	t.Helper()
	var b strings.Builder
	fmt.Fprintln(&b, "| operator | meaning | as integers |\n|---|---|---|")
	for _, d := range op.All().All() {
		if strings.HasPrefix(d.Name, "q.") || strings.HasPrefix(d.Name, "t.") {
			continue
		}
		how := "stays float32, with explicit boundaries"
		switch {
		case d.Quant != nil:
			how = "`" + d.Quant.Twin + "`"
		case d.Bounds != nil:
			how = "a range of codes of the operator before, or `q.clip`"
		case d.Has(ir.KeepsParams):
			how = "the same operator on codes"
		case d.Name == "nn.batch_norm":
			how = "folded into the layer before it, or a depthwise `q.conv2d`"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", d.Name, d.Summary, how)
	}

	names, foreign, limits := onnxTable(t)
	var o strings.Builder
	fmt.Fprintf(&o, "ONNX operator sets %d to %d, IR versions %d to %d. Operators of the default domain:\n\n", limits["minOpset"], limits["maxOpset"], limits["minIR"], limits["maxIR"])
	for i, n := range names {
		if i > 0 {
			o.WriteString(map[bool]string{true: ",\n", false: ", "}[i%8 == 0])
		}
		o.WriteString("`" + n + "`")
	}
	fmt.Fprintf(&o, ".\n\nOf AMCT's deploy models and of ONNX Runtime's own domain:\n\n`%s`.\n", strings.Join(foreign, "`,\n`"))
	holdParts(t, "README.md", marked, map[string]string{"operators": b.String(), "onnx": o.String(), "commands": commandTable(t, bin)})
}

// onnxTable gives the imported operators, and reads those of other domains and the version limits in the sources of parser/onnx.
func onnxTable(t *testing.T) (names, foreign []string, limits map[string]int) {
	t.Helper()
	names, limits = onnx.Operators(), make(map[string]int)
	variables(t, "parser/onnx", func(name string, value ast.Expr) {
		if v, ok := value.(*ast.BasicLit); ok && v.Kind == token.INT {
			limits[name], _ = strconv.Atoi(v.Value)
		}
		if name == "foreign" {
			foreign = keys(t, value)
		}
	})
	if len(names) == 0 || len(foreign) == 0 || limits["minOpset"] == 0 || limits["maxOpset"] == 0 || limits["minIR"] == 0 || limits["maxIR"] == 0 {
		t.Fatalf("parser/onnx no longer has foreign, minOpset, maxOpset, minIR and maxIR as literals: %v %v", names, limits)
	}
	slices.Sort(foreign)
	return names, foreign, limits
}

// variables shows every declared variable and constant of a package with its value.
func variables(t *testing.T, dir string, see func(name string, value ast.Expr)) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			g, ok := d.(*ast.GenDecl)
			if !ok {
				continue
			}
			for _, s := range g.Specs {
				if v, ok := s.(*ast.ValueSpec); ok {
					for i, value := range v.Values {
						see(v.Names[i].Name, value)
					}
				}
			}
		}
	}
}

// keys are the keys of a map literal of strings.
func keys(t *testing.T, value ast.Expr) (names []string) {
	t.Helper()
	for _, e := range value.(*ast.CompositeLit).Elts {
		k, err := strconv.Unquote(e.(*ast.KeyValueExpr).Key.(*ast.BasicLit).Value)
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, k)
	}
	return names
}

// TestTablesOfOperators holds that every operator has a row in the tables beside the code that needs one, and that these
// tables name no other.
func TestTablesOfOperators(t *testing.T) {
	for _, c := range []struct {
		dir    string
		tables []string
		needs  func(*ir.OpDef) bool
	}{
		{"codegen/plan", []string{"kernels"}, func(*ir.OpDef) bool { return true }},
		{"target/ascend", []string{"hostOps", "cubeOps", "vectorOps"}, func(d *ir.OpDef) bool { return d.Stages.Has(ir.StageTarget) }},
	} {
		rows := make(map[string]bool)
		variables(t, c.dir, func(name string, value ast.Expr) {
			if !slices.Contains(c.tables, name) {
				return
			}
			for _, k := range keys(t, value) {
				if rows[k] {
					t.Errorf("%s has two rows for %s", c.dir, k)
				}
				if op.All().Lookup(k) == nil {
					t.Errorf("%s has a row for %s, which is no operator", c.dir, k)
				}
				rows[k] = true
			}
		})
		for _, d := range op.All().All() {
			if op.FamilyOf(d.Name) != "" {
				continue // planned and executed by family
			}
			if c.needs(d) != rows[d.Name] {
				t.Errorf("%s: the tables %v of %s have a row: %v, want %v", d.Name, c.tables, c.dir, rows[d.Name], c.needs(d))
			}
		}
	}
}

// binary builds the command for a test.
func binary(t *testing.T) string {
	t.Helper()
	bin := filepath.Join(t.TempDir(), "amctc")
	if runtime.GOOS == "windows" {
		bin += ".exe"
	}
	if out, err := exec.Command("go", "build", "-o", bin, "./cmd/amctc").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return bin
}

// help is what a command prints for --help.
func help(t *testing.T, bin string, args ...string) string {
	t.Helper()
	out, err := exec.Command(bin, append(args, "--help")...).CombinedOutput()
	if err != nil {
		t.Fatalf("amctc %s --help: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

var subcommand = regexp.MustCompile(`(?m)^  ([a-z]+) +(\S.*)$`)

// subcommands are the commands that the help lists, with what they do, in its order.
func subcommands(t *testing.T, bin string) (names, does []string) {
	t.Helper()
	_, list, ok := strings.Cut(help(t, bin), "\nCommands:\n")
	if !ok {
		t.Fatal("the help lists no commands")
	}
	list, _, _ = strings.Cut(list, "\n\n")
	for _, m := range subcommand.FindAllStringSubmatch(list, -1) {
		if m[1] != "help" && m[1] != "completion" {
			names, does = append(names, m[1]), append(does, m[2])
		}
	}
	return names, does
}

func commandTable(t *testing.T, bin string) string {
	t.Helper()
	var b strings.Builder
	fmt.Fprintln(&b, "| command | does |\n|---|---|")
	names, does := subcommands(t, bin)
	for i, n := range names {
		fmt.Fprintf(&b, "| `amctc %s` | %s |\n", n, does[i])
	}
	return b.String()
}

var (
	shellBlock = regexp.MustCompile("(?ms)^```sh\n(.*?)^```$")
	longFlag   = regexp.MustCompile(`^--([a-z][a-z0-9-]*)`)
	helpFlag   = regexp.MustCompile(`(?m)^\s+(?:-([a-zA-Z]), |    )?--([a-z][a-z0-9-]*)`)
	makeTarget = regexp.MustCompile(`(?m)^([a-z-]+):`)
)

// documentedCommands holds every command in a shell block: the subcommand exists, its flags are in
// its help, and make has the target.
func documentedCommands(t *testing.T, bin string) {
	t.Helper()
	names, _ := subcommands(t, bin)
	flags := make(map[string]map[string]bool)
	known := func(cmd string) map[string]bool {
		if flags[cmd] == nil {
			flags[cmd] = map[string]bool{"-h": true}
			for _, m := range helpFlag.FindAllStringSubmatch(help(t, bin, cmd), -1) {
				flags[cmd]["--"+m[2]] = true
				if m[1] != "" {
					flags[cmd]["-"+m[1]] = true
				}
			}
		}
		return flags[cmd]
	}
	targets := make(map[string]bool)
	for _, m := range makeTarget.FindAllStringSubmatch(readDocument(t, "Makefile"), -1) {
		targets[m[1]] = true
	}
	n := 0
	for _, doc := range documents {
		for _, block := range shellBlock.FindAllStringSubmatch(readDocument(t, doc), -1) {
			text := strings.ReplaceAll(block[1], "\\\n", " ")
			for line := range strings.Lines(text) {
				words := strings.Fields(strings.TrimPrefix(strings.TrimSpace(line), "$ "))
				if i := slices.IndexFunc(words, func(w string) bool { return strings.HasPrefix(w, "#") }); i >= 0 {
					words = words[:i]
				}
				if len(words) < 2 {
					continue
				}
				switch path.Base(words[0]) {
				case "make":
					for _, w := range words[1:] {
						if !strings.Contains(w, "=") && !targets[w] {
							t.Errorf("%s: make has no target %q", doc, w)
						}
					}
				case "amctc":
					n++
					at := slices.IndexFunc(words[1:], func(w string) bool { return !strings.HasPrefix(w, "-") })
					if at < 0 || !slices.Contains(names, words[1+at]) {
						t.Errorf("%s: %q has no known command", doc, strings.Join(words, " "))
						continue
					}
					cmd := words[1+at]
					for _, w := range words[1:] {
						name := w
						if m := longFlag.FindString(w); m != "" {
							name = m
						}
						if strings.HasPrefix(w, "-") && w != "-" && !known(cmd)[name] {
							t.Errorf("%s: amctc %s has no flag %s", doc, cmd, name)
						}
					}
				}
			}
		}
	}
	if n < 10 {
		t.Errorf("only %d commands were found in the documents", n)
	}
}

var link = regexp.MustCompile(`\]\(([^)#:\s]+)(#[^)\s]*)?\)`)

// TestLinks holds that what the documents link to exists.
func TestLinks(t *testing.T) {
	for _, doc := range documents {
		for _, m := range link.FindAllStringSubmatch(readDocument(t, doc), -1) {
			if !amctc.Exists(filepath.FromSlash(m[1])) {
				t.Errorf("%s links to %s, which does not exist", doc, m[1])
			}
		}
	}
	if v := "## [Unreleased] " + amctc.Version; !strings.Contains(readDocument(t, "CHANGELOG.md"), v) {
		t.Errorf("CHANGELOG.md has no section %q", v)
	}
}

var (
	firstColumn = regexp.MustCompile("(?m)^\\| `([^`]+)` \\|")
	goFile      = regexp.MustCompile("`([a-z0-9_/]+\\.go)`")
)

// TestPackageTable holds that ARCHITECTURE.md lists every package, and that files which the documents
// name exist.
func TestPackageTable(t *testing.T) {
	_, table, _ := strings.Cut(readDocument(t, "ARCHITECTURE.md"), "\n## The packages\n")
	table, _, _ = strings.Cut(table, "\n## ")
	listed := make(map[string]bool)
	for _, m := range firstColumn.FindAllStringSubmatch(table, -1) {
		listed[m[1]] = true
	}
	out, err := exec.Command("go", "list", "./...").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range strings.Fields(string(out)) {
		name := strings.TrimPrefix(strings.TrimPrefix(p, "github.com/amctc/amctc"), "/")
		if name == "" {
			name = "."
		}
		if strings.HasPrefix(name, "build/") {
			continue // what "make demo" wrote
		}
		if !listed[name] {
			t.Errorf("ARCHITECTURE.md does not list package %s", name)
		}
		delete(listed, name)
	}
	for name := range listed {
		t.Errorf("ARCHITECTURE.md lists %s, which is no package", name)
	}
	for _, doc := range documents {
		for _, m := range goFile.FindAllStringSubmatch(readDocument(t, doc), -1) {
			if strings.Contains(m[1], "/") && !amctc.Exists(filepath.FromSlash(m[1])) {
				t.Errorf("%s names %s, which does not exist", doc, m[1])
			}
		}
	}
}

var (
	block  = regexp.MustCompile("(?ms)^```([a-z]+)(?: ([a-z]+):(\\S+))?\n(.*?)^```$")
	timing = regexp.MustCompile(`(?m)^(ok\s+\S+)\s+\S+$`)
)

// TestTour runs the tour of README.md. The commands of shell blocks that start with amctc, go, grep or
// tail are run, and what they print is compared with the text block that follows; blocks with "file:NAME"
// are written to that file; every line of a block with "list:DIR" starts with a path below that folder, and
// all files there are listed.
func TestTour(t *testing.T) {
	readme := readDocument(t, "README.md")
	root, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "app")
	if err := os.Mkdir(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	env := append(os.Environ(), "PATH="+filepath.Dir(binary(t))+string(os.PathListSeparator)+os.Getenv("PATH"),
		"MODELS="+filepath.Join(root, "testdata", "models"), "DIGITS="+filepath.Join(root, "testdata", "data", "mnist"), "GOFLAGS=", "GOWORK=off")
	run := func(line string) (stdout string, ok bool) {
		c := exec.Command("sh", "-c", line)
		var errs strings.Builder
		c.Dir, c.Env, c.Stderr = dir, env, &errs
		out, err := c.Output()
		if err != nil {
			return string(out) + errs.String(), false
		}
		return string(out), true
	}
	if out, ok := run("go mod init example.com/app"); !ok {
		t.Fatal(out)
	}
	begin := strings.Index(readme, "\n## A five-minute tour\n")
	if begin < 0 {
		t.Fatal("README.md has no tour")
	}
	end := begin + 1 + strings.Index(readme[begin+1:], "\n## ")
	var doc strings.Builder
	last := 0
	var printed, failed []string // by the commands since the last text block
	settle := func() {
		for _, f := range failed {
			t.Error(f)
		}
		printed, failed = nil, nil
	}
	for _, m := range block.FindAllStringSubmatchIndex(readme[begin:end], -1) {
		group := func(i int) string {
			if m[2*i] < 0 {
				return ""
			}
			return readme[begin+m[2*i] : begin+m[2*i+1]]
		}
		lang, kind, name, text := group(1), group(2), group(3), group(4)
		switch {
		case lang == "sh":
			settle()
			for line := range strings.Lines(strings.ReplaceAll(text, "\\\n", " ")) {
				if line = strings.TrimSpace(line); !slices.Contains([]string{"amctc", "go", "grep", "tail"}, strings.Fields(line + " .")[0]) {
					continue
				}
				out, ok := run(line)
				if printed = append(printed, out); !ok {
					failed = append(failed, fmt.Sprintf("%s: %s", line, out))
				}
			}
		case kind == "file":
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
				t.Fatal(err)
			}
		case kind == "list":
			holdList(t, filepath.Join(dir, name), text)
		case lang == "text":
			// A command that fails may be what the text is about.
			failed = nil
			want := trimLines(strings.Join(printed, ""))
			if timing.ReplaceAllString(text, "$1") != timing.ReplaceAllString(want, "$1") {
				if !*update {
					t.Errorf("README.md: the tour prints something else; \"go test . -run TestTour -update\" rewrites it\n--- in the document\n%s--- actual\n%s", text, want)
				}
				doc.WriteString(readme[last : begin+m[8]])
				doc.WriteString(want)
				last = begin + m[9]
			}
			printed = nil
		}
	}
	settle()
	if *update && !t.Failed() && last > 0 {
		if err := os.WriteFile("README.md", []byte(doc.String()+readme[last:]), 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

// trimLines takes spaces from the ends of lines.
func trimLines(s string) string {
	var b strings.Builder
	for line := range strings.Lines(s) {
		b.WriteString(strings.TrimRight(line, " \n") + "\n")
	}
	return b.String()
}

// holdList holds that the lines of a text start with the paths of all files below a folder; a path that ends in /
// stands for all below it.
func holdList(t *testing.T, dir, text string) {
	t.Helper()
	var listed []string
	for line := range strings.Lines(text) {
		p := strings.Fields(line)[0]
		listed = append(listed, p)
		if !amctc.Exists(filepath.Join(dir, filepath.FromSlash(p))) {
			t.Errorf("README.md lists %s, which was not written", p)
		}
	}
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		if !slices.ContainsFunc(listed, func(p string) bool { return p == rel || strings.HasSuffix(p, "/") && strings.HasPrefix(rel, p) }) {
			t.Errorf("README.md does not list %s, which was written", rel)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

var (
	accuracyRow = regexp.MustCompile(`(?m)^\| (\w+) \|.*\| ([0-9.]+ %) \| ([0-9.]+ %) \| ([+-][0-9.]+) \|$`)
	ratio       = regexp.MustCompile(`× [0-9]\.[0-9]{4}`)
)

// TestAccuracyTable holds the figures of README.md against those that "make figures" wrote last.
func TestAccuracyTable(t *testing.T) {
	_, part, _ := strings.Cut(readDocument(t, "README.md"), "\n## Accuracy\n")
	part, _, _ = strings.Cut(part, "\n## ")
	rows := accuracyRow.FindAllStringSubmatch(part, -1)
	ratios := ratio.FindAllString(part, -1)
	if len(rows) != 4 || len(ratios) != 2 {
		t.Fatalf("README.md has %d rows of accuracy and %d ratios, want 4 and 2", len(rows), len(ratios))
	}
	const file = "testdata/figures.md"
	if !amctc.Exists(file) {
		t.Logf("%s is not there: nothing was measured yet", file)
		return
	}
	figures := readDocument(t, file)
	for _, r := range rows {
		ratios = append(ratios, fmt.Sprintf("%s %s float, %s int8 (%s points)", r[1], r[2], r[3], r[4]))
	}
	for _, want := range ratios {
		if !strings.Contains(figures, want) {
			t.Errorf("README.md says %q, %s does not", want, file)
		}
	}
}
