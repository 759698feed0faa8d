package onnx

import "github.com/amctc/amctc/ir/diag"

// The codes of the importer's diagnostics.
const (
	codeFile        diag.Code = "I001"
	codeIRVersion   diag.Code = "I002"
	codeOpset       diag.Code = "I003"
	codeOperator    diag.Code = "I004"
	codeDomain      diag.Code = "I005"
	codeAttr        diag.Code = "I006"
	codeUnknownAttr diag.Code = "I007"
	codeArity       diag.Code = "I008"
	codeUndefined   diag.Code = "I009"
	codeTwice       diag.Code = "I010"
	codeCycle       diag.Code = "I011"
	codeInputType   diag.Code = "I012"
	codeDynamic     diag.Code = "I013"
	codeInputShape  diag.Code = "I014"
	codeTensor      diag.Code = "I015"
	codeExternal    diag.Code = "I016"
	codeElem        diag.Code = "I017"
	codeFinite      diag.Code = "I018"
	codeForm        diag.Code = "I019"
	codeShape       diag.Code = "I020"
	codeConst       diag.Code = "I021"
	codeBatch       diag.Code = "I022"
	codeResult      diag.Code = "I023"
	codeName        diag.Code = "I024"
	codeTooLarge    diag.Code = "I025"
	codeOutput      diag.Code = "I026"
	codeQuant       diag.Code = "I027"
	codeFactor      diag.Code = "I028"
	codeHalf        diag.Code = "I029"
	codeBind        diag.Code = "I030"

	codeDynamicFactors diag.Code = "I031"
)
