package contender

import (
	"bufio"
	"fmt"
	"io"
	"time"
)

// Serve answers requests, one reply for each line, until the input ends. Networks are opened when first
// asked for; the first call, which is not measured, leaves its result in the folder.
func Serve(in io.Reader, out io.Writer, dir, contender string, nets map[string]Open) error {
	type key struct {
		name    string
		threads int
	}
	ready := make(map[key]*Net)
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		q, err := ParseRequest(lines.Text())
		if err != nil {
			return err
		}
		at := key{q.Name, q.Threads}
		if ready[at] == nil {
			n, err := prepare(dir, contender, q, nets[q.Name])
			if err != nil {
				fmt.Fprintln(out, Reply{Name: q.Name, Failed: err.Error()})
				continue
			}
			ready[at] = n
		}
		r, err := measure(q.Name, ready[at].Run, time.Duration(q.Seconds*float64(time.Second)))
		if err != nil {
			r = Reply{Name: q.Name, Failed: err.Error()}
		}
		if _, err := fmt.Fprintln(out, r); err != nil {
			return err
		}
	}
	return lines.Err()
}

// prepare opens a network and runs it once. A panic of what runs it is an error: peers refuse networks
// in that way.
func prepare(dir, contender string, q Request, open Open) (n *Net, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	if open == nil {
		return nil, fmt.Errorf("no network %s", q.Name)
	}
	if n, err = open(q.Threads); err != nil {
		return nil, err
	}
	if err := n.Load(dir, q.Name); err != nil {
		return nil, err
	}
	if err := n.Run(); err != nil {
		return nil, err
	}
	return n, WriteFloats(OutputPath(dir, q.Name, contender), n.Out)
}
