package gogen_test

import (
	"go/importer"
	"go/token"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/amctc/amctc/runtime/unfused"
)

// TestUnfused holds that no expression of an emitted package, its kernels included, leaves it to the compiler how often
// a float is rounded, on any machine that it has parts for.
func TestUnfused(t *testing.T) {
	dir := module(t, 0, 1, 2, 3, 5, 8)
	files := make(map[string]string)
	var folders []string
	for line := range strings.Lines(run(t, dir, nil, "go", "list", "-export", "-deps", "-f", "{{.ImportPath}} {{.Export}} {{.Dir}}", "./...")) {
		f := strings.Fields(line)
		if len(f) != 3 {
			continue // unsafe has no export data
		}
		files[f[0]] = f[1]
		if strings.HasPrefix(f[0], "example.com/nets/") {
			folders = append(folders, f[2])
		}
	}
	if len(folders) < 12 {
		t.Fatalf("only %d packages were emitted", len(folders))
	}
	imp := importer.ForCompiler(token.NewFileSet(), "gc", func(path string) (io.ReadCloser, error) { return os.Open(files[path]) })
	for _, folder := range folders {
		for _, machine := range []string{"amd64", "arm64", "s390x"} {
			found, err := unfused.Package(folder, "linux", machine, imp)
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range found {
				t.Error(s)
			}
		}
	}
}
