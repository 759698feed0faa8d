package contender

import (
	"fmt"
	"io"
	"time"
)

// What a process whose start is measured says.
const (
	Ready = "ready" // the network can be run
	Done  = "done"  // it has run once
)

// warm is how long a process whose start is measured goes on calling, to show what a call takes once
// it is warm: the ratio of the two is of one process and one moment.
const warm = 300 * time.Millisecond

// Start opens a network, says so, runs it once on the sample of the folder, says so, and waits for the
// end of its input, so that the process can be looked at. Then it measures further calls and writes the
// Reply.
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
	if _, err := io.Copy(io.Discard, in); err != nil {
		return err
	}
	r, err := measure(name, n.Run, warm)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, r)
	return err
}
