package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"amctc": main})
}

// TestScripts runs the command as users do. $MODELS and $MNIST are the trained networks and the
// digits.
func TestScripts(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	mnist := filepath.Join(root, "testdata", "data", "mnist")
	if _, err := os.Stat(mnist); err != nil {
		t.Fatalf("%v; \"make data\" brings it", err)
	}
	gocache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:  "testdata/script",
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"dynamic": cmdDynamic},
		Setup: func(e *testscript.Env) error {
			e.Setenv("MODELS", filepath.Join(root, "testdata", "models"))
			e.Setenv("MNIST", mnist)
			e.Setenv("GOCACHE", filepath.Join(gocache, "go-build"))
			e.Setenv("GOFLAGS", "")
			e.Setenv("GOTOOLCHAIN", "local")
			e.Setenv("GOWORK", "off")
			return nil
		},
	})
}
