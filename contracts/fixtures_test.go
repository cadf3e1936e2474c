package contracts_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/contracts"
)

var now = time.Date(2026, 11, 24, 2, 14, 0, 0, time.UTC)

var alice = access.Person{ID: "alice", Kind: access.KindHuman, Groups: []string{"engineering"},
	Attributes: map[string]string{"employment": "employee"}}

// exampleFiles returns the files of the examples.
func exampleFiles(t testing.TB) []string {
	t.Helper()
	var files []string
	require.NoError(t, filepath.WalkDir("examples", func(path string, _ fs.DirEntry, err error) error {
		if filepath.Ext(path) == ".yaml" && !strings.HasSuffix(path, "_test.yaml") {
			files = append(files, path)
		}
		return err
	}))
	return files
}

// examples returns the contracts of the examples.
func examples(t testing.TB) *contracts.Set {
	t.Helper()
	files := map[string][]byte{}
	for _, f := range exampleFiles(t) {
		b, err := os.ReadFile(f)
		require.NoError(t, err)
		files[f] = b
	}
	set, err := contracts.Parse(files)
	require.NoError(t, err)
	return set
}

func find(t testing.TB, name string) *contracts.Contract {
	c, ok := examples(t).Find(name)
	require.True(t, ok)
	return c
}

// codes joins the codes of issues by spaces.
func codes(issues []access.Issue) string {
	var out []string
	for _, i := range issues {
		out = append(out, i.Code)
	}
	return strings.Join(out, " ")
}

// contract returns a contract's YAML; more is put below request.
func contract(name, who, length, approval string, more ...string) string {
	return `apiVersion: ramp/v1
kind: Contract
metadata: {name: ` + name + `}
request:
  who: '` + who + `'` + strings.Join(more, "") + `
duration: ` + length + `
grants: [{target: db/orders, entitlement: {role: admin}}]
approval: ` + approval + "\n"
}

func parsed(t *testing.T, texts ...string) *contracts.Set {
	set, err := contracts.Parse(map[string][]byte{"c.yaml": []byte(strings.Join(texts, "---\n"))})
	require.NoError(t, err)
	return set
}

// minimal is a small contract; WHO stands for request.who.
var minimal = []byte(`apiVersion: ramp/v1
kind: Contract
metadata: {name: c}
request: {who: 'WHO'}
duration: {default: 30m, max: 1h}
grants: [{target: t/t, entitlement: {a: b}}]
approval: {stages: [{name: a, from: [x]}]}
`)

// parse parses a small contract with this approval and more fields at its end.
func parse(t *testing.T, approval string, more ...string) (*contracts.Set, error) {
	return contracts.Parse(map[string][]byte{"c.yaml": []byte(`apiVersion: ramp/v1
kind: Contract
metadata: {name: c}
request: {who: 'true'}
duration: {default: 30m, max: 1h}
grants: [{target: t/t, entitlement: {a: b}}]
approval: ` + approval + "\n" + strings.Join(more, "\n"))})
}
