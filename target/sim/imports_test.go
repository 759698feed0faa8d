package sim

import (
	"go/build"
	"strings"
	"testing"
)

// The simulator shares no arithmetic with the compiler: it imports the standard library, the target's description and float32 functions.
func TestImports(t *testing.T) {
	const module = "github.com/amctc/amctc/"
	allowed := map[string]bool{module + "target": true, module + "runtime/f32": true}
	for dir, may := range map[string]map[string]bool{".": allowed, "..": {}} {
		p, err := build.ImportDir(dir, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range p.Imports {
			if first, _, _ := strings.Cut(path, "/"); strings.Contains(first, ".") && !may[path] {
				t.Errorf("%s imports %s", p.Name, path)
			}
		}
	}
}
