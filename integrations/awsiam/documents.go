package awsiam

import (
	"maps"
	"strings"
	"time"

	"ramp.dev/ramp/integrations/awsapi"
)

// stamp is the format of dates in policies and tags, in UTC.
const stamp = awsapi.Stamp

// someTime stands for any time, to measure a policy: all stamps have one length.
var someTime = time.Unix(0, 0)

// permissions returns the policy of what a role may do until ends. The denial from
// then on also ends what others gave the role, by policies that they attached or
// by those of a bucket or a key.
func permissions(ent entitlement, ends time.Time) string {
	at := ends.UTC().Format(stamp)
	doc := awsapi.Document{Version: awsapi.Version}
	for _, p := range ent.parts {
		conditions := map[string]map[string]any{"DateLessThan": {awsapi.CurrentTime: at}}
		maps.Copy(conditions, p.condition)
		doc.Statement = append(doc.Statement, awsapi.Statement{Sid: p.sid, Effect: "Allow", Action: p.actions, Resource: p.resources, Condition: conditions})
	}
	doc.Statement = append(doc.Statement, awsapi.Statement{Sid: "RampEnd", Effect: "Deny", Action: []string{"*"}, Resource: []string{"*"},
		Condition: map[string]map[string]any{"DateGreaterThanEquals": {awsapi.CurrentTime: at}}})
	return doc.String()
}

// denial returns the policy that denies everything. AWS evaluates it on each call,
// so it also ends sessions that were issued before.
func denial() string {
	return awsapi.Document{Version: awsapi.Version, Statement: []awsapi.Statement{
		{Sid: "RampRevoked", Effect: "Deny", Action: []string{"*"}, Resource: []string{"*"}},
	}}.String()
}

// trust returns the policy of who may assume a role until ends.
func (c Config) trust(principal string, ends time.Time) string {
	assume := func(sid, arn, key string) awsapi.Statement {
		s := awsapi.Statement{Sid: sid, Effect: "Allow", Principal: map[string]string{"AWS": arn},
			Action:    []string{"sts:AssumeRole", "sts:SetSourceIdentity"},
			Condition: map[string]map[string]any{"DateLessThan": {awsapi.CurrentTime: ends.UTC().Format(stamp)}}}
		if key != "" {
			s.Condition["StringEquals"] = map[string]any{key: principal}
		}
		return s
	}
	doc := awsapi.Document{Version: awsapi.Version}
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
