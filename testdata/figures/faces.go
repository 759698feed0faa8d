package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/amctc/amctc"
	"github.com/amctc/amctc/codegen/plan"
	"github.com/amctc/amctc/ir"
)

// scoreOutputs are the outputs of BlazeFace that score its anchors: a logit for each of 512 on the fine grid, and for
// each of 384 on the coarse one.
var scoreOutputs = []int{0, 1}

// sureFace is the score from which a detection counts by default.
const sureFace = 0.5

// bestAnchor is the anchor with the greatest score of one sample, numbered through the score outputs, and that
// score, the logistic function of its logit; of equal ones the first.
func bestAnchor(out samples, i int) (anchor int, score float64) {
	top, base := float32(math.Inf(-1)), 0
	for _, k := range scoreOutputs {
		logits := out[i][k].F32
		for j, v := range logits {
			if v > top {
				anchor, top = base+j, v
			}
		}
		base += len(logits)
	}
	return anchor, 1 / (1 + math.Exp(-float64(top)))
}

// detections tells how far int8 finds what float finds on samples of which few show a face: whether both are sure of
// a face in the same ones, how far the best score moves, and where both are sure, whether the anchor is the same.
func detections(float, integer samples) string {
	verdict, both, same := 0, 0, 0
	var moved, most float64
	for i := range float {
		a, x := bestAnchor(float, i)
		b, y := bestAnchor(integer, i)
		if (x >= sureFace) == (y >= sureFace) {
			verdict++
		}
		if x >= sureFace && y >= sureFace {
			both++
			if a == b {
				same++
			}
		}
		moved, most = moved+math.Abs(x-y), max(most, math.Abs(x-y))
	}
	return fmt.Sprintf("a face with a score ≥ %.1f or none agrees on %d of %d, best anchor on %d of %d with a face in both, best score moves %.3f in the mean, %.3f at most",
		sureFace, verdict, len(float), same, both, moved/float64(len(float)), most)
}

// multiplyAdds tells which part of a module's multiply-adds is of codes of 8 bits, of 16 and of float32.
func multiplyAdds(m *ir.Module) (string, error) {
	p, err := plan.Build(m, m.Main(), plan.Options{})
	if err != nil {
		return "", err
	}
	var narrow, wide, float int64
	for i := range p.Steps {
		c := p.Cost(&p.Steps[i])
		switch {
		case c.Float:
			float += c.MACs
		case c.Wide:
			wide += c.MACs
		default:
			narrow += c.MACs
		}
	}
	all := float64(narrow + wide + float)
	if all == 0 {
		return "", fmt.Errorf("%s multiplies nothing", m.File)
	}
	text := fmt.Sprintf("multiply-adds %.0f %% int8", 100*float64(narrow)/all)
	if wide > 0 {
		text += fmt.Sprintf(", %.0f %% int16", 100*float64(wide)/all)
	}
	return text + fmt.Sprintf(", %.0f %% float", 100*float64(float)/all), nil
}

// observers are what AMCT's and other tools' ranges of activations are found with, as --activations names them.
var observers = []string{"ifmr", "minmax", "mse"}

// A faceNetwork is BlazeFace of one size of image.
type faceNetwork struct {
	name string
	size int
}

var faces = []faceNetwork{{"blazeface-front", 128}, {"blazeface-back", 256}}

// searchedDrop is how much of the cosine of its worst output a network may lose on the squares that the search chooses by, one
// standard error included: half of what the bound allows on squares that it does not see, of which some are unlike all others.
const searchedDrop = (1 - cosineBound) / 2

// splitSeed shuffles the squares of photographs.
const splitSeed = 1

// A faceSplit is what squares of photographs are for. Nothing is chosen by test.
type faceSplit struct {
	name        string
	calib, held samples
	test        samples
	beyond      samples // test squares of the outlier, told apart
}

// outlier is a photograph unlike the others, a disc on black: activations of both networks are several times as large there.
const outlier = "retina.jpg"

// splits cuts the photographs for the network's size.
func (n *faceNetwork) splits(b *bench) ([]faceSplit, error) {
	p := picture{size: n.size, channelsLast: true, black: -1, white: 1}
	first, err := p.photos(b, calibrationPhotos)
	if err != nil {
		return nil, err
	}
	var test, beyond samples
	for _, name := range testPhotos {
		s, err := p.photos(b, []string{name})
		if err != nil {
			return nil, err
		}
		if name == outlier {
			beyond = append(beyond, s...)
		} else {
			test = append(test, s...)
		}
	}
	return faceSplits(first, test, beyond), nil
}

// faceSplits gives two splits. Of all squares, shuffled by seed, half calibrates, a quarter chooses and a quarter tests: data of
// one distribution, though squares of one photograph overlap. Photograph by photograph, tests see other photographs than
// calibration, two thirds of whose squares calibrate and a third chooses; squares of the outlier are told apart.
func faceSplits(first, test, beyond samples) []faceSplit {
	all := slices.Concat(first, test, beyond)
	first = slices.Clone(first)
	shuffled(all)
	shuffled(first)
	h, k := len(all)/2, len(first)*2/3
	return []faceSplit{
		{name: "squares shuffled by seed", calib: all[:h], held: all[h : h+h/2], test: all[h+h/2:]},
		{name: "photograph by photograph", calib: first[:k], held: first[k:], test: test, beyond: beyond},
	}
}

// shuffled brings samples into an order that splitSeed gives.
func shuffled(s samples) {
	r := rand.New(rand.NewPCG(splitSeed, uint64(len(s))))
	r.Shuffle(len(s), func(i, j int) { s[i], s[j] = s[j], s[i] })
}

// write gives the samples to the command.
func (n *faceNetwork) write(b *bench, name string, s samples) (string, error) {
	var all []float32
	for _, x := range s {
		all = append(all, x[0].F32...)
	}
	return writeArray(b, n.name+"-"+name+".npy", append([]int{len(s)}, s[0][0].Shape[1:]...), all)
}

// realFaces measures both networks.
func realFaces(ctx context.Context, b *bench) (string, bool, error) {
	var text []string
	pass := true
	for i := range faces {
		s, ok, err := faces[i].measure(ctx, b)
		if err != nil {
			return "", false, fmt.Errorf("%s: %w", faces[i].name, err)
		}
		text = append(text, faces[i].name+" "+s)
		pass = pass && ok
	}
	return strings.Join(text, "; "), pass, nil
}

func (n *faceNetwork) measure(ctx context.Context, b *bench) (string, bool, error) {
	path, err := b.data("real/"+strings.ReplaceAll(n.name, "-", "_")+".onnx", "real")
	if err != nil {
		return "", false, err
	}
	m, err := amctc.Load(path, amctc.LoadOptions{})
	if err != nil {
		return "", false, err
	}
	splits, err := n.splits(b)
	if err != nil {
		return "", false, err
	}
	var text []string
	pass := true
	for i, s := range splits {
		told, worst, err := n.search(ctx, b, path, m, s, i == 0)
		if err != nil {
			return "", false, fmt.Errorf("%s: %w", s.name, err)
		}
		text = append(text, s.name+": "+told)
		pass = pass && (i > 0 || worst)
	}
	return strings.Join(text, "; "), pass, nil
}

// search lets the command search on a split and tells what was found is worth on squares that it did not see; ok is
// whether all bounds hold, import and agreement of the engines included when whole says so.
func (n *faceNetwork) search(ctx context.Context, b *bench, path string, m *ir.Module, s faceSplit, whole bool) (text string, ok bool, err error) {
	bin, err := b.amctc(ctx)
	if err != nil {
		return "", false, err
	}
	part := map[string]string{}
	for name, x := range map[string]samples{"calib": s.calib, "held": s.held, "test": s.test} {
		if part[name], err = n.write(b, fmt.Sprintf("%s-%d", name, len(s.calib)), x); err != nil {
			return "", false, err
		}
	}
	plain, err := n.plain(ctx, b, bin, path, part)
	if err != nil {
		return "", false, err
	}
	out := filepath.Join(b.temp, fmt.Sprintf("%s-%d", n.name, len(s.calib)))
	_, err = output(ctx, b.root, nil, bin, "--quiet", "auto", path, "--calib", part["calib"], "--data", part["held"],
		"--metric", "worst-cosine", "--strategy", "ladder", "--max-drop", fmt.Sprintf("%.4f", searchedDrop), "--out", out)
	if err != nil && !strings.Contains(err.Error(), "exit status 1") { // that of an aim that is not met
		return "", false, err
	}
	said, err := os.ReadFile(filepath.Join(out, "auto.json"))
	if err != nil {
		return "", false, err
	}
	found := &searched{}
	if err := json.Unmarshal(said, found); err != nil {
		return "", false, err
	}
	q, err := amctc.Load(strings.TrimSuffix(filepath.Join(out, filepath.Base(path)), ".onnx")+".amir", amctc.LoadOptions{})
	if err != nil {
		return "", false, err
	}
	ok = found.Met
	floats, err := outputsOf(ctx, m.Main(), s.test)
	if err != nil {
		return "", false, err
	}
	if whole {
		far, err := (&realNetwork{}).distance(ctx, b, path, m.Main(), s.test, floats)
		if err != nil {
			return "", false, err
		}
		told, good, err := verified(ctx, q, s.test)
		if err != nil {
			return "", false, err
		}
		text, ok = fmt.Sprintf("%.0e, %s, ", far, told), ok && good && far <= importBound
	}
	integers, err := outputsOf(ctx, q.Main(), s.test)
	if err != nil {
		return "", false, err
	}
	share, err := multiplyAdds(q)
	if err != nil {
		return "", false, err
	}
	each, worst := cosines(q.Main(), floats, integers)
	ok = ok && worst >= cosineBound
	text += fmt.Sprintf("%s; auto with %d squares to calibrate and %d to choose by, %d trials: %s (%s), on %d others %s, %s",
		plain, len(s.calib), len(s.held), found.Trials, share, found.others(), len(s.test), each, detections(floats, integers))
	if len(s.beyond) > 0 {
		if floats, err = outputsOf(ctx, m.Main(), s.beyond); err != nil {
			return "", false, err
		}
		if integers, err = outputsOf(ctx, q.Main(), s.beyond); err != nil {
			return "", false, err
		}
		each, _ := cosines(q.Main(), floats, integers)
		text += fmt.Sprintf(", on %d of %s, out of the calibrated ranges, %s, %s", len(s.beyond), outlier, each, detections(floats, integers))
	}
	return text, ok, nil
}

// plain is what int8 in every layer comes to on the test squares, with the observer that is best on the squares to choose by.
func (n *faceNetwork) plain(ctx context.Context, b *bench, bin, path string, part map[string]string) (string, error) {
	value := func(observer, data string) (float64, error) {
		said, err := output(ctx, b.root, nil, bin, "--quiet", "--json", "eval", path, "--calib", part["calib"], "--data", part[data],
			"--metric", "worst-cosine", "--activations", observer)
		if err != nil {
			return 0, err
		}
		var e evaluation
		err = json.Unmarshal(said, &e)
		return e.Value, err
	}
	best, most := "", math.Inf(-1)
	for _, o := range observers {
		v, err := value(o, "held")
		if err != nil {
			return "", err
		}
		if v > most {
			best, most = o, v
		}
	}
	v, err := value(best, "test")
	return fmt.Sprintf("all int8 worst cos %.4f (--activations %s)", v, best), err
}

// cosines tells of every output, and gives the least.
func cosines(f *ir.Func, floats, integers samples) (string, float64) {
	var each []string
	least := 1.0
	for k, v := range f.Results {
		cos, most := likeness(floats, integers, k)
		each = append(each, fmt.Sprintf("%s cos %.4f max %.3f", v.Name, cos, most))
		least = min(least, cos)
		if cos != cos {
			least = math.Inf(-1)
		}
	}
	return strings.Join(each, ", "), least
}

// others counts the layers that are not int8, and names those whose input has 16 bits or is float by the last part of
// their names.
func (s *searched) others() string {
	by := map[string][]string{}
	for _, l := range s.Layers {
		if !strings.HasPrefix(l.Variant, "int8") {
			by[l.Variant] = append(by[l.Variant], short(l.Name))
		}
	}
	var parts []string
	for _, v := range slices.Sorted(maps.Keys(by)) {
		parts = append(parts, fmt.Sprintf("%s: %s", v, strings.Join(by[v], " ")))
	}
	if len(parts) == 0 {
		return "no layer needs more"
	}
	return strings.Join(parts, "; ")
}

// short is a layer's name without the graph's and without the operation at its end: depthwise_conv2d_3.
func short(name string) string {
	parts := strings.Split(name, "/")
	return parts[max(0, len(parts)-2)]
}
