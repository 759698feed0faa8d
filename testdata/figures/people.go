package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/tensor"
	"github.com/amctc/amctc/parser/dataset"
	"github.com/amctc/amctc/testdata/tfjs/graph"
)

// people are networks in the format of TensorFlow.js.
var people = []realNetwork{
	{name: "emotion", model: graphModel("emotion"), source: inTensorFlowJS("emotion"), data: faceCrops, judge: sameEmotion},
	{name: "posenet", model: graphModel("posenet"), source: inTensorFlowJS("posenet"), data: pictures(posePicture), judge: sameKeypoints},
}

// graphModel converts one of the graph models to ONNX.
func graphModel(name string) func(b *bench) (string, error) {
	return func(b *bench) (string, error) {
		from, err := b.data("human/"+name+".json", "human")
		if err != nil {
			return "", err
		}
		m, err := graph.Read(from)
		if err != nil {
			return "", err
		}
		data, err := m.ONNX()
		if err != nil {
			return "", err
		}
		path := filepath.Join(b.temp, name+".onnx")
		return path, os.WriteFile(path, data, 0o666)
	}
}

// inTensorFlowJS executes a graph model with TensorFlow.js: the file itself, not what was made of it.
func inTensorFlowJS(name string) func(context.Context, *bench, samples) ([][]float32, error) {
	return func(ctx context.Context, b *bench, in samples) ([][]float32, error) {
		model, err := b.data("human/"+name+".json", "human")
		if err != nil {
			return nil, err
		}
		library, err := b.data("people/tf.min.js", "people")
		if err != nil {
			return nil, err
		}
		m, err := graph.Read(model)
		if err != nil {
			return nil, err
		}
		var raw []byte
		for _, s := range in {
			for _, v := range s[0].F32 {
				raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(v))
			}
		}
		input := filepath.Join(b.temp, "tfjs-in.f32")
		if err := os.WriteFile(input, raw, 0o666); err != nil {
			return nil, err
		}
		args := []string{b.path("testdata/tfjs/run.js"), library, model, input}
		var files []string
		for k, node := range m.Outputs() {
			files = append(files, filepath.Join(b.temp, fmt.Sprintf("tfjs-out%d.f32", k)))
			args = append(args, node, files[k])
		}
		if _, err := output(ctx, b.root, nil, "node", args...); err != nil {
			return nil, err
		}
		outs := make([][]float32, len(files))
		for k, path := range files {
			if raw, err = os.ReadFile(path); err != nil {
				return nil, err
			}
			for ; len(raw) >= 4; raw = raw[4:] {
				outs[k] = append(outs[k], math.Float32frombits(binary.LittleEndian.Uint32(raw)))
			}
		}
		return outs, nil
	}
}

// The faces of scikit-image's lfw_subset: a hundred of 25x25, gray, in [0, 1]. What follows them is no face.
const (
	faceSize  = 25
	faceCount = 100
	emotionIn = 64 // the size that the network reads
)

// faceCrops are the first half of the faces to calibrate with and the second to compare on, brought to the network's
// size and to [−1, 1].
func faceCrops(_ context.Context, b *bench, _ *ir.Module) (calib, test samples, err error) {
	path, err := b.data("people/lfw_subset.npy", "people")
	if err != nil {
		return nil, nil, err
	}
	shape, all, err := dataset.ReadNPY(path)
	if err != nil {
		return nil, nil, err
	}
	if !slices.Equal(shape, []int{2 * faceCount, faceSize, faceSize}) {
		return nil, nil, fmt.Errorf("%s has the shape %v", path, shape)
	}
	for i := range faceCount {
		t := tensor.New(tensor.F32, 1, emotionIn, emotionIn, 1)
		enlarge(t.F32, emotionIn, all[i*faceSize*faceSize:], faceSize)
		for k, v := range t.F32 {
			t.F32[k] = float32(v*2) - 1
		}
		if i < faceCount/2 {
			calib = append(calib, []*tensor.Tensor{t})
		} else {
			test = append(test, []*tensor.Tensor{t})
		}
	}
	return calib, test, nil
}

// enlarge brings a square to another size with weights of distance to the middles of its elements.
func enlarge(to []float32, size int, from []float32, n int) {
	place := func(i int) (a, b int, w float64) {
		at := min(max((float64(i)+0.5)*float64(n)/float64(size)-0.5, 0), float64(n-1))
		a = int(at)
		return a, min(a+1, n-1), at - float64(a)
	}
	for y := range size {
		y0, y1, v := place(y)
		for x := range size {
			x0, x1, u := place(x)
			top := float64((1-u)*float64(from[y0*n+x0])) + float64(u*float64(from[y0*n+x1]))
			low := float64((1-u)*float64(from[y1*n+x0])) + float64(u*float64(from[y1*n+x1]))
			to[y*size+x] = float32(float64((1-v)*top) + float64(v*low))
		}
	}
}

// both runs two networks on the test samples of one.
func both(ctx context.Context, in samples, float, integer *ir.Module) (f, q samples, err error) {
	if f, err = outputsOf(ctx, float.Main(), in); err != nil {
		return nil, nil, err
	}
	q, err = outputsOf(ctx, integer.Main(), in)
	return f, q, err
}

// sameEmotion counts the faces on which int8 finds the emotion that float finds. Whether it is the right one nobody
// knows: the faces have no labels.
func sameEmotion(ctx context.Context, b *bench, float, integer *ir.Module) (string, bool, error) {
	_, test, err := faceCrops(ctx, b, float)
	if err != nil {
		return "", false, err
	}
	f, q, err := both(ctx, test, float, integer)
	if err != nil {
		return "", false, err
	}
	same, found := 0, make(map[int]bool)
	for i := range f {
		a, b := greatest(f[i][0].F32, 0, 1), greatest(q[i][0].F32, 0, 1)
		found[a] = true
		if a == b {
			same++
		}
	}
	return fmt.Sprintf("the same emotion on %d of %d faces (%d emotions among them)", same, len(f), len(found)),
		10*same >= 9*len(f) && len(found) > 1, nil
}

// greatest is the place of the greatest of v[from], v[from+step], ..., counted in steps.
func greatest(v []float32, from, step int) int {
	best := 0
	for i := 0; from+i*step < len(v); i++ {
		if v[from+i*step] > v[from+best*step] {
			best = i
		}
	}
	return best
}

// posePicture is how PoseNet takes images. A cell of its maps is poseStride pixels; it has a map for each of poseParts
// parts of a body, and for each the way from the cell to the part, down and right.
var posePicture = picture{size: 385, channelsLast: true, black: -1, white: 1}

const (
	poseStride = 16
	poseParts  = 17
)

// sameKeypoints compares where PoseNet sees the parts of a body, of those that float is sure of: the cell with the
// greatest heat, and the pixels that it means. Nobody says here where they truly are.
func sameKeypoints(ctx context.Context, b *bench, float, integer *ir.Module) (string, bool, error) {
	_, test, err := pictures(posePicture)(ctx, b, float)
	if err != nil {
		return "", false, err
	}
	f, q, err := both(ctx, test, float, integer)
	if err != nil {
		return "", false, err
	}
	heat, way := -1, -1
	for k, v := range float.Main().Results {
		switch {
		case strings.Contains(v.Name, "heatmap"):
			heat = k
		case strings.Contains(v.Name, "offset"):
			way = k
		}
	}
	if heat < 0 || way < 0 {
		return "", false, fmt.Errorf("PoseNet has no heat maps or no offsets")
	}
	wide := f[0][heat].Shape[2]
	sure, same, next := 0, 0, 0
	var moved []float64
	for i := range f {
		a, c := f[i], q[i]
		for p := range poseParts {
			x, y := greatest(a[heat].F32, p, poseParts), greatest(c[heat].F32, p, poseParts)
			if a[heat].F32[x*poseParts+p] < 0 { // a probability below a half
				continue
			}
			sure++
			if x == y {
				same++
			}
			if max(abs(x/wide-y/wide), abs(x%wide-y%wide)) <= 1 {
				next++
			}
			moved = append(moved, math.Hypot(
				posePixel(x/wide, a[way].F32[2*poseParts*x+p])-posePixel(y/wide, c[way].F32[2*poseParts*y+p]),
				posePixel(x%wide, a[way].F32[2*poseParts*x+poseParts+p])-posePixel(y%wide, c[way].F32[2*poseParts*y+poseParts+p])))
		}
	}
	if sure == 0 {
		return "float is sure of no part of a body", false, nil
	}
	slices.Sort(moved)
	return fmt.Sprintf("%d parts of bodies: %.1f %% in the same cell, %.1f %% there or next to it, half of them within %.1f pixels",
		sure, 100*float64(same)/float64(sure), 100*float64(next)/float64(sure), moved[len(moved)/2]), 100*next >= 95*sure, nil
}

func posePixel(cell int, way float32) float64 { return float64(cell*poseStride) + float64(way) }

func abs(v int) int { return max(v, -v) }
