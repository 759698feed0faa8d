package gogen

import (
	"fmt"
	"math"
	"reflect"
	"strconv"

	"github.com/dave/jennifer/jen"

	"github.com/amctc/amctc/runtime/pack"
	"github.com/amctc/amctc/runtime/rt"
)

// inlineLimit is how many elements of slices an argument struct may have to stand in the source;
// others go to weights.bin.
const inlineLimit = 16

// fromFile says whether an argument struct takes its slices from weights.bin. One that is prepared
// always does.
func fromFile(args any) bool {
	return prepares(args) || elements(reflect.ValueOf(args).Elem()) > inlineLimit
}

// prepares says whether an argument struct packs its weights itself.
func prepares(args any) bool {
	_, ok := args.(interface{ Prepare() })
	return ok
}

// elements counts what stands in slices other than []int, which hold dimensions and strides.
func elements(v reflect.Value) int {
	n := 0
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			n += elements(v.Field(i))
		}
	case reflect.Slice:
		if v.Type().Elem().Kind() != reflect.Int {
			n = v.Len()
		}
	}
	return n
}

// readers are the functions of the emitted package that take a section out of weights.bin.
var readers = map[reflect.Type]string{
	reflect.TypeFor[[]int8]():     "i8",
	reflect.TypeFor[[]uint8]():    "u8",
	reflect.TypeFor[[]int32]():    "i32",
	reflect.TypeFor[[]float32]():  "f32",
	reflect.TypeFor[[]rt.Codes](): "codes",
}

// section puts a slice into weights.bin and gives the expression that reads it there: w.i8(64, 150).
// Weights of few different codes are written as indices into a list of them: w.i8book(64, 150, 4).
func (e *emitter) section(v any) jen.Code {
	if w, ok := v.([]int8); ok {
		if b := pack.ToBook(w); b != nil {
			e.reads["i8book"] = true
			return jen.Id("w").Dot("i8book").Call(jen.Lit(e.weights.add(b)), jen.Lit(len(w)), jen.Lit(b.Bits))
		}
	}
	name := readers[reflect.TypeOf(v)]
	e.reads[name] = true
	return jen.Id("w").Dot(name).Call(jen.Lit(e.weights.add(v)), jen.Lit(reflect.ValueOf(v).Len()))
}

// literal is a value of package rt as Go source. Fields that are zero are left out.
func (e *emitter) literal(v reflect.Value, file bool) jen.Code {
	switch v.Kind() {
	case reflect.Int, reflect.Int8, reflect.Int32, reflect.Uint8:
		if v.CanInt() {
			return jen.Id(strconv.FormatInt(v.Int(), 10))
		}
		return jen.Id(strconv.FormatUint(v.Uint(), 10))
	case reflect.Bool:
		return jen.Lit(v.Bool())
	case reflect.String:
		return jen.Lit(v.String())
	case reflect.Float32:
		return float(float32(v.Float()))
	case reflect.Slice:
		if file && v.Type().Elem().Kind() != reflect.Int {
			return e.section(v.Interface())
		}
		items := make([]jen.Code, v.Len())
		for i := range items {
			items[i] = e.literal(v.Index(i), file)
		}
		return jen.Index().Add(e.typeName(v.Type().Elem())).Values(items...)
	case reflect.Struct:
		return e.structLiteral(v, file)
	}
	panic(fmt.Sprintf("gogen: no literal for %s", v.Type()))
}

// structLiteral puts numbers beside each other and everything longer on lines of its own.
func (e *emitter) structLiteral(v reflect.Value, file bool) jen.Code {
	var items, numbers []jen.Code
	flush := func() {
		if len(numbers) > 0 {
			items = append(items, jen.List(numbers...))
			numbers = nil
		}
	}
	multi := false
	for i := range v.NumField() {
		f, x := v.Type().Field(i), v.Field(i)
		if !f.IsExported() || isZero(x) {
			continue
		}
		field := jen.Id(f.Name).Op(":").Add(e.literal(x, file))
		if k := x.Kind(); k == reflect.Struct || k == reflect.Slice {
			flush()
			items = append(items, field)
			multi = true
			continue
		}
		numbers = append(numbers, field)
	}
	flush()
	return e.typeName(v.Type()).Custom(jen.Options{Open: "{", Close: "}", Separator: ",", Multi: multi}, items...)
}

// isZero says whether a field can be left out. Negative zero can't.
func isZero(v reflect.Value) bool {
	if v.Kind() == reflect.Slice {
		return v.Len() == 0
	}
	return v.IsZero()
}

func (e *emitter) typeName(t reflect.Type) *jen.Statement {
	if t.PkgPath() == "" {
		return jen.Id(t.Name())
	}
	return jen.Qual(e.rt, t.Name())
}

// float is a float32 as an expression of exactly that value. Numbers have the fewest digits that read
// back as the same float32.
func float(f float32) jen.Code {
	switch {
	case math.IsInf(float64(f), 0):
		return jen.Float32().Call(jen.Qual("math", "Inf").Call(jen.Id(strconv.Itoa(int(math.Copysign(1, float64(f)))))))
	case f != f || f == 0 && math.Signbit(float64(f)):
		return jen.Qual("math", "Float32frombits").Call(jen.Id(fmt.Sprintf("0x%08x", math.Float32bits(f))))
	}
	return jen.Id(strconv.FormatFloat(float64(f), 'g', -1, 32))
}
