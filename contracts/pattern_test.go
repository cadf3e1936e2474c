package contracts

import (
	"regexp"
	"regexp/syntax"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// fullMatch is the oracle: it puts the parsed expression between anchors, not its
// text, as the code under test never does. It fails for what is no expression.
func fullMatch(text string) (*regexp.Regexp, error) {
	parsed, err := syntax.Parse(text, syntax.Perl)
	if err != nil {
		return nil, err
	}
	whole := syntax.Regexp{Op: syntax.OpConcat, Sub: []*syntax.Regexp{{Op: syntax.OpBeginText}, parsed, {Op: syntax.OpEndText}}}
	return regexp.Compile(whole.String())
}

func agrees(t require.TestingT, text string, values ...string) {
	p, err := compilePattern(text)
	oracle, refused := fullMatch(text)
	require.Equal(t, refused != nil, err != nil, "%q: %v, %v", text, refused, err)
	if err != nil {
		return
	}
	for _, v := range values {
		require.Equal(t, oracle.MatchString(v), p.matches(v), "%q of %q", text, v)
	}
}

// TestPatternMatchesTheWholeValue: no pattern accepts a value of which it matches
// only a part.
func TestPatternMatchesTheWholeValue(t *testing.T) {
	pieces := rapid.SampledFrom([]string{"a", "b", "A", ".", "[ab]", "[^a", "]", "(", ")", "|", ")|(", "(?:", "(?P<n>", "(?i)", "(?-s)", "(?s)", "(?m)", "(?U)",
		"(?i:", "(?#", "(?", `\Q`, `\E`, `\`, `\z`, `\A`, `\b`, `\n`, `\x{`, "^", "$", "*", "+", "?", "{2}", "{1,", "\n"})
	letters := rapid.StringOfN(rapid.RuneFrom([]rune("aabbA()|\\\n")), 0, 6, -1)
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOfN(pieces, 1, 8).Draw(t, "pattern"), "")
		agrees(t, text, rapid.SliceOfN(letters, 20, 20).Draw(t, "values")...)
	})
}

func FuzzPattern(f *testing.F) {
	for _, text := range []string{`a)|(b`, `a|ab`, `a*?`, `(?U)a*`, `(?i)a|b`, `(?m)^a$`, `\Qa`, `\Qa)|(b\E`, `a\`, `(?#a)b`, `a$|b\z`, `(?:a|b`, `a)`, `[a`} {
		for _, value := range []string{"a", "ab", "aXX", "XXb", "A\na"} {
			f.Add(text, value)
		}
	}
	f.Fuzz(func(t *testing.T, text, value string) { agrees(t, text, value) })
}
