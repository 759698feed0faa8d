package ascend

import "github.com/amctc/amctc/ir/diag"

// The codes of the lowering's diagnostics.
const (
	codeSoC      diag.Code = "T101"
	codeOperator diag.Code = "T102"
	codeBuffer   diag.Code = "T103"
	codeField    diag.Code = "T104"
	codeRange    diag.Code = "T105"
	codeMain     diag.Code = "T106"
	codeType     diag.Code = "T107"
)
