package passes

// Support says which settings and factors this version acts on. Configurations and records that ask for
// others are refused, for a setting without effect would be taken for one.
var Support = struct {
	ActivationBits []int // widths of activation codes
	Joint          bool
	Balance        bool // of both kinds, and factors of it in records
	Equalize       bool
	CorrectBias    bool
}{
	ActivationBits: []int{4, 8, 16}, Joint: true, Balance: true, Equalize: true, CorrectBias: true,
}
