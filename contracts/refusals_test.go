package contracts

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestRefusalsAreKnown holds the codes of refusals to what the source refuses with: a
// test of a contract could name no other.
func TestRefusalsAreKnown(t *testing.T) {
	// Where the code is among the arguments of what refuses.
	places := map[string]int{"refuse": 0, "refuseAtOnce": 1, "hold": 4, "like": 3, "bad": 0}
	files, err := filepath.Glob("*.go")
	require.NoError(t, err)
	var said []string
	for _, name := range append(files, "../access/duration.go") {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		require.NoError(t, err)
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			called := ""
			switch f := call.Fun.(type) {
			case *ast.Ident:
				called = f.Name
			case *ast.SelectorExpr:
				called = f.Sel.Name
			}
			place, refuses := places[called]
			if called == "Add" && name == "params.go" {
				place, refuses = 0, true
			}
			if refuses && place < len(call.Args) {
				if code, ok := call.Args[place].(*ast.BasicLit); ok && code.Kind == token.STRING {
					text, err := strconv.Unquote(code.Value)
					require.NoError(t, err)
					said = append(said, text)
				}
			}
			return true
		})
	}
	slices.Sort(said)
	require.Equal(t, slices.Sorted(maps.Keys(refusals)), slices.Compact(said))
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
