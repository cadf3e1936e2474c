package contracts

import (
	"go/ast"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestRefusalsAreKnown holds the codes of refusals to what the source refuses with: a
// test of a contract could name no other.
func TestRefusalsAreKnown(t *testing.T) {
	// Where the code is among the arguments of what refuses.
	places := map[string]int{"refuse": 0, "refuseAtOnce": 1, "hold": 4, "like": 3, "bad": 0}
	var codes []string
	inSource(t, func(file string, n ast.Node) {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return
		}
		place, refuses := places[calledName(call)]
		if calledName(call) == "Add" && file == "params.go" {
			place, refuses = 0, true
		}
		if refuses && place < len(call.Args) {
			if code := textOfLiteral(t, call.Args[place]); code != "" {
				codes = append(codes, code)
			}
		}
	})
	slices.Sort(codes)
	require.Equal(t, slices.Sorted(maps.Keys(refusals)), slices.Compact(codes))
}

// TestRefusalsAreDocumented: docs/contracts.md has each code with its words.
func TestRefusalsAreDocumented(t *testing.T) {
	b, err := os.ReadFile("../docs/contracts.md")
	require.NoError(t, err)
	_, section, found := strings.Cut(string(b), "\n### Refusals\n")
	require.True(t, found)
	section, _, _ = strings.Cut(section, "\n## ")
	rows := map[string]string{}
	for _, m := range regexp.MustCompile("(?m)^\\| `(\\w+)` \\| (.*) \\|$").FindAllStringSubmatch(section, -1) {
		rows[m[1]] = m[2]
	}
	require.Equal(t, refusals, rows)
}
