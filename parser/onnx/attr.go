package onnx

import (
	pb "github.com/amctc/amctc/parser/onnx/onnxpb"
)

// attr finds an attribute and checks its type.
func (c *call) attr(name string, want pb.AttributeProto_AttributeType) *pb.AttributeProto {
	for _, a := range c.pb.Attribute {
		if a.GetName() != name {
			continue
		}
		if a.RefAttrName != "" {
			c.errorf(codeAttr, "attribute %s refers to an attribute of a function; inline model-local functions", name)
			return nil
		}
		if a.Type != want && !(a.Type == pb.AttributeProto_UNDEFINED && impliedType(a) == want) {
			c.errorf(codeAttr, "attribute %s is of type %s, want %s", name, a.Type, want)
			return nil
		}
		return a
	}
	return nil
}

// impliedType is the type of an attribute of an old file that does not say it.
func impliedType(a *pb.AttributeProto) pb.AttributeProto_AttributeType {
	switch {
	case len(a.Ints) > 0:
		return pb.AttributeProto_INTS
	case len(a.Floats) > 0:
		return pb.AttributeProto_FLOATS
	case len(a.S) > 0:
		return pb.AttributeProto_STRING
	case a.T != nil:
		return pb.AttributeProto_TENSOR
	case a.F != 0:
		return pb.AttributeProto_FLOAT
	case a.I != 0:
		return pb.AttributeProto_INT
	}
	return pb.AttributeProto_UNDEFINED
}

func (c *call) hasAttr(name string) bool {
	for _, a := range c.pb.Attribute {
		if a.GetName() == name {
			return true
		}
	}
	return false
}

func (c *call) intAttr(name string, def int) int {
	if a := c.attr(name, pb.AttributeProto_INT); a != nil {
		return int(a.I)
	}
	return def
}

func (c *call) floatAttr(name string, def float32) float32 {
	if a := c.attr(name, pb.AttributeProto_FLOAT); a != nil {
		return a.F
	}
	return def
}

func (c *call) stringAttr(name, def string) string {
	if a := c.attr(name, pb.AttributeProto_STRING); a != nil {
		return string(a.S)
	}
	return def
}

// intsAttr is an attribute of integers; nil when absent.
func (c *call) intsAttr(name string) []int {
	if a := c.attr(name, pb.AttributeProto_INTS); a != nil {
		return toInts(a.Ints)
	}
	return nil
}

// axisOf makes an axis count from 0; ok is false when it lies outside rank.
func axisOf(axis, rank int) (int, bool) {
	if axis < -rank || axis >= rank {
		return 0, false
	}
	if axis < 0 {
		axis += rank
	}
	return axis, true
}

// axis is axisOf with a diagnostic.
func (c *call) axis(axis, rank int) (int, bool) {
	a, ok := axisOf(axis, rank)
	if !ok {
		c.errorf(codeAttr, "axis %d does not exist in a tensor of rank %d", axis, rank)
	}
	return a, ok
}

// axes makes a list of axes count from 0 and refuses repeated ones.
func (c *call) axes(list []int, rank int) ([]bool, bool) {
	set := make([]bool, rank)
	for _, a := range list {
		a, ok := c.axis(a, rank)
		if !ok {
			return nil, false
		}
		if set[a] {
			c.errorf(codeAttr, "axis %d is listed twice", a)
			return nil, false
		}
		set[a] = true
	}
	return set, true
}
