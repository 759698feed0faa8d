package targetfaults

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

// A fault changes a program. It is caught when the simulator refuses the program by that rule, at an instruction of
// that kind where the rule is about one, and names where: a buffer, a symbol or a flag.
type fault struct {
	what  string
	plant func(t testing.TB, l *lowered) []string
	rule  string // T014
	at    string // mnemonic; "" for a fault of the program as a whole
	where string // what the message must name
}

// first is the number of the first line of a stream that begins with the words and that the pattern matches.
func first(t testing.TB, l *lowered, stream, words, pattern string) int {
	t.Helper()
	re := regexp.MustCompile(pattern)
	for _, i := range l.find(stream, words) {
		if re.MatchString(l.lines[i]) {
			return i
		}
	}
	t.Fatalf("no line %q with %q in %s", words, pattern, stream)
	return 0
}

// edit replaces old by new in the first such line that has old.
func edit(stream, words, old, new string) func(testing.TB, *lowered) []string {
	return func(t testing.TB, l *lowered) []string {
		i := first(t, l, stream, words, regexp.QuoteMeta(old))
		return l.with(i, strings.Replace(l.lines[i], old, new, 1))
	}
}

// drop leaves out the first such line.
func drop(stream, words string) func(testing.TB, *lowered) []string {
	return func(t testing.TB, l *lowered) []string { return l.without(first(t, l, stream, words, "")) }
}

// exchange swaps the first such line that is right before one with the words after, with that.
func exchange(stream, words, after string) func(testing.TB, *lowered) []string {
	return func(t testing.TB, l *lowered) []string {
		for _, i := range l.find(stream, words) {
			if strings.HasPrefix(strings.TrimSpace(l.lines[i+1]), after) {
				out := slices.Clone(l.lines)
				out[i], out[i+1] = out[i+1], out[i]
				return out
			}
		}
		t.Fatalf("no %q before %q in %s", words, after, stream)
		return nil
	}
}

// earlier moves the first such line up.
func earlier(stream, words string, by int) func(testing.TB, *lowered) []string {
	return func(t testing.TB, l *lowered) []string {
		i := first(t, l, stream, words, "")
		return slices.Insert(l.without(i), i-by, l.lines[i])
	}
}

// again repeats the first such line.
func again(stream, words string) func(testing.TB, *lowered) []string {
	return func(t testing.TB, l *lowered) []string {
		i := first(t, l, stream, words, "")
		return slices.Insert(slices.Clone(l.lines), i, l.lines[i])
	}
}

// atEnd adds a line at the end of a stream.
func atEnd(stream, line string) func(testing.TB, *lowered) []string {
	return func(t testing.TB, l *lowered) []string {
		i := first(t, l, "", "stream", "stream "+regexp.QuoteMeta(stream)+" ")
		for l.lines[i] != "}" {
			i++
		}
		return slices.Insert(slices.Clone(l.lines), i, line)
	}
}

// cube are faults in LeNet for a SoC with separate cores and a Fixpipe.
var cube = []fault{
	{"a wait is dropped: L1 is read while it is loaded", drop("aic0", "wait_flag MTE2 MTE1 2"), "T014", "datacopy", "L1"},
	{"a wait is dropped: L0A is overwritten while it is multiplied", drop("aic0", "wait_flag M MTE1 0"), "T015", "set_flag", "flag 0 from M to MTE1"},
	{"a set is dropped: its waiter waits for ever", drop("aic0", "set_flag MTE2 FIX 0"), "T016", "wait_flag", "flag 0 from MTE2 to FIX"},
	{"a set is moved before the product that it is for", earlier("aic0", "set_flag M FIX 0", 2), "T014", "fixpipe", "L0C"},
	{"a wait is moved behind what it guards", exchange("aic0", "wait_flag M FIX 0", "fixpipe"), "T014", "fixpipe", "L0C"},
	{"a set is moved before what it announces", exchange("aic0", "mmad", "set_flag M MTE1 0"), "T014", "load3d", "L0A"},
	{"a flag has another number", edit("aic0", "set_flag MTE1 M", "M 2", "M 3"), "T016", "wait_flag", "flag 2 from MTE1 to M"},
	{"a flag goes to another pipe", edit("aic0", "set_flag MTE2 MTE1", "MTE2 MTE1 0", "MTE2 M 0"), "T016", "wait_flag", "flag 0 from MTE2 to MTE1"},
	{"a flag is set twice", again("aic0", "set_flag FIX M 0"), "T015", "set_flag", "flag 0 from FIX to M"},
	{"a flag is left set", atEnd("aic0", "set_flag MTE1 MTE2 5"), "T017", "set_flag", "flag 5 from MTE1 to MTE2"},
	{"two buffers of L0A overlap", edit("aic0", "load3d", "L0A[32768]", "L0A[0]"), "T014", "load3d", "L0A"},
	{"two buffers of L0C overlap", edit("aic0", "mmad", "L0C[65536]", "L0C[0]"), "T014", "mmad", "L0C"},
	{"weights lie on the map in L1", edit("aic0", "datacopy", "L1[768], @_Relu_output_0.w[0]", "L1[26368], @_Relu_output_0.w[0]"), "T012", "mmad", "L0B"},
	{"a load is shifted: its first bytes are missing", edit("aic0", "datacopy", "L1[26368]", "L1[26400]"), "T012", "load3d", "byte 26368 of L1"},
	{"an address of L0A is not aligned", edit("aic0", "load3d", "L0A[0]", "L0A[32]"), "T010", "load3d", "L0A"},
	{"an address of UB is not aligned", edit("aiv0.0", "padcopy", "UB[0]", "UB[8]"), "T010", "padcopy", "UB"},
	{"a load of fractals is repeated beyond L0B", edit("aic0", "load2d", "repeat=50", "repeat=255"), "T011", "load2d", "L0B"},
	{"a vector operation is repeated once more", edit("aiv0.0", "vmuls", "repeat=13", "repeat=14"), "T012", "vmuls", "UB"},
	{"a copy is longer than its symbol", edit("aic0", "datacopy", "len=784", "len=785"), "T011", "datacopy", "@input_q"},
	{"a copy is shorter", edit("aic0", "datacopy", "len=784", "len=700"), "T012", "load3d", "byte 48768 of L1"},
	{"a stride between column blocks is too small", edit("aic0", "fixpipe", "srcstride=128", "srcstride=64"), "T007", "fixpipe", "apart in L0C"},
	{"a stride of the destination is too small", edit("aiv0.0", "vcast", "UB[0]:1:4", "UB[0]:1:2"), "T022", "vcast", "destination in UB"},
	{"a product has more rows than a field holds", edit("aic0", "mmad", "m=128", "m=4096"), "T007", "mmad", "m is 4096"},
	{"a barrier between two products is removed", drop("aic0", "pipe_barrier M"), "T019", "mmad", "L0C"},
	{"what a product starts from is read before it is written", edit("aic0", "mmad", "init=bias bias=BT[0]", "init=acc"), "T012", "mmad", "L0C"},
	{"biases are read where none were written", edit("aic0", "mmad", "bias=BT[0]", "bias=BT[512]"), "T012", "mmad", "BT"},
	{"multipliers are read where none were written", edit("aic0", "fixpipe", "vec=FB[0]", "vec=FB[1024]"), "T012", "fixpipe", "FB"},
	{"a result is never stored", drop("aic0", "fixpipe"), "T012", "", "@_Relu_output_0"},
	{"the cube core does not wait for the input", drop("aic0", "sync_all"), "T012", "load3d", "byte 26368 of L1"},
	{"a result is written over the weights", edit("aic0", "fixpipe", "@_Relu_output_0[", "@_Relu_output_0.w["), "T013", "fixpipe", "@_Relu_output_0.w"},
	{"a loop runs once more", edit("aic0", "loop", "0 3", "0 4"), "T007", "load3d", "rows 768..896"},
	{"a loop runs once less", edit("aic0", "loop", "0 3", "0 2"), "T012", "", "@_Relu_output_0"},
	{"the last elements of the result are not stored", func(t testing.TB, l *lowered) []string {
		i := first(t, l, "aiv0.0", "padcopy", `padcopy @output\[0\]`)
		return l.with(i, regexp.MustCompile(`len=\d+`).ReplaceAllString(l.lines[i], "len=36"))
	}, "T012", "probe", "@output"},
	{"an operation writes half onto its source", edit("aiv0.0", "vmaxs", "UB[8960]", "UB[8992]"), "T022", "vmaxs", "UB"},
	{"an operation names a symbol that is not there", edit("aic0", "datacopy", "@input_q", "@input_p"), "T001", "datacopy", "@input_p"},
	{"an offset uses a variable outside its loop", edit("aic0", "load3d", "mstart=768", "mstart=768+256*%i0"), "T002", "load3d", "%i0"},
	{"the program is for another SoC", edit("", "target", "ascend910b3", "ascend950pr"), "T003", "", "ascend950pr"},
	{"a constant lies outside the file", func(t testing.TB, l *lowered) []string {
		i := first(t, l, "", "sym", `\.w const`)
		return l.with(i, regexp.MustCompile(`at=\d+`).ReplaceAllString(l.lines[i], "at=123904"))
	}, "T004", "", "_Relu_output_0.w"},
	{"a stream is for a core that is not there", edit("", "stream", "aic0", "aic99"), "T005", "", "aic99"},
	{"the cube multiplies numbers that it does not know", edit("aic0", "load3d", "type=s8", "type=f16"), "T008", "load3d", "f16"},
	{"the vector core loads into L1", edit("aiv0.0", "datacopy", "UB[", "L1["), "T009", "datacopy", "L1"},
}

// fused are faults in the residual network for a core that has no Fixpipe and does everything itself.
var fused = []fault{
	{"fused: the vector unit reads sums that are not done", drop("aic0", "wait_flag M V 0"), "T014", "datacopy", "L0C"},
	{"fused: the cube does not wait until sums are drained", drop("aic0", "wait_flag V M 0"), "T015", "set_flag", "flag 0 from V to M"},
	{"fused: codes are stored before they are made", drop("aic0", "wait_flag V MTE3 0"), "T014", "padcopy", "UB"},
	{"fused: two buffers of L0C overlap", edit("aic0", "mmad", "L0C[131072]", "L0C[0]"), "T014", "mmad", "L0C"},
	{"fused: fractals of sums are not aligned", edit("aic0", "datacopy UB[1280], L0C[0]", "L0C[0]", "L0C[512]"), "T010", "datacopy", "L0C"},
	{"fused: more sums are drained than L0C has", edit("aic0", "datacopy UB[1280], L0C[0]", "count=2", "count=40"), "T011", "datacopy", "L0C"},
}
