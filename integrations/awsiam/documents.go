package awsiam

import (
	"encoding/json"
	"net/url"
	"strings"
	"time"

	"ramp.dev/ramp/internal/strictjson"
)

// document is an IAM policy.
type document struct {
	Version   string      `json:"Version"`
	Statement []statement `json:"Statement"`
}

type statement struct {
	Sid       string                    `json:"Sid,omitempty"`
	Effect    string                    `json:"Effect"`
	Principal map[string]string         `json:"Principal,omitempty"`
	Action    []string                  `json:"Action"`
	Resource  []string                  `json:"Resource,omitempty"`
	Condition map[string]map[string]any `json:"Condition,omitempty"`
}

const (
	version = "2012-10-17"
	atTime  = "aws:CurrentTime"
	// stamp is the format of dates in policies and tags, in UTC.
	stamp = "2006-01-02T15:04:05Z"
)

// someTime stands for any time, to measure a policy: all stamps have one length.
var someTime = time.Unix(0, 0)

func (d document) String() string {
	b, err := json.Marshal(d)
	if err != nil {
		panic(err) // texts, lists and maps of texts always marshal
	}
	return string(b)
}

// permissions returns the policy of what a role may do until ends. The denial from
// then on also ends what others gave the role, by policies that they attached or
// by those of a bucket or a key.
func permissions(ent entitlement, ends time.Time) string {
	at := ends.UTC().Format(stamp)
	return document{version, []statement{
		{Sid: "RampUntil", Effect: "Allow", Action: ent.Actions, Resource: ent.Resources,
			Condition: map[string]map[string]any{"DateLessThan": {atTime: at}}},
		{Sid: "RampEnd", Effect: "Deny", Action: []string{"*"}, Resource: []string{"*"},
			Condition: map[string]map[string]any{"DateGreaterThanEquals": {atTime: at}}},
	}}.String()
}

// denial returns the policy that denies everything. AWS evaluates it on each call,
// so it also ends sessions that were issued before.
func denial() string {
	return document{version, []statement{
		{Sid: "RampRevoked", Effect: "Deny", Action: []string{"*"}, Resource: []string{"*"}},
	}}.String()
}

// trust returns the policy of who may assume a role until ends.
func (c Config) trust(principal string, ends time.Time) string {
	assume := func(sid, arn, key string) statement {
		s := statement{Sid: sid, Effect: "Allow", Principal: map[string]string{"AWS": arn},
			Action:    []string{"sts:AssumeRole", "sts:SetSourceIdentity"},
			Condition: map[string]map[string]any{"DateLessThan": {atTime: ends.UTC().Format(stamp)}}}
		if key != "" {
			s.Condition["StringEquals"] = map[string]any{key: principal}
		}
		return s
	}
	doc := document{Version: version}
	if c.Worker != "" {
		// Ramp names the requester when it assumes the role, and CloudTrail records
		// that name with every call of the session.
		doc.Statement = append(doc.Statement, assume("RampMints", c.Worker, "sts:SourceIdentity"))
	}
	if c.Trust.ARN != "" {
		// aws:SourceIdentity was set when the caller logged in; sts:SourceIdentity is
		// what a caller asks to be called.
		key := ""
		if c.Trust.SourceIdentity {
			key = "aws:SourceIdentity"
		}
		arn := strings.ReplaceAll(c.Trust.ARN, placeholder, principal)
		doc.Statement = append(doc.Statement, assume("RequesterAssumes", arn, key))
	}
	return doc.String()
}

// endOf returns the end of a policy as IAM returns it, encoded as in a URL. It
// returns zero (unknown) if a statement allows something without an end.
func endOf(encoded string) (ends time.Time) {
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
		text, _ := s.Condition["DateLessThan"][atTime].(string)
		at, err := time.Parse(stamp, text)
		if err != nil {
			return time.Time{}
		}
		if at.After(ends) {
			ends = at
		}
	}
	return ends
}
