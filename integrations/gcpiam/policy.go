package gcpiam

import (
	"encoding/json"
	"regexp"
	"slices"
	"time"

	"ramp.dev/ramp/internal/strictjson"
)

// fields are a policy as Google sends it. What Ramp does not know of stays in it.
type fields map[string]json.RawMessage

// policy is the allow policy of one resource, as it was read.
type policy struct {
	other    fields // all but version and bindings; the etag too
	bindings []binding
}

// binding is one role for some members, on a condition.
type binding struct {
	raw       json.RawMessage // as Google sent it, and as it goes back; nil for one of Ramp's own
	Role      string          `json:"role"`
	Members   []string        `json:"members"`
	Condition *condition      `json:"condition,omitempty"`
}

type condition struct {
	Title       string `json:"title"`
	Description string `json:"description,omitempty"`
	Expression  string `json:"expression"`
}

// policy returns what a response says, and false for what is no policy. One without an etag
// is none: written back, it would take everybody's access away, or undo what others changed.
func (f fields) policy() (*policy, bool) {
	var etag string
	if strictjson.UnmarshalOpen(f["etag"], &etag) != nil || etag == "" {
		return nil, false
	}
	var raw []json.RawMessage
	if text, ok := f["bindings"]; ok && strictjson.UnmarshalOpen(text, &raw) != nil {
		return nil, false
	}
	p := &policy{other: f}
	for _, text := range raw {
		b := binding{raw: text}
		if strictjson.UnmarshalOpen(text, &b) != nil || b.Role == "" {
			return nil, false
		}
		p.bindings = append(p.bindings, b)
	}
	return p, true
}

// fields returns the policy as it is written: what others have in it as they wrote it.
func (p *policy) fields() map[string]any {
	out := map[string]any{}
	for name, text := range p.other {
		out[name] = text
	}
	bindings := make([]any, len(p.bindings))
	for i, b := range p.bindings {
		if bindings[i] = b; b.raw != nil {
			bindings[i] = b.raw
		}
	}
	out["version"], out["bindings"] = policyVersion, bindings
	return out
}

// of returns the bindings of a grant.
func (p *policy) of(grant string) (own []binding) {
	for _, b := range p.bindings {
		if b.grant() == grant {
			own = append(own, b)
		}
	}
	return own
}

// replace puts bindings in the place of all those of a grant.
func (p *policy) replace(grant string, by ...binding) {
	p.bindings = append(slices.DeleteFunc(p.bindings, func(b binding) bool { return b.grant() == grant }), by...)
}

// grant returns the name of the grant that a binding is of: the title of its condition.
func (b binding) grant() string {
	if b.Condition == nil {
		return ""
	}
	return b.Condition.Title
}

var expressionShape = regexp.MustCompile(`^request\.time < timestamp\("([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z)"\)$`)

// endsAt returns the condition that ends access. Google evaluates it at each call that
// somebody makes with the role.
func endsAt(at time.Time) string {
	return `request.time < timestamp("` + at.UTC().Format(time.RFC3339) + `")`
}

// end returns when a binding ends by its condition, and false if the condition is none of
// Ramp's.
func (b binding) end() (time.Time, bool) {
	if b.Condition == nil {
		return time.Time{}, false
	}
	m := expressionShape.FindStringSubmatch(b.Condition.Expression)
	if m == nil {
		return time.Time{}, false
	}
	at, err := time.Parse(time.RFC3339, m[1])
	return at, err == nil
}

// Google's limits of one policy (https://cloud.google.com/iam/quotas).
const (
	maxPrincipals  = 1500 // every mention counts
	maxConditional = 100  // bindings with a condition
	maxSame        = 20   // conditional bindings of one role for one principal
)

// full returns which limit of Google's another binding would break; "" if none.
func (p *policy) full(b binding) string {
	principals, conditional, same := 0, 0, 0
	for _, one := range p.bindings {
		principals += len(one.Members)
		if one.Condition == nil {
			continue
		}
		conditional++
		if one.Role == b.Role && slices.ContainsFunc(one.Members, func(m string) bool { return sameMember(m, b.Members[0]) }) {
			same++
		}
	}
	switch {
	case same >= maxSame:
		return "this person has this role 20 times on conditions, and Google takes no more of them"
	case conditional >= maxConditional:
		return "the policy has 100 bindings with conditions, and Google takes no more"
	case principals >= maxPrincipals:
		return "the policy names 1,500 principals, and Google takes no more"
	}
	return ""
}
