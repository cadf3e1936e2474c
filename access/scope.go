package access

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// IssueScopeChanged is the issue of a grant that would open something else than
// its plan shows.
const IssueScopeChanged = "scope_changed"

// Bounds of a scope, in characters: what approvers read has to fit before their
// eyes. The facts have room for the longest policy of AWS.
const (
	maxScopeLine = 2_000
	maxFacts     = 30
	maxFactName  = 60
	maxFact      = 12_000
)

// Resolution is a worker's statement of what entitlements on one target mean.
// The worker signs it with its own key, so that nobody who responds in its
// place cannot describe an entitlement harmlessly (docs/threats.md, case 52).
type Resolution struct {
	Question     string        `json:"question"` // an id that the server made up for this one question; "" of one that is kept
	Target       string        `json:"target"`
	Entitlements []Entitlement `json:"entitlements"`
	Scopes       []Scope       `json:"scopes"`      // in the order of the entitlements
	At           time.Time     `json:"at,omitzero"` // of one that is kept: when the worker said so
}

// MeaningLasts is how long a kept resolution counts. Workers renew theirs when they
// start, and each day, so one that is older is of a target that nobody serves any more.
const MeaningLasts = 30 * 24 * time.Hour

// Digest returns by what an entitlement is known where what it means is kept.
func (e Entitlement) Digest() string {
	b, err := json.Marshal(e) // keys in order
	if err != nil {
		return "" // nothing that came as JSON
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// Validate returns what is wrong with a scope as something to show to approvers.
// Each text is one line of characters that show, within its bound, and there is a
// summary. Issues have the code scope_malformed.
func (s Scope) Validate() (issues Issues) {
	check := func(field, text string, most int) {
		if n := utf8.RuneCountInString(text); n > most {
			issues.Add("scope_malformed", field, "this has %d characters; %d are allowed", n, most)
		}
		if i := strings.IndexFunc(text, notShown); i >= 0 {
			r, _ := utf8.DecodeRuneInString(text[i:])
			issues.Add("scope_malformed", field, "the character %U does not show, or is no text of one line", r)
		}
	}
	if strings.TrimSpace(s.Summary) == "" {
		issues.Add("scope_malformed", "summary", "a summary is needed")
	}
	check("summary", s.Summary, maxScopeLine)
	check("ends", s.Ends, maxScopeLine)
	if len(s.Facts) > maxFacts {
		issues.Add("scope_malformed", "facts", "these are %d facts; %d are allowed", len(s.Facts), maxFacts)
	}
	for _, name := range slices.Sorted(maps.Keys(s.Facts)) {
		field := "facts." + Clip(name, maxFactName)
		check(field, name, maxFactName)
		check(field, s.Facts[name], maxFact)
	}
	return issues
}

// notShown reports whether a character is invisible, or changes how others show.
func notShown(r rune) bool {
	return r == utf8.RuneError || !unicode.IsPrint(r) || unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}

// Differences returns in words how another scope differs from the approved one;
// nothing where both say the same.
func (s Scope) Differences(other Scope) (differ []string) {
	compare := func(what, approved, now string) {
		if approved != now {
			differ = append(differ, fmt.Sprintf("%s is %q now, and was approved as %q", what, Clip(now, 80), Clip(approved, 80)))
		}
	}
	names := maps.Clone(s.Facts)
	if names == nil {
		names = map[string]string{}
	}
	maps.Copy(names, other.Facts)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		approved, was := s.Facts[name]
		now, is := other.Facts[name]
		switch {
		case !was:
			differ = append(differ, fmt.Sprintf("%s is %q now, and was not shown", name, Clip(now, 80)))
		case !is:
			differ = append(differ, fmt.Sprintf("%s was approved as %q, and is not known now", name, Clip(approved, 80)))
		default:
			compare(name, approved, now)
		}
	}
	compare("the summary", s.Summary, other.Summary)
	compare("how it ends", s.Ends, other.Ends)
	return differ
}
