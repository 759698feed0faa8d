package exec_test

import (
	"fmt"
	"testing"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/irtest"
	"github.com/amctc/amctc/parser"
)

// wides are layers of int16 codes of every kernel, with results of codes and of numbers.
func wides(t *testing.T) []*ir.Module {
	t.Helper()
	var out []*ir.Module
	for i, c := range []struct{ group, dilation int }{{1, 1}, {2, 1}, {1, 2}, {6, 1}} {
		text := fmt.Sprintf(`amir 1
!x = !q.i16<scale=0.0002, offset=%d>
!w = !q.i8<scale=0.0625>
!y = !q.i8<scale=0.05, offset=7>

const @w : tensor<6x%dx3x2x!w> = [%s]
const @b : tensor<6xi32> = [1, -20000, 300000, 7, 0, -9]

func @main(%%x: tensor<2x6x7x5xf32>) -> (tensor<2x6x%dx%dx!y>, tensor<2x6x%dx%dxf32>) attributes {stage = int} {
  %%q = q.quantize %%x : tensor<2x6x7x5x!x>
  %%y = q.conv2d %%q, @w, @b {pad = [1, 0, 1, 1], group = %d, dilation = [1, %d]} : tensor<2x6x%dx%dx!y>
  %%f = q.conv2d %%q, @w, @b {pad = [1, 0, 1, 1], group = %d, dilation = [1, %d]} : tensor<2x6x%dx%dxf32>
  return %%y, %%f
}
`, []int{0, -32768, 32767, 4711}[i], 6/c.group, numbers(36*6/c.group), 7, 6-c.dilation, 7, 6-c.dilation, c.group, c.dilation, 7, 6-c.dilation, c.group, c.dilation, 7, 6-c.dilation)
		m, diags := parser.Parse("wide.amir", []byte(text))
		if diags.HasErrors() {
			t.Fatalf("%v\n%s", diags, text)
		}
		out = append(out, m)
	}
	return out
}

func numbers(n int) string {
	text := ""
	for i := range n {
		if i > 0 {
			text += ", "
		}
		text += fmt.Sprint((i*i*37+11*i)%255 - 127)
	}
	return text
}

// TestWide holds layers of int16 codes, one for each kernel and with offsets at the ends of the range,
// against the interpreter.
func TestWide(t *testing.T) {
	for i, m := range wides(t) {
		in := irtest.RandomInputs(m.Main(), uint64(i), 1)
		if err := compare(m.Main(), in); err != nil {
			t.Errorf("layer %d: %v", i, err)
		}
	}
}
