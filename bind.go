package amctc

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/amctc/amctc/ir/tensor"
	"github.com/amctc/amctc/parser/dataset"
	"github.com/amctc/amctc/parser/onnx"
)

// BindIntegers reads the data of the inputs of MODEL.onnx that hold integers or booleans: shapes, axes, indices.
// They are given to LoadOptions.Bind, so that the network is that for these values. paths has one file for each
// input of the model that is no state, in order; rest are those of the other inputs.
func BindIntegers(model string, paths []string, state []StatePair) (bind map[string]*tensor.Tensor, rest []string, err error) {
	if strings.ToLower(filepath.Ext(model)) != ".onnx" {
		return nil, paths, nil
	}
	data, err := os.ReadFile(model)
	if err != nil {
		return nil, nil, err
	}
	inputs := slices.DeleteFunc(onnx.Inputs(data), func(in onnx.Input) bool {
		return slices.ContainsFunc(state, func(s StatePair) bool { return s.In == in.Name })
	})
	if len(inputs) != len(paths) {
		return nil, paths, nil // opening the data says so
	}
	for i, in := range inputs {
		if in.DType == tensor.Invalid || in.DType.IsFloat() {
			rest = append(rest, paths[i])
			continue
		}
		shape, values, err := dataset.Integers(paths[i])
		if err != nil {
			return nil, nil, fmt.Errorf("input %q: %w", in.Name, err)
		}
		t := tensor.New(in.DType, shape...)
		for k, v := range values {
			if t.SetInt(k, v); t.Int(k) != v {
				return nil, nil, fmt.Errorf("input %q: element %d is %d, which is no %v", in.Name, k, v, in.DType)
			}
		}
		if bind == nil {
			bind = make(map[string]*tensor.Tensor)
		}
		bind[in.Name] = t
	}
	return bind, rest, nil
}
