// Package dataset reads samples and labels from data files: .npy, .npz, IDX (plain or gzipped) and
// raw .bin, one array to a file, and folders of images.
//
// Samples are float32 and have the shape the network asks for. They are streamed: a pass holds one
// batch, whatever the size of the file, and a Source may be passed over any number of times.
package dataset
