package main

import "context"

// A row is one promise and how its figure is measured.
type row struct {
	name     string
	what     string
	required string
	network  bool // needs one: measured on request only
	// measure gives the figure as text and whether it is what is required. An error says why it
	// could not be measured.
	measure func(ctx context.Context, b *bench) (figure string, pass bool, err error)
}

// rows are the table, in its order.
var rows = []row{
	{name: "accuracy-mnist", what: "CNTK MNIST CNN and LeNet, all 10,000 test images", required: "int8 top-1 within 0.10 points of float (128 training images to calibrate); `amctc eval` prints both", measure: accuracyMNIST},
	{name: "accuracy-fashion", what: "residual and MobileNetV2-like on Fashion-MNIST, 10,000", required: "within 0.25 points, default settings", measure: accuracyFashion},
	{name: "agreement", what: "agreement of interp, exec, the built and run emitted package, sim on ascend910b3 and ascend950pr; five networks, calibrated on 128 training images", required: "0 differing bytes on every tensor, ≥ 200 test inputs each", measure: agreement},
	{name: "socs", what: "every described SoC: compile and verify of CNTK MNIST, LeNet, residual and MobileNetV2-like; 128 training images to calibrate", required: "0 differing bytes on every tensor, 20 test images each; the same results on every SoC", measure: everySoC},
	{name: "random-graphs", what: "random graphs of 5–30 nodes on every engine, each operator ≥ 100 times", required: "≥ 10,000 graphs, 0 differing bytes", measure: randomGraphs},
	{name: "autoencoder", what: "dense autoencoder, 10,000", required: "int8 reconstruction error ≤ 1.03 × float", measure: autoencoder},
	{name: "float-import", what: "float import against ONNX Runtime, ≥ 200 real inputs, five networks", required: "max\\|a−b\\| ≤ 1e-4 · max\\|b\\| per output", measure: floatImport},
	{name: "real-faces", what: "BlazeFace front and back on 112 squares of 14 photographs, split by seed: half to calibrate, a quarter to choose by, a quarter to test on, which nothing is chosen by. `amctc auto --metric worst-cosine --strategy ladder` with half of the bound as its aim: import against ONNX Runtime (max\\|a−b\\| / max\\|b\\|), 4 samples on every engine, outputs against float. Told without a bound: int8 in every layer; faces found; the same with other photographs to test on than to calibrate, squares out of the calibrated ranges apart", required: "≤ 1e-4; 0 differing bytes; cosine of every output ≥ 0.985", measure: realFaces},
	{name: "real-speech", what: "silero VAD on two sentences, the state kept by the caller: the same", required: "≤ 1e-4; 0 differing bytes; int8 agrees with float on ≥ 95 % of the calls whether somebody speaks", measure: realRow(voices)},
	{name: "real-people", what: "networks in TensorFlow.js's format: emotion on 50 faces, PoseNet on 40 squares of photographs: the same, and import against TensorFlow.js on 2 samples; 50 other faces and 72 other squares to calibrate", required: "≤ 1e-4 twice; 0 differing bytes; emotion of ≥ 90 % of the faces as in float; ≥ 95 % of the places of what float is sure to see (probability ≥ 0.5) the same or next to it", measure: realRow(people)},
	{name: "real-sequences", what: "LSTM, GRU and vision transformer trained on Fashion-MNIST: the same, and top-1 of 10,000", required: "≤ 1e-4; 0 differing bytes; int8 within 0.5 points of float", measure: realRow(sequences)},
	{name: "conformance", what: "ONNX's node tests (Debian's libonnx-testdata, ONNX 1.12), 932: interp and exec, bit for bit equal, against ONNX's outputs within 1e-7 + 1e-3·\\|b\\|", required: "wrong = 0, passed ≥ 550", measure: nodeTests},
	{name: "conformance-models", what: "ONNX's tests with models: 117 of operator set 6 that PyTorch wrote, 23 by hand (sequences, strings and gradients among them): interp and exec as above", required: "wrong = 0, every model of PyTorch passes", measure: modelTests},
	{name: "qdq", what: "QDQ ONNX in ONNX Runtime, 10,000 MNIST test images", required: "top-1 agrees with ours on ≥ 99.5 %", measure: qdq},
	{name: "pair", what: "AMCT's pair of models, 10,000 test images of each of the four classifiers: deploy against fake-quantized model, both read again and executed; the fake-quantized one in ONNX Runtime", required: "0 differing output bytes; top-1 in ONNX Runtime agrees on ≥ 99.5 %", measure: pair},
	{name: "cycles", what: "M=N=128, K=256 int8 on 910B, as a lowered, executed program", required: "MTE1 busy 440, M busy 533 cycles", measure: cycles},
	{name: "selftest", what: "emitted self-test of LeNet on amd64 v1 and v3, 386 (arm in qemu where the kernel can't execute it), arm64, riscv64 and s390x (qemu), js/wasm (node)", required: "same checksums", measure: selftest},
	{name: "verify", what: "`verify` of a MobileNetV2-224 (random weights), one image, all executions", required: "≤ 60 s", measure: verifyMobileNetV2},
	{name: "identical", what: "two compiles", required: "byte-identical, GOMAXPROCS 1 and 2", measure: identical},
	{name: "fresh", what: "`make test` from a fresh clone with an empty module cache", required: "passes, ≤ 4 minutes", network: true, measure: fresh},
	{name: "memory", what: "memory of calibration: greatest resident set of `amctc calibrate` on LeNet, 100 and 10,000 images", required: "independent of the number of samples: at 10,000 ≤ 1.1 × that at 100", measure: memory},
	{name: "stats-memory", what: "… of statistics, `amctc calibrate --stats`", required: "independent of the number of samples: 16 times the images, ≤ 15 % more", measure: statisticsMemory},
	{name: "stats", what: "factors from statistics of 128 training images against those of the images themselves, six observers, two networks on Fashion-MNIST: difference in top-1 of 10,000; three shards merged against one file", required: "≤ 0.25 points; the same bytes", measure: statistics},
	{name: "gemm", what: "GEMM core, K ≥ 256", required: "≥ 90 % of the measured VNNI peak", measure: core("avx512vnni", 90)},
	{name: "resnet", what: "ResNet-50 and ResNet-18 against ONNX Runtime int8, one thread", required: "≥ 1.0 ×", measure: against("ort-int8", 1.0, "resnet50", "resnet18")},
	{name: "mobilenetv2", what: "MobileNetV2-224 against ONNX Runtime int8, one thread", required: "≥ 1.3 ×", measure: against("ort-int8", 1.3, "mobilenetv2")},
	{name: "resnet8", what: "ResNet-8 against ONNX Runtime int8, one thread", required: "≥ 1.5 ×", measure: against("ort-int8", 1.5, "resnet8")},
	{name: "mobilenetv1", what: "MobileNetV1-0.25-96 against ONNX Runtime int8, one thread", required: "≥ 2 ×", measure: against("ort-int8", 2, "mobilenetv1")},
	{name: "small", what: "MNIST CNN and autoencoder against ONNX Runtime int8, one thread", required: "≥ 3 ×", measure: against("ort-int8", 3, "mnist", "autoencoder")},
	{name: "fashion", what: "Fashion-MNIST networks against ONNX Runtime int8, one thread", required: "≥ 1.0 ×", measure: against("ort-int8", 1, "fashion-residual", "fashion-mobilenet")},
	{name: "threads", what: "two threads against one, ResNet-50 and MobileNetV2", required: "≥ 1.7 ×", measure: twoThreads},
	{name: "gomlx", what: "the residual networks against the Go engine gomlx (float), one thread", required: "≥ 100 ×", measure: gomlx},
	{name: "avx2", what: "AVX2 matrix kernel", required: "≥ 75 % of the measured peak of AVX2 int16 multiply-add", measure: core("avx2", 75)},
	{name: "float", what: "float ResNet-18 against ONNX Runtime float, one thread", required: "≥ 0.7 ×", measure: floatExec},
	{name: "start", what: "a binary with ResNet-50 inside: start of the process until New returns", required: "≤ 1/10 of ONNX Runtime's start and session", measure: ready},
	{name: "first", what: "… until the first result", required: "≤ that + 1.3 × one warm inference", measure: firstResult},
	{name: "peak-memory", what: "greatest resident set of that process", required: "≤ weights + arena + 10 MB", measure: startMemory},
	{name: "allocations", what: "allocations of a call", required: "0", measure: allocations},
	{name: "compile-time", what: "`amctc compile` of MobileNetV2-224 with 32 images, all outputs, without verify", required: "≤ 15 s", measure: compileTime},
	{name: "isas", what: "agreement again with every instruction set: 1,000 random graphs, and the five networks as above", required: "0 differing bytes", measure: instructionSets},
	{name: "auto", what: "`amctc auto --max-drop 0.1` on three networks with outlier channels planted by seed; drop on the test set, which the search never saw", required: "≤ 0.1 points, ≥ 70 % of multiply-adds int8", measure: automatic},
	{name: "resume", what: "search killed and resumed at random moments, ≥ 20 times", required: "the same files as uninterrupted", measure: resumed},
	{name: "w3a8", what: "weights of 3 bits, one scale for a layer, int8 activations: residual and MobileNetV2-like on Fashion-MNIST, 10,000 images; 1,024 training images; mean of 3 seeds", required: "≥ 90 % of what rounding by range loses (≥ 3 points) is recovered", measure: fewBits},
	{name: "nuq", what: "code book of 16 levels against uniform 4 bits by range, a scale for each channel; the same networks", required: "better accuracy; weights.bin ≤ 60 % of int8", measure: codeBook},
	{name: "int8-all", what: "INT8 with default settings, 128 calibration images, on every labelled network; 10,000 test images each", required: "mean loss ≤ 0.1 points, none above 0.25", measure: int8All},
	{name: "bias-correction", what: "`--correct-bias` on MobileNet, 8 bits, and 4 bits with one scale for the weights of a layer; top-1 of 10,000", required: "8 bits: no more than 0.1 points lost; 4 bits: gain", measure: biasCorrection},
	{name: "balance", what: "three networks with two outlier channels (× 64) planted by seed: `--equalize`, `--balance 0.5`, `--smooth 0.5`; 10,000 test images", required: "each of the three within 0.25 points of float", measure: outlierChannels},
	{name: "fresh-training", what: "`amctc train --fresh`: LeNet on MNIST, residual on Fashion-MNIST, 60,000 training and 10,000 test images", required: "≥ 99.0 %, ≥ 92 % top-1", measure: fromScratch},
	{name: "qat8", what: "`amctc train --quantize`, 8 bits: residual and MobileNetV2-like on Fashion-MNIST, 2 epochs of 60,000 images, then `compile --record`; top-1 of 10,000; all executions on 20 images", required: "int8 ≥ float − 0.1 points, within 0.05 of the fake-quantized network; 0 differing bytes", measure: retrained8},
	{name: "qat4", what: "… of 4 bits, activations and weights, one scale for the weights of a layer, on MobileNetV2-like, against calibration by range", required: "calibration loses ≥ 3 points; training ≤ 1.5 below float; 0 differing bytes", measure: retrained4},
	{name: "train-speed", what: "an epoch of the residual network on Fashion-MNIST, 60,000 images in batches of 128, two threads, against Debian's PyTorch 1.13, five parts of 12,000 images by turns", required: "≥ 0.5 × as fast", network: true, measure: trainSpeed},
	{name: "train-resume", what: "training stopped at random moments and resumed, ≥ 10 times", required: "the same checkpoint bytes as uninterrupted", measure: trainResumed},
	{name: "causes", what: "report: one fault planted by seed in a trained network, each of the five causes, four networks (disparity in three)", required: "true cause and place ranked first in ≥ 90 %", measure: causes},
	{name: "golden", what: "golden numbers of AMCT that concern post-training quantization: observers, weights, balancing, GPTQ, SmoothQuant, a layer from factors to integers, packing, shifts, scales of 19 bits, similarity", required: "all within their tolerance", measure: golden([]string{"9.1", "9.2", "9.3", "9.4", "9.6", "9.9"}, "Golden|^TestPackDequant$|^TestSimilarity$|^TestHFMGOracle$", "./passes/calib", "./parser/amct", "./ir/op", ".")},
	{name: "golden-training", what: "… that concern training: ULQ and LSQ, forward and backward", required: "all within their tolerance", measure: golden([]string{"9.5"}, "^TestTrainedFactors$", "./passes")},
	{name: "miscompiles", what: "mistakes planted behind every pass of the pipeline", required: "≥ 25, at least one for each pass; all caught by `--validate`, pass and value named", measure: miscompiles},
	{name: "target-faults", what: "faults planted into the programs of LeNet for ascend910b3, the residual network for ascend310 and for four cores of ascend910b3, and every flag and synchronization (of the last, every sync_all) dropped alone", required: "≥ 25; all caught by the simulator, rule, instruction and buffer named", measure: targetFaults},
	{name: "refused", what: "must-refuse set through the command: strings, sequences, loops, bfloat16, files cut off, 100 mutated models (bytes changed outside weights, by seed; what loads validly still may compile, whole); Ctrl-C and SIGTERM in compile, train and auto", required: "each: exit code 3 or 4, a numbered diagnostic, no output left behind; nothing left when interrupted", measure: refused},
	{name: "fuzz", what: "every fuzz test: each parser and the simulator", required: "clean after 10 minutes or 5,000,000 executions each; executions stated", measure: fuzz},
	{name: "fuzz-brief", what: "… for the time that `-fuzz` says", required: "clean; executions stated", measure: fuzzBrief},
	{name: "cores", what: "cycles on 1, 2, 4 and all AI cores of ascend910b3, one image, the bandwidth shared: residual network, MobileNetV2-224; every tensor of the program for all cores against the interpreter", required: "0 differing bytes; no more cycles with more cores", measure: severalCores},
	{name: "checksums", what: "`amctc compile` of LeNet run on each of those machines: every file against those of amd64 v1; the command and the emitted package built without C for linux, darwin and windows on amd64 and arm64, linux/386, riscv64, s390x, js/wasm, wasip1/wasm", required: "byte-identical; all build", measure: checksums},
}
