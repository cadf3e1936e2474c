package contracts

import (
	"fmt"
	"regexp/syntax"
)

// maxPatternSize bounds the steps of a regular expression once its repetitions are written
// out. CEL's cost counts the characters of an expression, and 1,500 of them
// can be 300,000 steps: each value is then compared with each step, for a hundredth of the
// cost that is counted. 1 to 1,000 of one character are 1,000 steps.
const maxPatternSize = 4000

// patternSize returns the steps of an expression, and stops counting above the bound.
func patternSize(re *syntax.Regexp) int {
	size := 1
	switch re.Op {
	case syntax.OpLiteral:
		size = len(re.Rune)
	case syntax.OpRepeat:
		size = 0 // it is its parts, several times
	}
	for _, sub := range re.Sub {
		size = min(size+patternSize(sub), maxPatternSize+1)
	}
	if re.Op == syntax.OpRepeat {
		size *= max(re.Min, re.Max, 1) // Max is -1 where there is no end
	}
	return min(size, maxPatternSize+1)
}

// tooLarge returns why an expression is not compiled; "" if it may be, or is none.
func tooLarge(text string) string {
	re, err := syntax.Parse(text, syntax.Perl)
	if err != nil || patternSize(re) <= maxPatternSize {
		return "" // whoever compiles it says what is wrong
	}
	return fmt.Sprintf("a regular expression may have %d steps once its repetitions, like {1000}, are written out; write fewer or shorter repetitions", maxPatternSize)
}
