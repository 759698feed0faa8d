package ir

import (
	"fmt"
	"slices"
)

// AttrKind is the type of an attribute's value.
type AttrKind uint8

// The kinds; the Go types that hold them are int, []int, float32, []float32, bool and string.
const (
	AttrInt AttrKind = iota
	AttrInts
	AttrFloat
	AttrFloats
	AttrBool
	AttrString
)

var attrKindNames = [...]string{"int", "ints", "float", "floats", "bool", "string"}

func (k AttrKind) String() string { return attrKindNames[k] }

// AttrDef declares an attribute. A nil Default makes it required.
type AttrDef struct {
	Name    string
	Kind    AttrKind
	Default any
	Doc     string
}

// KindOf is the kind of a Go value; ok is false for other types.
func KindOf(v any) (k AttrKind, ok bool) {
	switch v.(type) {
	case int:
		return AttrInt, true
	case []int:
		return AttrInts, true
	case float32:
		return AttrFloat, true
	case []float32:
		return AttrFloats, true
	case bool:
		return AttrBool, true
	case string:
		return AttrString, true
	}
	return 0, false
}

// Attr is one attribute with its value.
type Attr struct {
	Name  string
	Value any
}

// Attrs are the attributes written on a node; defaults may be absent.
type Attrs []Attr

// Get is the value written under name; ok is false when there is none.
func (a Attrs) Get(name string) (v any, ok bool) {
	for _, x := range a {
		if x.Name == name {
			return x.Value, true
		}
	}
	return nil, false
}

// With is a copy of a with name set to v.
func (a Attrs) With(name string, v any) Attrs {
	b := a.Without(name)
	return append(b, Attr{name, v})
}

// Without is a copy of a without name.
func (a Attrs) Without(name string) Attrs {
	b := make(Attrs, 0, len(a)+1)
	for _, x := range a {
		if x.Name != name {
			b = append(b, x)
		}
	}
	return b
}

// Clone is a copy; slices inside are shared, because attribute values are immutable.
func (a Attrs) Clone() Attrs { return slices.Clone(a) }

// AttrsOf builds attributes from name, value pairs.
func AttrsOf(pairs ...any) Attrs {
	var a Attrs
	for i := 0; i < len(pairs); i += 2 {
		a = append(a, Attr{pairs[i].(string), pairs[i+1]})
	}
	return a
}

// Attr is the value of an attribute of n, or its default. Asking for one that the operator does
// not declare is a bug.
func (n *Node) Attr(name string) any {
	if v, ok := n.Attrs.Get(name); ok {
		return v
	}
	for _, d := range n.Op.Attrs {
		if d.Name == name {
			return d.Default
		}
	}
	panic(fmt.Sprintf("%s has no attribute %q", n.Op.Name, name))
}

// Int is the value of an int attribute.
func (n *Node) Int(name string) int { v, _ := n.Attr(name).(int); return v }

// Ints is the value of an ints attribute; nil when absent.
func (n *Node) Ints(name string) []int { v, _ := n.Attr(name).([]int); return v }

// Float is the value of a float attribute.
func (n *Node) Float(name string) float32 { v, _ := n.Attr(name).(float32); return v }

// Bool is the value of a bool attribute.
func (n *Node) Bool(name string) bool { v, _ := n.Attr(name).(bool); return v }
