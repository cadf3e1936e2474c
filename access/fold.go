package access

import (
	"strings"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// FoldID returns the form of a person's id, of an e-mail address or of a group's
// name in which two that people take for one are equal: without regard to case, and
// to how Unicode composes a letter (canonical caseless matching, Unicode 3.13 D145,
// in form NFC). The ledger keeps this form in columns of its own, so that SQL and Go
// compare alike.
//
// Folded forms are compared where people are counted and where something is taken
// away. What gives something to somebody compares ids and groups exactly: a provider
// may tell cases apart.
func FoldID(s string) string {
	if isASCII(s) {
		return strings.ToLower(s)
	}
	for {
		folded := norm.NFC.String(cases.Fold().String(norm.NFD.String(s)))
		if folded == s {
			return s
		}
		s = folded // a composed letter may fold once more
	}
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}
