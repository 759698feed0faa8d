package graph

import (
	"encoding/json"
	"fmt"
	"strconv"
)

// An attr is one attribute of a node, in the JSON form of TensorFlow's AttrValue: integers are numbers or text, byte
// strings are in base64.
type attr struct {
	S     []byte          `json:"s"`
	I     *integer        `json:"i"`
	F     *float32        `json:"f"`
	B     bool            `json:"b"`
	Type  json.RawMessage `json:"type"`
	Shape *shape          `json:"shape"`
	List  *struct {
		S [][]byte  `json:"s"`
		I []integer `json:"i"`
	} `json:"list"`
}

type shape struct {
	Dim []struct {
		Size integer `json:"size"`
	} `json:"dim"`
	Unknown bool `json:"unknownRank"`
}

// An integer of 64 bits may be text in JSON.
type integer int64

func (i *integer) UnmarshalJSON(b []byte) error {
	text := string(b)
	if len(text) > 1 && text[0] == '"' {
		text = text[1 : len(text)-1]
	}
	v, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return fmt.Errorf("%s is no integer", b)
	}
	*i = integer(v)
	return nil
}

// text is a string, def when the attribute is absent or empty.
func (n *node) text(name, def string) string {
	if a := n.Attr[name]; a != nil && len(a.S) > 0 {
		return string(a.S)
	}
	return def
}

func (n *node) flag(name string) bool {
	a := n.Attr[name]
	return a != nil && a.B
}

func (n *node) float(name string, def float32) float32 {
	if a := n.Attr[name]; a != nil && a.F != nil {
		return *a.F
	}
	return def
}

func (n *node) texts(name string) []string {
	var out []string
	if a := n.Attr[name]; a != nil && a.List != nil {
		for _, s := range a.List.S {
			out = append(out, string(s))
		}
	}
	return out
}

func (n *node) ints(name string) []int {
	var out []int
	if a := n.Attr[name]; a != nil && a.List != nil {
		for _, v := range a.List.I {
			out = append(out, int(max(-1, min(v, maxDim+1))))
		}
	}
	return out
}

// isFloat says whether the attribute is the type float32, which is what it is when absent.
func (n *node) isFloat(name string) bool {
	a := n.Attr[name]
	if a == nil || len(a.Type) == 0 {
		return true
	}
	s := string(a.Type)
	return s == `"DT_FLOAT"` || s == "1"
}
