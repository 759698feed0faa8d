package irtest

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/amctc/amctc/ir"
)

// TB is what helpers need of a test: the part of testing.TB that they call.
type TB interface {
	Helper()
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// Golden demands that got is what the file at path holds; with update, which a test package takes
// from its flag -update, the file is written instead.
func Golden(t TB, path string, got []byte, update bool) {
	t.Helper()
	want, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("%v", err)
		return
	}
	if err == nil && string(want) == string(got) {
		return
	}
	if update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatalf("%v", err)
			return
		}
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatalf("%v", err)
		}
		return
	}
	if err != nil {
		t.Errorf("%s does not exist; -update writes it", path)
		return
	}
	t.Errorf("%s differs; -update rewrites it\n%s", path, DiffLines(string(want), string(got)))
}

// Diff is empty when the modules are equal by ir.Equal, otherwise its finding and the lines in which
// their texts differ.
func Diff(want, got *ir.Module) string {
	d := ir.Equal(want, got)
	if d == "" {
		return ""
	}
	return d + "\n" + DiffLines(ir.Print(want), ir.Print(got))
}
