package main

import (
	"bytes"
	"context"
	"path/filepath"
	"text/template"

	"github.com/amctc/amctc/testdata/contender"
)

// program is a command over emitted packages: it serves requests, or is started to be measured.
var program = template.Must(template.New("main").Parse(`package main

import (
	"fmt"
	"os"

	"{{.Module}}/contender"
{{- range .Packages}}
	"{{$.Module}}/{{.Package}}"
{{- end}}
)

var nets = map[string]contender.Open{
{{- range .Packages}}
	"{{.Name}}": func(threads int) (*contender.Net, error) {
		m, err := {{.Package}}.New({{.Package}}.WithThreads(threads))
		if err != nil {
			return nil, err
		}
		n, s := &contender.Net{In: make([]float32, {{.Package}}.InputLen), Out: make([]float32, {{.Package}}.OutputLen)}, m.NewSession()
		n.Run = func() error { return s.RunFloat(n.Out, n.In) }
		return n, nil
	},
{{- end}}
}

func main() {
	dir := os.Args[1]
{{- if .Start}}
	err := contender.Start(os.Stdin, os.Stdout, dir, "{{.Start}}", nets["{{.Start}}"])
{{- else}}
	err := contender.Serve(os.Stdin, os.Stdout, dir, "{{.Contender}}", nets)
{{- end}}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
`))

type emitted struct{ Name, Package string }

// buildOurs builds the command that serves the given networks, whose packages are below dir, as one of
// our contenders, and gives its path. With start it serves nothing and runs that network alone.
func buildOurs(ctx context.Context, dir, command, contestant, start string, names []string) (string, error) {
	var list []emitted
	for _, n := range names {
		list = append(list, emitted{n, packageName(n, contestant)})
	}
	var text bytes.Buffer
	if err := program.Execute(&text, map[string]any{"Module": module, "Packages": list, "Start": start, "Contender": contestant}); err != nil {
		return "", err
	}
	files := map[string][]byte{"go.mod": []byte("module " + module + "\n\ngo 1.24\n"), command + "/main.go": text.Bytes()}
	sources, err := contender.Sources.ReadDir(".")
	if err != nil {
		return "", err
	}
	for _, f := range sources {
		if files["contender/"+f.Name()], err = contender.Sources.ReadFile(f.Name()); err != nil {
			return "", err
		}
	}
	at := filepath.Join(dir, module)
	if err := writeFiles(at, files); err != nil {
		return "", err
	}
	return build(ctx, at, filepath.Join(dir, command+".exe"), "./"+command)
}
