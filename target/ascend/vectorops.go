package ascend

// vectorOps are the integer operators of the vector core.
var vectorOps = map[string]func(*kernel){
	"q.clip":       lowerClip,
	"q.quantize":   lowerQuantize,
	"q.dequantize": lowerDequantize,
	"q.rescale":    lowerRescale,
	"q.table":      lowerTable,
	"q.add":        lowerAdd,
	"q.sub":        lowerAdd,
	"q.mul":        lowerMul,
	"q.avg_pool2d": lowerAvgPool,
}
