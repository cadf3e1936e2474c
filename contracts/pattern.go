package contracts

import (
	"fmt"
	"regexp"
	"strings"
)

// pattern is a regular expression that must match a whole value: one that matched
// a part would let anything else through around it (docs/threats.md, case 21). It is
// compiled as it is written and never put between anchors, from which
// `orders)|(refunds` would escape.
type pattern struct{ re *regexp.Regexp }

func compilePattern(text string) (*pattern, error) {
	re, err := regexp.Compile(text)
	if err != nil {
		return nil, fmt.Errorf("not a regular expression: %s", strings.TrimPrefix(err.Error(), "error parsing regexp: "))
	}
	// The leftmost and longest match is the whole value if any match is.
	re.Longest()
	return &pattern{re}, nil
}

// matches reports whether the expression matches all of value.
func (p *pattern) matches(value string) bool {
	at := p.re.FindStringIndex(value)
	return at != nil && at[0] == 0 && at[1] == len(value)
}

func (p *pattern) String() string { return p.re.String() }
