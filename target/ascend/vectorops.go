package ascend

// vectorOps are the integer operators of the vector core.
var vectorOps = map[string]func(*kernel){
	"q.clip": lowerClip,
}

func lowerMaxPool(k *kernel) { k.fail(codeOperator, "max pooling of codes has no instructions") }

func lowerConcat(k *kernel) { k.fail(codeOperator, "joining codes has no instructions") }

func lowerPad(k *kernel) { k.fail(codeOperator, "padding codes has no instructions") }

func lowerReshape(k *kernel) { k.fail(codeOperator, "reshaping codes has no instructions") }

func lowerTranspose(k *kernel) { k.fail(codeOperator, "transposing codes has no instructions") }

// toND writes the row-major bytes of an NC1HWC0 tensor to a symbol of as many elements.
func (k *kernel) toND(x tensorGM, sym string) { k.fail(codeOperator, "no instructions") }

// fromND writes a tensor from the symbol that has its row-major bytes.
func (k *kernel) fromND(sym string, y tensorGM) { k.fail(codeOperator, "no instructions") }
