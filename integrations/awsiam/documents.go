package awsiam

import (
	"encoding/json"
	"net/url"
	"strings"
	"time"
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
	// stamp is how dates are written, in policies and tags. UTC.
	stamp = "2006-01-02T15:04:05Z"
)

// someTime is any time: all stamps are of one length.
var someTime = time.Unix(0, 0)

func (d document) String() string {
	b, err := json.Marshal(d)
	if err != nil {
		panic(err) // texts, lists and maps of texts always marshal
	}
	return string(b)
}

// permissions is what a role may do until ends. The denial says it again, from
// the other side: it also ends what others gave the role, by policies attached
// by hand or by those of a bucket or a key.
func permissions(ent entitlement, ends time.Time) string {
	at := ends.UTC().Format(stamp)
	return document{version, []statement{
		{Sid: "RampUntil", Effect: "Allow", Action: ent.actions, Resource: ent.resources,
			Condition: map[string]map[string]any{"DateLessThan": {atTime: at}}},
		{Sid: "RampEnd", Effect: "Deny", Action: []string{"*"}, Resource: []string{"*"},
			Condition: map[string]map[string]any{"DateGreaterThanEquals": {atTime: at}}},
	}}.String()
}

// nothing denies everything. AWS evaluates it on each call, so it ends sessions
// that were issued before.
func nothing() string {
	return document{version, []statement{
		{Sid: "RampRevoked", Effect: "Deny", Action: []string{"*"}, Resource: []string{"*"}},
	}}.String()
}

// trust says who may assume a role until ends.
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
		// Ramp names the requester in the request, and CloudTrail tells them ever after.
		doc.Statement = append(doc.Statement, assume("RampMints", c.Worker, "sts:SourceIdentity"))
	}
	if c.Trust.ARN != "" {
		// aws:SourceIdentity is what the caller's session has carried since they
		// logged in; sts:SourceIdentity is what a caller claims to be.
		key := ""
		if c.Trust.SourceIdentity {
			key = "aws:SourceIdentity"
		}
		arn := strings.ReplaceAll(c.Trust.ARN, placeholder, principal)
		doc.Statement = append(doc.Statement, assume("RequesterAssumes", arn, key))
	}
	return doc.String()
}

// endOf reads the end back from a trust policy as IAM returns it, encoded as in
// a URL. It is zero (unknown) if any statement lets somebody in without an end.
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
	if json.Unmarshal([]byte(text), &doc) != nil {
		return time.Time{} // edited by hand, in one of IAM's other spellings
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
