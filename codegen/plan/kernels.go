package plan

import "github.com/amctc/amctc/ir"

// kernels says how each operator is planned.
var kernels = map[string]func(*builder, *ir.Node){
	"nn.conv2d":     (*builder).conv,
	"q.conv2d":      (*builder).qconv,
	"nn.dense":      (*builder).dense,
	"q.dense":       (*builder).qdense,
	"nn.batch_norm": (*builder).batchNorm,
	"nn.relu":       (*builder).relu,
	"nn.clip":       (*builder).clip,
	"q.clip":        (*builder).qclip,
	"nn.add":        (*builder).add2,
	"nn.mul":        (*builder).mul2,
	"q.add":         (*builder).qadd,
	"q.mul":         (*builder).qmul,
	"nn.max_pool2d": (*builder).maxPool,
	"nn.avg_pool2d": (*builder).avgPool,
	"q.avg_pool2d":  (*builder).qavgPool,
	"nn.concat":     (*builder).concat,
	"nn.pad":        (*builder).pad,
	"nn.reshape":    (*builder).reshape,
	"nn.transpose":  (*builder).transpose,
	"nn.softmax":    (*builder).softmax,
	"q.observe":     (*builder).observe,
	"q.fake":        (*builder).fake,
	"q.quantize":    (*builder).quantize,
	"q.dequantize":  (*builder).dequantize,
	"q.rescale":     (*builder).rescale,
}
