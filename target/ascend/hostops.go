package ascend

import (
	"slices"

	"github.com/amctc/amctc/ir/op"
	"github.com/amctc/amctc/target"
)

// hostOps are the operators that stay float32 and run on the host. Those that also exist on codes go to the vector core then.
var hostOps = map[string]func(*kernel){
	"nn.conv2d": func(k *kernel) {
		k.hostStep("conv2d", k.ints("pad"), k.ints("stride"), k.ints("dilation"), k.int("group"))
	},
	"nn.dense":       func(k *kernel) { k.hostStep("dense") },
	"nn.matmul":      func(k *kernel) { k.hostStep("matmul") },
	"nn.batch_norm":  func(k *kernel) { k.hostStep("batch_norm", k.float("eps")) },
	"nn.add":         func(k *kernel) { k.hostStep("add") },
	"nn.mul":         func(k *kernel) { k.hostStep("mul") },
	"nn.relu":        func(k *kernel) { k.hostStep("relu") },
	"nn.dropout":     func(k *kernel) { k.hostStep("reshape") },
	"nn.clip":        func(k *kernel) { k.hostStep("clip", k.float("min"), k.float("max")) },
	"nn.softmax":     func(k *kernel) { k.hostStep("softmax", k.int("axis")) },
	"nn.log_softmax": func(k *kernel) { k.hostStep("log_softmax", k.int("axis")) },
	"nn.avg_pool2d": func(k *kernel) {
		k.hostStep("avg_pool2d", k.ints("kernel"), k.ints("pad"), k.ints("stride"), k.ints("dilation"), k.bool("include_pad"))
	},
	"nn.max_pool2d": onCodes(lowerMaxPool, func(k *kernel) {
		k.hostStep("max_pool2d", k.ints("kernel"), k.ints("pad"), k.ints("stride"), k.ints("dilation"))
	}),
	"nn.concat": onCodes(lowerConcat, func(k *kernel) { k.hostStep("concat", k.int("axis")) }),
	"nn.pad":    onCodes(lowerPad, func(k *kernel) { k.hostStep("pad", k.ints("pad"), k.float("value")) }),
	"nn.reshape": onCodes(lowerReshape, func(k *kernel) {
		if !k.shares(k.in(0)) {
			k.hostStep("reshape")
		}
	}),
	"nn.take": onCodes(lowerTake, func(k *kernel) { k.hostStep("take", k.int("axis"), k.ints("indices")) }),
	"nn.resample": func(k *kernel) {
		w := op.Floats(k.node, "weights")
		sym := k.data("weights", target.F32, target.ND, []int{len(w)}, bytesF32(w))
		k.host.emit(&target.Host{Op: "resample", Out: []string{k.out().Sym}, In: []string{k.shaped(k.in(0)), sym},
			Attrs: []target.Attr{k.int("axis"), k.int("taps"), k.ints("indices")}})
	},
	"nn.pixels": lowerPixels,
	"nn.argmax": func(k *kernel) {
		k.rank("argmax", k.int("axis"), k.bool("keep"), k.bool("last"), k.bool("least"))
	},
	"nn.topk": func(k *kernel) { k.rank("topk", k.int("axis"), k.int("k"), k.bool("least")) },
	"nn.grid_sample": func(k *kernel) {
		k.hostStep("grid_sample", target.Ints("mode", op.SampleMode(k.node)), target.Ints("border", op.SampleBorder(k.node)), k.bool("align"))
	},
	"nn.roi_align": func(k *kernel) {
		k.hostStep("roi_align", k.ints("batch"), k.ints("size"), k.int("samples"), k.float("scale"), k.bool("half_pixel"), k.bool("greatest"))
	},
	"nn.max_pool2d_indices": func(k *kernel) {
		k.rank("max_pool2d_indices", k.ints("kernel"), k.ints("pad"), k.ints("stride"), k.ints("dilation"), k.bool("columns"), k.bool("whole"))
	},
	"nn.max_unpool2d": lowerUnpool,
	"nn.normalize":    func(k *kernel) { k.hostStep("normalize", k.int("axis"), k.float("eps"), k.bool("centred")) },
	"nn.transpose":    onCodes(lowerTranspose, func(k *kernel) { k.hostStep("transpose", k.ints("perm")) }),
}

// hostFamilies are those of the families of operators, whose host step has the operator's name.
var hostFamilies = map[op.Family]func(*kernel){
	op.Functions: func(k *kernel) {
		var attrs []target.Attr
		for _, a := range k.node.Op.Attrs {
			attrs = append(attrs, k.float(a.Name))
		}
		k.hostStep(k.node.Op.Name[len("nn."):], attrs...)
	},
	op.Pairings:   func(k *kernel) { k.hostStep(k.node.Op.Name[len("nn."):]) },
	op.Reductions: func(k *kernel) { k.hostStep(k.node.Op.Name[len("nn."):], k.ints("axes"), k.bool("keep")) },
}

// onCodes chooses between the lowering for int8 codes and the one for float32.
func onCodes(codes, float func(*kernel)) func(*kernel) {
	return func(k *kernel) {
		if k.out().Type == target.S8 {
			codes(k)
			return
		}
		float(k)
	}
}

// hostStep runs an operator of the host on the node's operands and result.
func (k *kernel) hostStep(op string, attrs ...target.Attr) {
	var in []string
	for i := range k.node.Operands {
		in = append(in, k.shaped(k.in(i)))
	}
	k.host.emit(&target.Host{Op: op, Out: []string{k.out().Sym}, In: in, Attrs: attrs})
}

// shaped is the symbol of a row-major tensor with the tensor's own dims, which host steps go by: where x shares the bytes of a tensor of another shape, a copy.
func (k *kernel) shaped(x tensorGM) string {
	if slices.Equal(k.prog.Symbol(x.Sym).Dims, x.Dims) {
		return x.Sym
	}
	sym := k.scratch("view", x.Type, target.ND, x.Dims...)
	k.host.emit(&target.Host{Op: "reshape", Out: []string{sym}, In: []string{x.Sym}})
	return sym
}

func (k *kernel) ints(name string) target.Attr { return target.Ints(name, k.node.Ints(name)...) }

func (k *kernel) int(name string) target.Attr { return target.Ints(name, k.node.Int(name)) }

func (k *kernel) float(name string) target.Attr { return target.Float(name, k.node.Float(name)) }

func (k *kernel) bool(name string) target.Attr {
	if k.node.Bool(name) {
		return target.Ints(name, 1)
	}
	return target.Ints(name, 0)
}
