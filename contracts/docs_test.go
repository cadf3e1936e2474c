package contracts

import (
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
)

// page returns the section of docs/contracts.md under a heading.
func page(t *testing.T, heading string) string {
	t.Helper()
	b, err := os.ReadFile("../docs/contracts.md")
	require.NoError(t, err)
	_, section, found := strings.Cut(string(b), "\n## "+heading+"\n")
	require.True(t, found, "docs/contracts.md has no section %q", heading)
	section, _, _ = strings.Cut(section, "\n## ")
	return section
}

// TestDocsExplainTheLanguage holds the tables of docs/contracts.md to the code:
// a row for everything that may be written, and for nothing else.
func TestDocsExplainTheLanguage(t *testing.T) {
	for heading, known := range map[string][]string{
		"Fields":     sourceFields(),
		"Conditions": append(readable(), "person.NAME"),
	} {
		t.Run(heading, func(t *testing.T) {
			var rows []string
			for _, m := range regexp.MustCompile("(?m)^\\| `([A-Za-z.]+)` \\|").FindAllStringSubmatch(page(t, heading), -1) {
				rows = append(rows, m[1])
			}
			require.ElementsMatch(t, known, rows)
		})
	}
}

// TestDocsExample parses the example.
func TestDocsExample(t *testing.T) {
	m := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindStringSubmatch(page(t, "An example"))
	require.NotNil(t, m)
	set, err := Parse(map[string][]byte{"docs/contracts.md": []byte(m[1])})
	require.NoError(t, err)
	require.Len(t, set.Contracts, 1)
}

// sourceFields returns the path of every field of the language, those that hold
// other fields by name or in a list included.
func sourceFields() []string {
	var out []string
	var walk func(t reflect.Type, path string)
	walk = func(t reflect.Type, path string) {
		for t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
		switch {
		case t.Kind() == reflect.Struct:
			for i := range t.NumField() {
				if name, _, _ := strings.Cut(t.Field(i).Tag.Get("yaml"), ","); name != "" {
					walk(t.Field(i).Type, strings.TrimPrefix(path+"."+name, "."))
				}
			}
			return
		case t.Kind() == reflect.Map && t.Elem().Kind() == reflect.Struct:
			walk(t.Elem(), path+".NAME")
		case t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Struct:
			walk(t.Elem(), path)
		}
		out = append(out, path)
	}
	walk(language(), "")
	return out
}

// readable returns the variables that conditions may read.
func readable() []string {
	var out []string
	for name := range ticketVariables {
		out = append(out, name)
	}
	for name, v := range variables(Input{History: &access.History{}}, nil, 0) {
		if name == schedulesVariable { // what people write is oncall("NAME")
			continue
		}
		if name != "person" {
			out = append(out, name)
			continue
		}
		for field := range v.(map[string]any) {
			out = append(out, "person."+field)
		}
	}
	return out
}

// TestWorkedExample: what the page leads a newcomer to lints without a finding, and its
// tests pass.
func TestWorkedExample(t *testing.T) {
	blocks := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(page(t, "From an empty file to a tested contract"), -1)
	require.Len(t, blocks, 2)
	set, err := Parse(map[string][]byte{"logs.yaml": []byte(blocks[0][1])})
	require.NoError(t, err)
	require.Empty(t, set.Findings([]string{"platform", "engineering"}))
	report, err := set.RunTests(map[string][]byte{"logs_test.yaml": []byte(blocks[1][1])})
	require.NoError(t, err)
	require.Len(t, report.Results, 3)
	require.Zero(t, report.Failed(), "%v", report.Results)
}

// TestContentsLeadSomewhere: each place of the table of contents is a heading.
func TestContentsLeadSomewhere(t *testing.T) {
	b, err := os.ReadFile("../docs/contracts.md")
	require.NoError(t, err)
	anchors := map[string]bool{}
	for _, m := range regexp.MustCompile("(?m)^#+ (.+)$").FindAllStringSubmatch(string(b), -1) {
		anchors[strings.ReplaceAll(regexp.MustCompile("[^a-z0-9 -]").ReplaceAllString(strings.ToLower(m[1]), ""), " ", "-")] = true
	}
	for _, m := range regexp.MustCompile(`\]\(#([^)]+)\)`).FindAllStringSubmatch(string(b), -1) {
		require.True(t, anchors[m[1]], "there is no heading %s", m[1])
	}
}
