// Package graph reads graph models of TensorFlow.js and writes them as ONNX.
//
// A graph model is a file model.json, which holds TensorFlow's GraphDef as JSON and a list of weights, and the files
// of those weights beside it. TensorFlow keeps images as (N, H, W, C) and ONNX as (N, C, H, W). The written network
// has the inputs and outputs of the model, in TensorFlow's order; images are transposed once where a window operator
// first reads them, and back where an output or an operator that mixes the axes does. Every ONNX node that stands for
// a node of TensorFlow has its name.
//
// Only float32 networks for inference are converted, of the operators in the table of ops.go. Anything else is an
// error that names the operator and the node.
package graph
