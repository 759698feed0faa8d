package contender

import (
	"fmt"
	"io"
)

// What a process whose start is measured says.
const (
	Ready = "ready" // the network can be run
	Done  = "done"  // it has run once
)

// Start opens a network, says so, runs it once on the sample of the folder, and says so.
func Start(out io.Writer, dir, name string, open Open) error {
	n, err := open(1)
	if err != nil {
		return err
	}
	fmt.Fprintln(out, Ready)
	if err := n.Load(dir, name); err != nil {
		return err
	}
	if err := n.Run(); err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, Done)
	return err
}
