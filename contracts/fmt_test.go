package contracts_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/contracts"
)

// requireFormats checks that a file keeps its meaning when it is formatted, and that
// formatting it once more changes nothing.
func requireFormats(t require.TestingT, name string, b []byte) []byte {
	once, err := contracts.Format(name, b)
	require.NoError(t, err)
	before, errBefore := contracts.Parse(map[string][]byte{"c.yaml": b})
	after, errAfter := contracts.Parse(map[string][]byte{"c.yaml": once})
	require.Equal(t, errBefore == nil, errAfter == nil)
	if errBefore == nil {
		require.Equal(t, before.Version, after.Version)
		require.Empty(t, after.Diff(before))
	}
	twice, err := contracts.Format(name, once)
	require.NoError(t, err)
	require.Equal(t, string(once), string(twice))
	return once
}

// TestFormatOfExamples: the examples are as Format writes them.
func TestFormatOfExamples(t *testing.T) {
	tests, err := filepath.Glob("examples/patterns/*_test.yaml")
	require.NoError(t, err)
	for _, name := range append(exampleFiles(t), tests...) {
		b, err := os.ReadFile(name)
		require.NoError(t, err)
		require.Equal(t, string(requireFormats(t, name, b)), string(b), name)
	}
}

// TestFormat: layouts that differ become one, and comments stay.
func TestFormat(t *testing.T) {
	text := "\ufeff# why\napiVersion:   ramp/v1\nkind: Contract\nmetadata:\n    name:    c # here\nrequest: {who:   'true'}\nduration: {default: 30m,max: 1h}\n" +
		"grants: [{target: t/t, entitlement: {a: b}}]\napproval:\n    stages:\n    -   name: a\n        from: [x]\n\n\n"
	got := string(requireFormats(t, "c.yaml", []byte(strings.TrimPrefix(text, "\ufeff"))))
	require.Equal(t, "# why\napiVersion: ramp/v1\nkind: Contract\nmetadata:\n    name: c # here\nrequest: {who: 'true'}\nduration: {default: 30m, max: 1h}\n"+
		"grants: [{target: t/t, entitlement: {a: b}}]\napproval:\n    stages:\n    - name: a\n      from: [x]\n", got)
	_, err := contracts.Format("c.yaml", []byte("a: &a [*a]"))
	require.Equal(t, access.CodeInvalid, access.CodeOf(err))
}

// TestFormatKeepsTheMeaning: whatever contract is written in whichever layout, parsing,
// formatting and parsing again is the identity.
func TestFormatKeepsTheMeaning(t *testing.T) {
	all := documents(t)
	rapid.Check(t, func(t *rapid.T) {
		d := mutated(t, rapid.SampledFrom(all).Draw(t, "contract"))
		var b []byte
		var err error
		if rapid.Bool().Draw(t, "json") {
			b, err = json.MarshalIndent(d, "", strings.Repeat(" ", rapid.IntRange(0, 4).Draw(t, "indent")))
		} else {
			b, err = yaml.MarshalWithOptions(d, yaml.Indent(rapid.SampledFrom([]int{2, 4}).Draw(t, "indent")), yaml.UseSingleQuote(rapid.Bool().Draw(t, "quotes")))
		}
		require.NoError(t, err)
		if _, err := contracts.Format("c.yaml", b); err != nil {
			return // it says so, and changes nothing
		}
		requireFormats(t, "c.yaml", b)
	})
}

// basesAndMore are a base, and contracts that name it, take values from inventories and
// end by conditions.
const basesAndMore = `apiVersion: ramp/v1
kind: Base
metadata: {name: usual, owner: platform}
request:
  who: 'person.kind == "human"'
  ticket: {required: true, system: jira, open: true}
duration: {max: 4h}
approval: {commentMinLength: 10}
endWhen:
- {if: '!ticket.open', because: the ticket was closed, unknown: end, unknownFor: 5m}
---
apiVersion: ramp/v1
kind: Contract
metadata: {name: choosing} # by its own list
base: usual
request:
  who: '"ops" in person.groups'
  params:
    user: {type: string, required: true, choices: {from: ssh/demo, list: users, where: 'choice.attributes.team == "ops"', max: 20, maxAge: 1h}}
    host: {type: string, pattern: 'web-[0-9]+', choices: {from: ssh/demo, list: hosts, ifUnknown: pattern}}
duration: {default: 30m, max: 2h}
grants: [{target: ssh/demo, entitlement: {user: '{{ params.user }}'}}]
approval: {stages: [{name: leads, from: [leads]}]}
---
apiVersion: ramp/v1
kind: Contract
metadata: {name: on-call}
base: usual
request: {who: 'oncall("db")'}
duration: {default: 30m, max: 1h}
grants: [{target: t/t, entitlement: {a: b}}]
approval: {auto: 'oncall("db")', autoUpTo: 30m, stages: [{name: leads, from: [leads]}]}
endWhen:
- {if: '!oncall("db")', because: the shift is over, unknown: keep}
`

// TestFormatKeepsBasesChoicesAndEnds: so it is for several documents of a file, of which
// some name another, take values from inventories and end by conditions; and each of
// their texts, read again, gives the same contract.
func TestFormatKeepsBasesChoicesAndEnds(t *testing.T) {
	requireFormats(t, "c.yaml", []byte(basesAndMore))
	var all []any
	for _, text := range strings.Split(basesAndMore, "---\n") {
		var v any
		require.NoError(t, yaml.Unmarshal([]byte(text), &v))
		all = append(all, v)
	}
	read := 0
	rapid.Check(t, func(t *rapid.T) {
		changed := slices.Clone(all)
		i := rapid.IntRange(0, len(all)-1).Draw(t, "document")
		if rapid.Bool().Draw(t, "changed") {
			changed[i] = mutated(t, all[i])
		}
		var text string
		for _, d := range changed {
			b, err := yaml.MarshalWithOptions(d, yaml.Indent(rapid.SampledFrom([]int{2, 4}).Draw(t, "indent")), yaml.UseSingleQuote(rapid.Bool().Draw(t, "quotes")))
			require.NoError(t, err)
			text += "---\n" + string(b)
		}
		if _, err := contracts.Format("c.yaml", []byte(text)); err != nil {
			return // it says so, and changes nothing
		}
		once := requireFormats(t, "c.yaml", []byte(text))
		set, err := contracts.Parse(map[string][]byte{"c.yaml": once})
		if err != nil {
			return
		}
		read++
		for _, c := range set.Contracts {
			again, err := contracts.Parse(map[string][]byte{"c.yaml": []byte(c.Text)})
			require.NoError(t, err)
			require.Equal(t, c.Version, again.Contracts[0].Version)
		}
	})
	require.Positive(t, read, "some of them can be read")
}
