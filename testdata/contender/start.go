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

// Start opens a network, says so, runs it once on the sample of the folder, says so, and waits for the
// end of its input, so that the process can be looked at.
func Start(in io.Reader, out io.Writer, dir, name string, open Open) error {
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
	if _, err := fmt.Fprintln(out, Done); err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, in)
	return err
}
