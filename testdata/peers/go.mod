module github.com/amctc/amctc/testdata/peers

go 1.26.0

require (
	github.com/amctc/amctc v0.0.0-00010101000000-000000000000
	github.com/yalue/onnxruntime_go v1.27.0
	google.golang.org/protobuf v1.36.12
)

require (
	github.com/alecthomas/participle/v2 v2.1.4 // indirect
	github.com/dave/jennifer v1.7.1 // indirect
	golang.org/x/sys v0.49.0 // indirect
	gonum.org/v1/gonum v0.17.0 // indirect
)

replace github.com/amctc/amctc => ../..
