package contracts

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"ramp.dev/ramp/access"
)

// moreIsStricter has the numbers and lengths of a base of which more is stricter; less is
// of the others.
var moreIsStricter = map[string]bool{"request.reason.minLength": true, "duration.justifyMinLength": true, "approval.commentMinLength": true, "limits.cooldown": true}

// TestBaseNeverLaxer: of two random values of each number and length that a base may set,
// the contract's holds where it is as strict as the base's, and the contract is refused
// where it is laxer; the base's holds where the contract writes none.
func TestBaseNeverLaxer(t *testing.T) {
	var rules []baseRule
	for _, r := range baseRules() {
		if slices.Contains([]narrowing{atMost, atLeast, shorter, longer}, r.how) {
			rules = append(rules, r)
		}
	}
	for path := range moreIsStricter {
		require.True(t, slices.ContainsFunc(rules, func(r baseRule) bool { return r.path == path }), path)
	}
	p, err := newFileParser()
	require.NoError(t, err)
	for _, rule := range rules {
		t.Run(rule.path, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				values := rapid.IntRange(1, 240)
				switch rule.how {
				case atMost:
					values = rapid.IntRange(defaultMinReason, 20) // which all of them may be
				case atLeast:
					values = rapid.IntRange(1, 2*defaultJustify)
				}
				theirs, own := values.Draw(t, "base"), values.Draw(t, "own")
				held, codes := parseWith(t, p, rule, &theirs, nil)
				if rule.usual != "" && slices.Contains(codes, "base_laxer_than_usual") {
					return // what a base may not set, no contract is held to
				}
				require.Empty(t, codes)
				require.Equal(t, fmt.Sprint(rule.text(theirs)), held, "the contract writes none")

				held, codes = parseWith(t, p, rule, &theirs, &own)
				laxer := own > theirs
				if moreIsStricter[rule.path] {
					laxer = own < theirs
				}
				if laxer {
					require.Equal(t, []string{"base_laxer"}, codes)
					return
				}
				require.Empty(t, codes)
				require.Equal(t, fmt.Sprint(rule.text(own)), held)
			})
		})
	}
}

func (r baseRule) isLength() bool { return r.how == shorter || r.how == longer }

// text writes a value of the rule's kind.
func (r baseRule) text(n int) any {
	if r.isLength() {
		return access.Duration(time.Duration(n) * time.Minute).String()
	}
	return n
}

// parseWith parses a contract under a base, each with a value of the rule or with none, and
// returns the value that holds, or the codes of what is wrong.
func parseWith(t *rapid.T, p *fileParser, rule baseRule, theirs, own *int) (held string, codes []string) {
	base := map[string]any{"apiVersion": "ramp/v1", "kind": "Base", "metadata": map[string]any{"name": "shared"}}
	contract := map[string]any{"apiVersion": "ramp/v1", "kind": "Contract", "base": "shared", "metadata": map[string]any{"name": "c"},
		"request": map[string]any{"who": "true"}, "grants": []any{map[string]any{"target": "t/t", "entitlement": map[string]any{"a": "b"}}},
		"approval": map[string]any{"stages": []any{map[string]any{"name": "s", "from": []any{"x"}}}}}
	// What some rules need beside them, as lax as it may be or as strict.
	put(contract, "duration.default", "1s")
	put(base, "duration.max", "24h")
	if strings.HasPrefix(rule.path, "limits.quota.") {
		put(base, "limits.quota.within", "24h")
	}
	put(base, rule.path, rule.text(*theirs))
	if rule.path == "duration.default" {
		delete(contract, "duration")
	}
	if own != nil {
		put(contract, rule.path, rule.text(*own))
	}
	read := func(doc map[string]any) *document {
		text, err := yaml.Marshal(doc)
		require.NoError(t, err)
		documents, issues := p.documents("c.yaml", text)
		require.Empty(t, issues)
		return documents[0]
	}
	bases, issues := p.parseBases([]*document{read(base)})
	d := read(contract)
	if len(issues) == 0 {
		issues = p.parse(d, bases)
	}
	for _, is := range issues {
		codes = append(codes, is.Code)
	}
	return scalarText(d.node(rule.steps()...)), codes
}

// put writes a value at a path of a document.
func put(doc map[string]any, path string, value any) {
	steps := strings.Split(path, ".")
	for _, s := range steps[:len(steps)-1] {
		inner, _ := doc[s].(map[string]any)
		if inner == nil {
			inner = map[string]any{}
			doc[s] = inner
		}
		doc = inner
	}
	doc[steps[len(steps)-1]] = value
}
