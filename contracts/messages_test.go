package contracts

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
)

// TestMessagesOfMistakes: what authors of contracts and of tests read about each mistake.
func TestMessagesOfMistakes(t *testing.T) {
	_, err := Parse(map[string][]byte{"messages.yaml": testdata(t, "messages.yaml")})
	out := messagesOf(access.IssuesOf(err))
	require.NotEmpty(t, out)
	for _, text := range []string{"a: {", "# " + strings.Repeat("x", MaxFile)} {
		_, err := Parse(map[string][]byte{"messages.yaml": []byte(text)})
		out += messagesOf(access.IssuesOf(err))
	}
	_, err = refusing(t).RunTests(map[string][]byte{"messages_test.yaml": testdata(t, "messages_test.yaml")})
	out += messagesOf(access.IssuesOf(err)) + messagesOf(refusing(t).MissingSources([]string{"servicenow"}))
	out += messagesOf(refusing(t).MissingInventories(func(string) bool { return false }))
	out += messagesOf(refusing(t).MissingLists(func(string) ([]string, bool) { return []string{"hosts", "logins"}, true }))
	require.Empty(t, refusing(t).MissingLists(func(string) ([]string, bool) { return nil, false }))
	few, err := Parse(map[string][]byte{"few.yaml": testdata(t, "refusals.yaml")[:bytes.Index(testdata(t, "refusals.yaml"), []byte("\n---"))]})
	require.NoError(t, err)
	for _, names := range [][]string{{"t/u"}, nil} {
		for _, f := range few.UnservedTargets(func(string) bool { return false }, names) {
			out += fmt.Sprintf("%s %s %s; %s\n", f.Place, f.Code, f.Message, f.Instead)
		}
	}
	golden(t, "messages.golden", out)
}

// TestMessagesOfRefusals: what requesters read about each refusal. The tests name the
// codes that they expect, so that no message is of another.
func TestMessagesOfRefusals(t *testing.T) {
	set := refusing(t)
	b := testdata(t, "refusals_test.yaml")
	report, err := set.RunTests(map[string][]byte{"refusals_test.yaml": b})
	require.NoError(t, err, access.IssuesOf(err))
	var out strings.Builder
	tests, issues := parseTests(set, "refusals_test.yaml", b)
	require.Empty(t, issues)
	for i, test := range tests {
		require.Empty(t, report.Results[i].Failure, test.name)
		out.WriteString("# " + test.name + "\n" + messagesOf(test.contract.Evaluate(test.input).Issues))
	}
	// What no file of tests can say: text that does not show, and a history that is not known.
	terminal, _ := set.Find("terminal")
	hidden := terminal.Evaluate(Input{Person: access.Person{ID: "alice", Groups: []string{"eng"}}, Request: access.RequestInput{Params: map[string]any{"table": "orders"}, Reason: "order \u202e4711"}})
	out.WriteString("# a reason that reads as something else\n" + messagesOf(hidden.Issues))
	for _, name := range []string{"few", "glass"} {
		c, _ := set.Find(name)
		unknown := c.Evaluate(Input{Person: access.Person{ID: "alice", Groups: []string{"oncall"}}, Request: access.RequestInput{BreakGlass: name == "glass"}})
		out.WriteString("# what was there before is not known: " + name + "\n" + messagesOf(unknown.Issues))
	}
	golden(t, "refusals.golden", out.String())
}

// TestEveryCodeHasItsMessage holds the golden files to the source: there is no code of
// a mistake, a finding or a refusal whose words nobody has looked at.
func TestEveryCodeHasItsMessage(t *testing.T) {
	words := ""
	for _, name := range []string{"mistakes", "messages", "findings", "refusals"} {
		words += string(testdata(t, name+".golden"))
	}
	var missing []string
	for _, code := range codesOfSource(t) {
		if !regexp.MustCompile(`(?m)^([^#\s]\S* )?` + code + `:? `).MatchString(words) {
			missing = append(missing, code)
		}
	}
	require.Empty(t, missing, "write what leads to them into testdata (messages.yaml, messages_test.yaml, refusals_test.yaml)")
}

// codesOfSource returns the codes that this package writes, in order.
func codesOfSource(t *testing.T) []string {
	// Where the code is among the arguments of what reports.
	places := map[string]int{"refuse": 0, "refuseAtOnce": 1, "hold": 4, "like": 3, "bad": 0,
		"issue": 0, "issueAt": 2, "issueAtNode": 1, "issueIn": 3, "add": 0, "Add": 0}
	var out []string
	inSource(t, func(_ string, n ast.Node) {
		var code ast.Expr
		switch n := n.(type) {
		case *ast.CallExpr:
			if place, reports := places[calledName(n)]; reports && place < len(n.Args) {
				code = n.Args[place]
			}
		case *ast.KeyValueExpr:
			if key, isName := n.Key.(*ast.Ident); isName && key.Name == "Code" {
				code = n.Value
			}
		}
		if sum, isSum := code.(*ast.BinaryExpr); isSum { // section + "_zone"
			if suffix := textOfLiteral(t, sum.Y); suffix != "" {
				out = append(out, "during"+suffix, "engagement"+suffix)
			}
		}
		if text := textOfLiteral(t, code); text != "" {
			out = append(out, text)
		}
	})
	slices.Sort(out)
	out = slices.Compact(out)
	require.Greater(t, len(out), 150)
	return out
}

// inSource visits the syntax of this package, and of access' lengths, whose issues are
// contracts' too, without tests.
func inSource(t *testing.T, visit func(file string, n ast.Node)) {
	files, err := filepath.Glob("*.go")
	require.NoError(t, err)
	for _, name := range append(files, "../access/duration.go") {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		require.NoError(t, err)
		ast.Inspect(file, func(n ast.Node) bool {
			visit(name, n)
			return true
		})
	}
}

func calledName(call *ast.CallExpr) string {
	switch f := call.Fun.(type) {
	case *ast.Ident:
		return f.Name
	case *ast.SelectorExpr:
		return f.Sel.Name
	}
	return ""
}

func textOfLiteral(t *testing.T, e ast.Expr) string {
	lit, ok := e.(*ast.BasicLit)
	if !ok || lit.Kind != token.STRING {
		return ""
	}
	text, err := strconv.Unquote(lit.Value)
	require.NoError(t, err)
	return text
}

func messagesOf(issues []access.Issue) string {
	var out strings.Builder
	for _, i := range issues {
		out.WriteString(strings.TrimSpace(i.Field+" "+i.Code+" "+i.Message) + "\n")
	}
	return out.String()
}

func refusing(t *testing.T) *Set {
	set, err := Parse(map[string][]byte{"refusals.yaml": testdata(t, "refusals.yaml")})
	require.NoError(t, err, access.IssuesOf(err))
	return set
}

func testdata(t *testing.T, name string) []byte {
	b, err := os.ReadFile(filepath.Join("testdata", name))
	require.NoError(t, err)
	return b
}

// golden compares words with those of a file of testdata; UPDATE=1 writes them.
func golden(t *testing.T, name, got string) {
	t.Helper()
	if os.Getenv("UPDATE") != "" {
		require.NoError(t, os.WriteFile(filepath.Join("testdata", name), []byte(got), 0o644)) // #nosec G306 -- it is public
	}
	require.Equal(t, string(testdata(t, name)), got)
}
