// Package parser reads and writes the text form of modules: .amir text and the .safetensors file
// beside it that holds larger constants. Printing the text is ir.Print's work.
package parser
