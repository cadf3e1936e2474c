package awsapi

import (
	"encoding/json"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"time"

	"ramp.dev/ramp/internal/strictjson"
)

const (
	// Version is the version of the policy language.
	Version = "2012-10-17"
	// CurrentTime is the condition key with AWS's own clock.
	CurrentTime = "aws:CurrentTime"
	// Stamp is the format of dates in policies and tags, in UTC.
	Stamp = "2006-01-02T15:04:05Z"
)

// Document is an IAM policy.
type Document struct {
	Version   string      `json:"Version"`
	Statement []Statement `json:"Statement"`
}

// Statement is one statement of a policy.
type Statement struct {
	Sid       string                    `json:"Sid,omitempty"`
	Effect    string                    `json:"Effect"`
	Principal map[string]string         `json:"Principal,omitempty"`
	Action    []string                  `json:"Action"`
	Resource  []string                  `json:"Resource,omitempty"`
	Condition map[string]map[string]any `json:"Condition,omitempty"`
}

// String returns the policy as JSON.
func (d Document) String() string {
	b, err := json.Marshal(d)
	if err != nil {
		panic(err) // texts, lists and maps of texts always marshal
	}
	return string(b)
}

// EndOf returns the end of a policy as IAM returns it, encoded as in a URL. It
// returns zero (unknown) if a statement allows something without an end.
func EndOf(encoded string) (ends time.Time) {
	text, err := url.PathUnescape(encoded)
	if err != nil {
		return time.Time{}
	}
	var doc struct {
		Statement []struct {
			Effect    string
			Condition map[string]map[string]any
		}
	}
	if strictjson.UnmarshalOpen([]byte(text), &doc) != nil {
		return time.Time{} // edited by hand, in another of IAM's spellings
	}
	for _, s := range doc.Statement {
		if s.Effect != "Allow" {
			continue
		}
		text, _ := s.Condition["DateLessThan"][CurrentTime].(string)
		at, err := time.Parse(Stamp, text)
		if err != nil {
			return time.Time{}
		}
		if at.After(ends) {
			ends = at
		}
	}
	return ends
}

// SamePolicy reports whether two policies are the same, one of them as IAM returns it.
// The order of lists does not matter, nor whether a list of one is written as one.
func SamePolicy(encoded, document string) bool {
	text, err := url.PathUnescape(encoded)
	if err != nil {
		return false
	}
	var one, two any
	if strictjson.Unmarshal([]byte(text), &one) != nil || strictjson.Unmarshal([]byte(document), &two) != nil {
		return false
	}
	return reflect.DeepEqual(normal(one), normal(two))
}

func normal(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k := range v {
			v[k] = normal(v[k])
		}
		return v
	case []any:
		if len(v) == 1 {
			return normal(v[0])
		}
		for i := range v {
			v[i] = normal(v[i])
		}
		slices.SortFunc(v, func(a, b any) int { return strings.Compare(text(a), text(b)) })
		return v
	}
	return v
}

func text(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // it came out of JSON
	}
	return string(b)
}

// Covers reports whether pattern matches everything that s, itself a pattern,
// matches. It lets a wildcard of s only be matched by one as wide: * by *, and ?
// by ? or *. So it may refuse what is covered, and never accepts what is not.
func Covers(pattern, s string) bool {
	// Going back to the last * only keeps the time below the product of the lengths.
	p, i, star, mark := 0, 0, -1, 0
	for i < len(s) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, mark = p, i
			p++
		case p < len(pattern) && s[i] != '*' && (pattern[p] == '?' || pattern[p] == s[i]):
			p, i = p+1, i+1
		case star >= 0:
			mark++
			p, i = star+1, mark
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}
