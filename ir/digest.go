package ir

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
)

// Digests are hashes of what a function computes, as hex SHA-256. Names and places in texts are not part of
// them.
type Digests struct {
	// Value is that of everything a value depends on: operators, attributes, types and constants, up to the
	// parameters, of which their place and type count. Equal digests mean equal values on equal inputs.
	Value map[*Value]string
	// Node is that of a node alone: its operator, attributes, result types and constant operands. It says
	// which node differs where the digests of values only say that one before them does.
	Node map[*Node]string
}

// DigestsOf hashes f.
func DigestsOf(f *Func) *Digests {
	d := &Digests{Value: make(map[*Value]string), Node: make(map[*Node]string)}
	for i, p := range f.Params {
		h := sha256.New()
		fmt.Fprintf(h, "param %d %s\n", i, p.Type.Format(nil))
		d.Value[p] = sum(h)
	}
	for _, n := range f.Nodes {
		own := sha256.New()
		fmt.Fprintf(own, "%s\n", n.Op.Name)
		for _, a := range writtenAttrs(n) {
			fmt.Fprintf(own, "%q %s\n", a.Name, attrText(a.Value))
		}
		for _, r := range n.Results {
			fmt.Fprintf(own, "result %s\n", r.Type.Format(nil))
		}
		for i, v := range n.Operands {
			if v.IsConst() {
				fmt.Fprintf(own, "const %d %s %s\n", i, v.Type.Format(nil), v.Const.Digest())
			}
		}
		d.Node[n] = sum(own)
		for i, r := range n.Results {
			h := sha256.New()
			fmt.Fprintf(h, "result %d %s\n", i, d.Node[n])
			for k, v := range n.Operands {
				if !v.IsConst() {
					fmt.Fprintf(h, "operand %d %s\n", k, d.Value[v])
				}
			}
			d.Value[r] = sum(h)
		}
	}
	return d
}

func sum(h hash.Hash) string { return hex.EncodeToString(h.Sum(nil)) }
