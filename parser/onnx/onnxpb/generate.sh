#!/bin/sh
# Generates onnx.pb.go; protoc wants the schema under its proto path.
set -e
d=$(mktemp -d)
trap 'rm -r "$d"' EXIT
mkdir -p "$d/amctc/onnx/v1"
cp onnx.proto "$d/amctc/onnx/v1/"
protoc -I "$d" --go_out="$d" --go_opt=paths=source_relative amctc/onnx/v1/onnx.proto
cp "$d/amctc/onnx/v1/onnx.pb.go" .
