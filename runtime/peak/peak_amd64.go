//go:build !purego

package peak

func dot512(n int)
func dot256(n int)
func madd256(n int)
func mulAdd512(n int)
func mulAdd256(n int)

var int8Loops = map[string]loop{
	"avx512vnni": {24 * 64, dot512},
	"avxvnni":    {12 * 32, dot256},
	"avx2":       {10 * 16, madd256},
}

var floatLoops = map[string]loop{
	"avx512vnni": {10 * 16, mulAdd512},
	"avxvnni":    {10 * 8, mulAdd256},
	"avx2":       {10 * 8, mulAdd256},
}
