# amctc: see "make help".

GO      ?= go
BIN     := build/amctc
DATA    := testdata/data
MNIST   := $(DATA)/mnist
# Packages under testdata are not part of ./... and are named here.
EXTRA   := ./testdata/fetch ./testdata/figures ./testdata/selftest ./testdata/networks/... ./testdata/tfjs/... ./testdata/contender ./testdata/faults ./testdata/miscompiles ./testdata/targetfaults ./testdata/conformance
FUZZTIME ?= 8s
# Random graphs run with each of these instruction sets that the machine has: GRAPHS with its best, FEWER
# with each.
ISAS    ?= generic avx2 avxvnni avx512vnni
GRAPHS  ?= 2000
FEWER   ?= 40

.PHONY: help demo test check everywhere figures data data-all build fmt clean bench bench-peers

help: ## show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1	\2/' | expand -t 21

demo: build data ## compile a real MNIST network on real images and show what came out
	@echo "--- compile: 128 training images calibrate, 16 of them are verified on every engine"
	$(BIN) compile $(DATA)/cntk/mnist.onnx --calib $(MNIST)/train-images-idx3-ubyte.gz --limit 128 \
	  --out build/mnist --pkg mnist --target ascend910b3 --verify-samples 16
	@echo
	@echo "--- the written package proves itself, without amctc"
	cd build/mnist && GOWORK=off GOFLAGS= $(GO) test .
	@echo
	@echo "--- accuracy on all 10,000 test images"
	$(BIN) -q eval $(DATA)/cntk/mnist.onnx --calib $(MNIST)/train-images-idx3-ubyte.gz \
	  --data $(MNIST)/t10k-images-idx3-ubyte.gz --labels $(MNIST)/t10k-labels-idx1-ubyte.gz

build: build/go.mod ## build the command into build/amctc
	$(GO) build -o $(BIN) ./cmd/amctc

# What the demo writes is a module of its own, not part of this one.
build/go.mod:
	@mkdir -p build
	@printf 'module example.org/demo\n\ngo 1.24\n' > $@

test: data ## the test suite
	$(GO) vet ./... $(EXTRA)
	$(GO) test ./... $(EXTRA)

check: data-all ## what takes longer: 2,000 random graphs on every engine, other machines, peers, fuzzing
	for isa in $(ISAS); do AMCTC_ISA=$$isa $(GO) test ./codegen/agree -run TestRandomGraphs -count=1 -timeout 15m -v -agree.graphs=$(FEWER) || exit 1; done
	$(GO) test ./codegen/agree -run TestRandomGraphs -count=1 -timeout 40m -v -agree.graphs=$(GRAPHS)
	cd runtime/asmgen && GOWORK=off $(GO) vet ./... && GOWORK=off $(GO) run . -check && GOWORK=off $(GO) test -count=1 ./...
	$(GO) vet -tags check,everywhere ./testdata/selftest ./testdata/conformance
	AMCTC_CHECK=1 $(GO) test -tags check ./testdata/selftest ./testdata/conformance ./codegen/gogen -count=1 -timeout 60m
	cd testdata/peers && GOWORK=off $(GO) vet ./... && GOWORK=off $(GO) test -count=1 ./...
	cd testdata/peers/gomlx && GOWORK=off $(GO) vet ./... && GOWORK=off $(GO) test -count=1 ./...
	@mkdir -p build
	$(GO) run ./testdata/figures -only '^fuzz-brief$$' -fuzz $(FUZZTIME) -out build/fuzz.md

everywhere: data-all ## the command and emitted packages built for eleven targets, the command run on the other machines
	AMCTC_CHECK=1 $(GO) test -tags everywhere ./testdata/selftest -run 'TestBuilds|TestCompiledEverywhere' -count=1 -timeout 120m -v

figures: build data-all ## measure every figure and write testdata/figures.md
	@$(GO) run ./testdata/fetch -real -human -people
	$(GO) run ./testdata/figures

data: ## MNIST and the CNTK network, by the Go module mirror
	@$(GO) run ./testdata/fetch

data-all: ## Fashion-MNIST, ONNX Runtime, emulators and ONNX's node tests too
	@$(GO) run ./testdata/fetch -all

bench: build/go.mod ## benchmarks of the kernels and the simulator, summed up by benchstat
	$(GO) test -run '^$$' -bench . -benchtime 200ms -count 6 ./runtime/rt ./target/sim > build/bench.txt
	cd tools && GOWORK=off $(GO) tool benchstat kernels=$(CURDIR)/build/bench.txt

bench-peers: ## emitted packages side by side with ONNX Runtime and gomlx; BENCHFLAGS="-start" and others
	@$(GO) run ./testdata/fetch -ort
	@mkdir -p build
	cd testdata/peers && GOWORK=off $(GO) run ./bench -json $(CURDIR)/build/peers.json $(BENCHFLAGS)

fmt: ## format every Go file
	gofmt -l -w $$(git ls-files '*.go')

clean: ## remove what was built
	rm -rf build
