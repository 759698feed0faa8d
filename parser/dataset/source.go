package dataset

import "iter"

// Options say how a file becomes samples.
type Options struct {
	Shape []int  // of one sample, without a batch dimension; all dimensions positive
	Name  string // the array of an .npz; needed only when there are several

	Skip  int // samples left out at the start
	Limit int // samples taken at most; 0 is all

	// Mean and Std hold a value for each channel, or one for all. A sample of rank 3 has its
	// channels first, any other has one. Each sample becomes (x-mean)/std, two float32 operations.
	Mean, Std []float32

	// DType of raw .bin files: float32 (the default), float64, uint8, int8, int16, uint16, int32 or
	// int64, little-endian. Other formats say their own.
	DType string

	// Bytes says that the elements are pixels: whole numbers from 0 to 255. Raw .bin files then hold uint8, and
	// images that are resized are rounded, half to even. With ChannelsLast, Shape is that of an image with its
	// channels last, and with Reverse, image files are delivered as blue, green and red.
	Bytes, ChannelsLast, Reverse bool

	// Resize is how images that are not of the sample's size are brought to it: Stretch or Crop; empty
	// takes none of another size.
	Resize string
}

// A Batch is N consecutive samples. Data has N times the elements of a sample and belongs to the
// iteration: the next batch overwrites it.
type Batch struct {
	Data []float32
	N    int
}

// A Source is a fixed sequence of samples.
type Source interface {
	// Len is the number of samples, at least 1.
	Len() int

	// Shape is the shape of a sample, as Options gave it.
	Shape() []int

	// Batches passes over all samples from the start, n at a time; the last batch may be smaller.
	// An error ends the pass. n must be positive.
	Batches(n int) iter.Seq2[Batch, error]
}
