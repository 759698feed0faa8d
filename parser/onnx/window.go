package onnx

import (
	"slices"

	"github.com/amctc/amctc/ir"
)

// limit bounds every number of a window, so that sums of their products can't overflow.
const limit = 1 << 20

// maxTaps bounds the positions of all windows along one axis.
const maxTaps = 1 << 26

// A window is the geometry of a convolution or pooling, padding resolved.
type window struct {
	kernel, stride, dilation []int
	pad                      []int // top, left, bottom, right
	rim                      bool  // ceil_mode made windows reach beyond the declared padding
	padded                   bool  // the declared padding is not zero
}

// image requires that input 0 is a stack of images (N, C, H, W).
func (c *call) image() bool {
	switch s := c.in[0].shape(); len(s) {
	case 4:
		return true
	case 3:
		c.errorf(codeForm, "%s of rank 3 (one-dimensional) is not supported, only images (N, C, H, W); reshape the data to images of height 1", c.pb.OpType)
	case 5:
		c.errorf(codeForm, "%s of rank 5 (three-dimensional) is not supported, only images (N, C, H, W)", c.pb.OpType)
	default:
		c.errorf(codeForm, "%s of rank %d is not supported, only images (N, C, H, W)", c.pb.OpType, len(s))
	}
	return false
}

// pair is an attribute of two numbers in [1, limit]; def when absent.
func (c *call) pair(name string, def []int) ([]int, bool) { return c.several(name, def, 2) }

// several is pair for so many numbers.
func (c *call) several(name string, def []int, n int) ([]int, bool) {
	if !c.hasAttr(name) {
		return def, def != nil
	}
	v := c.intsAttr(name)
	if c.failed {
		return nil, false
	}
	if len(v) != n || slices.Min(v) < 1 || slices.Max(v) > limit {
		c.errorf(codeAttr, "attribute %s is %v, want %s numbers between 1 and 2^20", name, v, [...]string{2: "two", 3: "three"}[n])
		return nil, false
	}
	return v, true
}

// window reads strides, dilations and padding for a kernel over input 0.
func (c *call) window(kernel []int, ceil bool) (w window, ok bool) {
	return c.windowOf(kernel, ceil, 2)
}

// windowOf is window for so many dimensions; pads are all before, then all after.
func (c *call) windowOf(kernel []int, ceil bool, dims int) (w window, ok bool) {
	w.kernel = kernel
	ones := span(1, dims, 0)
	if w.stride, ok = c.several("strides", ones, dims); !ok {
		return w, false
	}
	if w.dilation, ok = c.several("dilations", ones, dims); !ok {
		return w, false
	}
	shape := c.in[0].shape()
	mode := c.stringAttr("auto_pad", "NOTSET")
	w.pad = make([]int, 2*dims)
	switch mode {
	case "NOTSET", "":
		if c.hasAttr("pads") {
			p := c.intsAttr("pads")
			if c.failed {
				return w, false
			}
			if len(p) != 2*dims || slices.Min(p) < 0 || slices.Max(p) > limit {
				c.errorf(codeAttr, "attribute pads is %v, want %s numbers between 0 and 2^20", p, [...]string{2: "four", 3: "six"}[dims])
				return w, false
			}
			w.pad = slices.Clone(p)
		}
	case "VALID":
	case "SAME_UPPER", "SAME_LOWER":
		for d := range dims {
			in, s := shape[2+d], w.stride[d]
			out := (in + s - 1) / s
			total := max((out-1)*s+(kernel[d]-1)*w.dilation[d]+1-in, 0)
			before := total / 2
			if mode == "SAME_LOWER" {
				before = total - before
			}
			w.pad[d], w.pad[d+dims] = before, total-before
		}
	default:
		c.errorf(codeAttr, "attribute auto_pad is %q, want NOTSET, VALID, SAME_UPPER or SAME_LOWER", mode)
		return w, false
	}
	w.padded = slices.Max(w.pad) > 0
	if ceil {
		for d := range dims {
			in, s := shape[2+d], w.stride[d]
			span := in + w.pad[d] + w.pad[d+dims] - ((kernel[d]-1)*w.dilation[d] + 1)
			if span < 0 || span%s == 0 {
				continue
			}
			out := span/s + 1 // index of the window that ceil_mode adds
			if out*s >= in+w.pad[d] {
				continue // it would start in the padding: it is left out
			}
			w.pad[d+dims] += s - span%s
			w.rim = true
		}
	}
	for d := range dims {
		span := shape[2+d] + w.pad[d] + w.pad[d+dims] - ((kernel[d]-1)*w.dilation[d] + 1)
		if n := span/w.stride[d] + 1; span > 0 && n > maxTaps/kernel[d] {
			c.errorf(codeTooLarge, "%d windows of %d positions along axis %d are too many", n, kernel[d], 2+d)
			return w, false
		}
	}
	return w, !c.failed
}

// attrs are the window's attributes for a node; defaults are left out.
func (w *window) attrs(withKernel bool) []any {
	var a []any
	if withKernel {
		a = append(a, "kernel", w.kernel)
	}
	a = append(a, "pad", w.pad, "stride", w.stride)
	if !slices.Equal(w.dilation, []int{1, 1}) {
		a = append(a, "dilation", w.dilation)
	}
	return a
}

// convAttrs is the geometry of a convolution of input 0 with weights of input 1.
func (c *call) convAttrs() (attrs []any, ok bool) {
	if !c.image() {
		return nil, false
	}
	ws := c.in[1].shape()
	if len(ws) != 4 {
		c.errorf(codeShape, "its weights have shape %v, want rank 4", ws)
		return nil, false
	}
	if ws[2] < 1 || ws[3] < 1 || ws[2] > limit || ws[3] > limit {
		c.errorf(codeShape, "its weights have shape %v: kernels are between 1 and 2^20", ws)
		return nil, false
	}
	kernel := []int{ws[2], ws[3]}
	if k, ok := c.pair("kernel_shape", kernel); !ok {
		return nil, false
	} else if !slices.Equal(k, kernel) {
		c.errorf(codeAttr, "attribute kernel_shape is %v, the weights have shape %v", k, ws)
		return nil, false
	}
	w, ok := c.window(kernel, false)
	if !ok {
		return nil, false
	}
	attrs = w.attrs(false)
	if g := c.intAttr("group", 1); g != 1 {
		attrs = append(attrs, "group", g)
	}
	return attrs, !c.failed
}

func buildConv(c *call) {
	if c.in[0].quant != nil {
		c.ascendConv()
		return
	}
	switch len(c.in[0].shape()) {
	case 3:
		if !c.convInBlocks() {
			c.flattenLine(buildConv)
		}
		return
	case 5:
		c.conv3D()
		return
	}
	attrs, ok := c.convAttrs()
	if !ok {
		return
	}
	w := c.in[1].node
	if w == nil {
		w = c.layerWeights(c.in[1].lit)
	}
	operands := []*ir.Value{c.x(0), w}
	if c.has(2) {
		operands = append(operands, c.x(2))
	}
	c.node("nn.conv2d", operands, attrs...)
}

// pool reads the geometry of a pooling.
func (c *call) pool() (window, bool) {
	if !c.image() {
		return window{}, false
	}
	if !c.hasAttr("kernel_shape") {
		c.errorf(codeAttr, "attribute kernel_shape is missing")
		return window{}, false
	}
	kernel, ok := c.pair("kernel_shape", nil)
	if !ok {
		return window{}, false
	}
	return c.window(kernel, c.intAttr("ceil_mode", 0) != 0)
}

func buildMaxPool(c *call) {
	switch len(c.in[0].shape()) {
	case 3:
		c.flattenLine(buildMaxPool)
		return
	case 5:
		if c.wants(1) {
			c.errorf(codeForm, "indices of a three-dimensional pooling are not supported, only those of images (N, C, H, W)")
			return
		}
		c.pool3D("nn.max_pool2d")
		return
	}
	w, ok := c.pool()
	if !ok {
		return
	}
	if c.wants(0) || !c.wants(1) {
		c.node("nn.max_pool2d", []*ir.Value{c.x(0)}, w.attrs(true)...)
	}
	if c.wants(1) {
		c.poolIndices(w)
	}
}

func buildAveragePool(c *call) {
	switch len(c.in[0].shape()) {
	case 3:
		c.flattenLine(buildAveragePool)
		return
	case 5:
		c.pool3D("nn.avg_pool2d")
		return
	}
	w, ok := c.pool()
	if !ok {
		return
	}
	attrs := w.attrs(true)
	// Without padding every position of a window counts but those that ceil_mode adds.
	if c.intAttr("count_include_pad", 0) != 0 && w.padded {
		if w.rim {
			c.errorf(codeForm, "count_include_pad together with ceil_mode is not supported where windows reach beyond the padding; export with ceil_mode=False")
			return
		}
		attrs = append(attrs, "include_pad", true)
	}
	c.node("nn.avg_pool2d", []*ir.Value{c.x(0)}, attrs...)
}

func buildGlobalPool(c *call, opName string) {
	if len(c.in[0].shape()) != 4 {
		c.globalPool(opName)
		return
	}
	if c.image() {
		s := c.in[0].shape()
		c.node(opName, []*ir.Value{c.x(0)}, "kernel", []int{s[2], s[3]})
	}
}
