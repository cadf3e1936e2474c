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
	for range foldRounds {
		folded := norm.NFC.String(strings.Map(cherokee, cases.Fold().String(norm.NFD.String(s))))
		if folded == s {
			break
		}
		s = folded // a composed letter may fold once more
	}
	return s
}

// foldRounds bounds what somebody's id can cost: every text is settled after three
// rounds at most (TestFoldIDSettles), and one that were not would be compared
// in the form that it has then, alike everywhere.
const foldRounds = 8

// cherokee maps the small Cherokee letters to the capitals, which is how Unicode
// folds them (CaseFolding.txt). The library maps capitals to small ones and small ones
// to capitals: with it alone, an id with such a letter would never settle.
func cherokee(r rune) rune {
	switch {
	case 0xAB70 <= r && r <= 0xABBF:
		return r - 0xAB70 + 0x13A0
	case 0x13F8 <= r && r <= 0x13FD:
		return r - 8
	}
	return r
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}
