package contracts

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"ramp.dev/ramp/internal/strictyaml"
)

// FieldChanges returns, one line for each, the fields that are written otherwise in s than
// in old, such as "orders: duration.max: 1h → 45m". People who judge a change read first
// what was edited, and then, from Diff, what that decides. Contracts that are new or gone
// are left out; of a base, each contract that names it has a line.
func (s *Set) FieldChanges(old *Set) (out []string) {
	for _, c := range s.Contracts {
		before, was := old.Find(c.Name)
		if !was || before.Version == c.Version {
			continue
		}
		after, earlier := flatten(c.Text), flatten(before.Text)
		paths := slices.Compact(slices.Sorted(slices.Values(slices.Concat(slices.Collect(maps.Keys(after)), slices.Collect(maps.Keys(earlier))))))
		for _, path := range paths {
			a, had := earlier[path]
			b, has := after[path]
			switch {
			case !had:
				out = append(out, fmt.Sprintf("%s: %s: added: %s", c.Name, fieldInWords(path), b))
			case !has:
				out = append(out, fmt.Sprintf("%s: %s: removed; it was %s", c.Name, fieldInWords(path), a))
			case a != b:
				out = append(out, fmt.Sprintf("%s: %s: %s → %s", c.Name, fieldInWords(path), a, b))
			}
		}
	}
	return out
}

// fieldInWords returns what a field is, and where it is written, for people who approve a
// change and do not know the language; of a field that says it by its name, the place alone.
func fieldInWords(path string) string {
	plain := listEntry.ReplaceAllString(strings.TrimPrefix(path, "base "), "")
	words := map[string]string{
		"request.who":               "who may ask",
		"duration.default":          "length of access if none is asked for",
		"duration.max":              "longest access",
		"grants.target":             "on which target",
		"approval.pendingFor":       "time for decisions",
		"approval.auto":             "when the contract approves by itself",
		"approval.autoUpTo":         "longest that the contract approves by itself",
		"approval.stages.from":      "groups that approve",
		"approval.stages.people":    "people who approve",
		"approval.stages.oncall":    "schedules whose people approve",
		"approval.stages.where":     "which of the approvers may approve",
		"approval.stages.when":      "when this stage is asked",
		"approval.stages.approvals": "how many must approve",
		"approval.selfApproval":     "whether requesters approve their own requests",
		"approval.denyThreshold":    "how many denials deny",
		"approval.escalate.to":      "groups that may decide later",
		"extend.times":              "how often it can be extended",
		"extend.upTo":               "longest access with extensions",
		"limits.open":               "how many at once",
		"breakGlass.who":            "who may break the glass",
		"breakGlass.max":            "longest access by break glass",
		"request.ticket.required":   "whether a ticket is needed",
		"request.ticket.when":       "when a ticket is needed",
		"request.reason.minLength":  "letters that a reason needs",
		"during.windows.from":       "beginning of a window",
		"during.windows.to":         "end of a window",
		"endWhen.if":                "when access ends early",
		"metadata.owner":            "owner of the contract",
		"stepUp.approve":            "greatest age of an approver's login",
		"stepUp.request":            "greatest age of a requester's login",
		"approval.passkey":          "whether a passkey is needed to approve",
	}[plain]
	if words == "" && strings.HasPrefix(plain, "grants.entitlement") {
		words = "what is opened"
	}
	if words == "" {
		return path
	}
	return words + " (" + path + ")"
}

// listEntry is how flatten names an entry of a list.
var listEntry = regexp.MustCompile(`\[[^\]]*\]`)

// flatten returns the values of a contract's text by their paths; those of its base,
// which stands after it, begin with "base ".
func flatten(text string) map[string]string {
	out := map[string]string{}
	bodies, _ := strictyaml.Parse([]byte(text)) // a contract's own text was parsed before
	for i, body := range bodies {
		prefix := ""
		if i > 0 {
			prefix = "base "
		}
		flattenNode(out, body, prefix, "")
	}
	return out
}

func flattenNode(out map[string]string, n ast.Node, prefix, path string) {
	if list, ok := n.(*ast.SequenceNode); ok {
		flattenList(out, list, prefix, path)
		return
	}
	values := fields(n)
	if len(values) == 0 {
		out[prefix+path] = valueInWords(n)
		return
	}
	for _, f := range values {
		flattenNode(out, f.Value, prefix, strings.TrimPrefix(path+"."+f.Key.GetToken().Value, "."))
	}
}

// flattenList names the entries of a list by what people call them, so that one that is
// inserted does not change all that follow.
func flattenList(out map[string]string, list *ast.SequenceNode, prefix, path string) {
	var plain []string
	for i, v := range list.Values {
		values := fields(v)
		if len(values) == 0 {
			plain = append(plain, valueInWords(v))
			continue
		}
		name := fmt.Sprint(i + 1)
		for _, f := range values {
			if key := f.Key.GetToken().Value; key == "name" || key == "target" {
				name = valueInWords(f.Value)
			}
		}
		at := fmt.Sprintf("%s[%s]", path, name)
		for again := 2; hasBelow(out, prefix+at); again++ {
			at = fmt.Sprintf("%s[%s, %d]", path, name, again)
		}
		flattenNode(out, v, prefix, at)
	}
	if len(plain) > 0 || len(list.Values) == 0 {
		out[prefix+path] = "[" + strings.Join(plain, ", ") + "]"
	}
}

func hasBelow(out map[string]string, path string) bool {
	for known := range out {
		if strings.HasPrefix(known, path+".") {
			return true
		}
	}
	return false
}

// valueInWords returns a scalar in one line.
func valueInWords(n ast.Node) string {
	if text := strings.Join(strings.Fields(scalarText(n)), " "); text != "" {
		return text
	}
	return strings.TrimSpace(n.String()) // an empty text, null, an empty mapping
}
