// Package onnx writes modules as ONNX models that any runtime opens.
//
// Quantized parts take the QDQ form: every quantized tensor is the output of a QuantizeLinear,
// every use of it goes through a DequantizeLinear of its own, and between them stands the float
// operator. Activations are uint8 (code + 128, offset + 128), or int16, weights int8, biases int32 with
// the scale of input times weights: the form that ONNX Runtime fuses into integer operators.
// Inputs and outputs are float32. Float operators are written plainly.
package onnx
