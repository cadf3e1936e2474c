package contracts

import (
	"regexp/syntax"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestPatternSize: an expression is bounded by what its repetitions amount to, wherever a
// contract has one.
func TestPatternSize(t *testing.T) {
	for text, want := range map[string]int{
		`abc`: 3, `[a-z]{1,63}`: 63, `(ab){3}`: 9, `a{2,}`: 2, strings.Repeat(`(a?){1000}`, 150): maxPatternSize + 1,
	} {
		re, err := syntax.Parse(text, syntax.Perl)
		require.NoError(t, err)
		require.Equal(t, want, patternSize(re), "%q", text)
	}
	for text, refused := range map[string]bool{`^[a-z]{1,1000}$`: false, `(a?){1000}`: false, strings.Repeat(`(a?){1000}`, 2): true, `((a{10}){10}){10}(b{900}c{900}){1}d{900}e{900}`: true} {
		for _, field := range []string{"who: 'reason.matches(\"" + text + "\")'", "who: 'matches(reason, \"" + text + "\")'", "who: 'person.groups.exists(g, g.matches(\"" + text + "\"))'", "who: 'true', params: {x: {type: string, pattern: '" + text + "'}}", "who: 'true', ticket: {pattern: '" + text + "'}"} {
			_, err := Parse(map[string][]byte{"c.yaml": []byte("apiVersion: ramp/v1\nkind: Contract\nmetadata: {name: c}\nrequest: {" + field + ", reason: {optional: true}}\nduration: {default: 30m, max: 1h}\n" +
				"grants: [{target: t/t, entitlement: {a: b}}]\napproval: {stages: [{name: a, from: [x]}]}\n")})
			if refused {
				require.ErrorContains(t, err, "may have 4000 steps", "%s", field)
			} else {
				require.NoError(t, err, "%s", field)
			}
		}
	}
}
