#!/bin/sh
# Generates record.pb.go; protoc wants the schema under its proto path.
set -e
d=$(mktemp -d)
trap 'rm -r "$d"' EXIT
mkdir -p "$d/amctc/amct/v1"
cp record.proto "$d/amctc/amct/v1/"
protoc -I "$d" --go_out="$d" --go_opt=paths=source_relative amctc/amct/v1/record.proto
cp "$d/amctc/amct/v1/record.pb.go" .
