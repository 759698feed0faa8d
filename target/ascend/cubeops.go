package ascend

// cubeOps are the operators of the cube.
var cubeOps = map[string]func(*kernel){
	"q.conv2d": lowerConv,
	"q.dense":  lowerDense,
	"q.matmul": lowerMatMul,
}
