package pagerduty

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/facts/source"
	"ramp.dev/ramp/facts/source/sourcetest"
)

const (
	onCalls = "/oncalls?include%5B%5D=users&limit=100&schedule_ids%5B%5D=PSCHED1"
	shifts  = `{"oncalls":[
		{"escalation_policy":{"id":"PT20YPA","type":"escalation_policy_reference"},"escalation_level":2,"schedule":{"id":"PSCHED1","type":"schedule_reference"},
		 "user":{"id":"PUSER1","type":"user","name":"root","email":"alice@example.com"},"start":"2026-11-20T09:00:00Z","end":"2099-11-27T09:00:00Z"},
		{"escalation_policy":{"id":"POTHER"},"escalation_level":1,"schedule":{"id":"PSCHED1"},"user":{"id":"PUSER1","email":"alice@example.com"},"start":"2026-11-20T09:00:00Z","end":"2099-11-27T09:00:00Z"},
		{"escalation_policy":{"id":"POTHER"},"escalation_level":1,"schedule":{"id":"PSCHED1"},"user":{"id":"PUSER2","email":"nobody@example.com"},"start":null,"end":"2099-11-26T09:00:00Z"}],
		"limit":100,"offset":0,"more":false,"total":null}`
)

func start(t *testing.T) (*sourcetest.Server, source.Config) {
	s := sourcetest.Start(t, "Token token="+sourcetest.Token, `{"error":{"message":"Not Found","code":2100}}`)
	c := s.Config(t)
	c.Schedules, c.People = map[string]string{"db-primary": "PSCHED1"}, map[string]string{"PUSER1": "alice"}
	s.Has(onCalls, shifts)
	s.Has("/schedules?limit=1", `{"schedules":[]}`)
	s.Has("/schedules/PSCHED1", `{"schedule":{"id":"PSCHED1"}}`)
	return s, c
}

func TestOnCall(t *testing.T) {
	s, c := start(t)
	p, err := Open(c)
	require.NoError(t, err)
	require.NoError(t, p.Ping(t.Context()))
	r, err := p.Ask(t.Context(), access.FactOnCall, "db-primary")
	require.NoError(t, err)
	require.Equal(t, []string{"alice"}, r.OnCall.People, "who is in no table is nobody, and alice once")
	require.Equal(t, time.Date(2099, 11, 26, 9, 0, 0, 0, time.UTC), *r.OnCall.Until)
	require.Equal(t, "application/vnd.pagerduty+json;version=2", s.Asked()[0].Header.Get("Accept"))

	r, err = p.Ask(t.Context(), access.FactOnCall, "PSCHED1")
	require.NoError(t, err)
	require.True(t, r.Absent, "a schedule is one that the configuration names")
	s.Has(onCalls, `{"oncalls":[],"more":false}`)
	r, err = p.Ask(t.Context(), access.FactOnCall, "db-primary")
	require.NoError(t, err)
	require.Equal(t, &access.OnCall{People: []string{}}, r.OnCall)
}

// TestCase93OnCallForAnother: what is of another schedule, or only a part, makes nobody an
// approver.
func TestCase93OnCallForAnother(t *testing.T) {
	s, c := start(t)
	p, err := Open(c)
	require.NoError(t, err)
	for body, want := range map[string]string{
		`{"oncalls":[{"schedule":{"id":"POTHER"},"user":{"id":"PUSER1"},"end":null}],"more":false}`: "the schedule of each entry",
		`{"oncalls":[{"schedule":null,"user":{"id":"PUSER1"},"end":null}],"more":false}`:            "the schedule of each entry",
		`{"oncalls":[],"more":true}`: "more than 100",
	} {
		s.Has(onCalls, body)
		_, err := p.Ask(t.Context(), access.FactOnCall, "db-primary")
		require.ErrorContains(t, err, want)
	}
}

func TestIncidents(t *testing.T) {
	s, c := start(t)
	p, err := Open(c)
	require.NoError(t, err)
	const at = "/incidents/Q1ABCDEF?include[]=assignees"
	s.Has(at, `{"incident":{"id":"Q1ABCDEF","type":"incident","status":"acknowledged","service":{"id":"PS","summary":"Orders"},"priority":{"id":"P53","summary":"P1"},"assignments":[{"at":"2026-11-26T03:00:00Z","assignee":{"id":"PUSER1","summary":"x"}}]}}`)
	r, err := p.Ask(t.Context(), access.FactTicket, "Q1ABCDEF")
	require.NoError(t, err)
	require.Equal(t, &access.Ticket{Open: true, Type: "incident", Project: "Orders", Service: "Orders", Severity: 1, Assignee: "alice"}, r.Ticket)
	for _, key := range []string{"Q1ABCDEG", "x/../y", "q1abcdef"} {
		r, err = p.Ask(t.Context(), access.FactTicket, key)
		require.NoError(t, err)
		require.True(t, r.Absent)
	}
	s.Has(at, `{"incident":{"id":"Q1ABCDEF","status":"snoozed"}}`)
	_, err = p.Ask(t.Context(), access.FactTicket, "Q1ABCDEF")
	require.ErrorContains(t, err, "a status that is")
}

func TestFaults(t *testing.T) {
	s, c := start(t)
	p, err := Open(c)
	require.NoError(t, err)
	sourcetest.Faults(t, s, p, access.FactOnCall, "db-primary")
	incidents := c
	incidents.Schedules = nil
	p, err = Open(incidents)
	require.NoError(t, err)
	require.ErrorContains(t, p.Ping(t.Context()), "PagerDuty does not show incidents")
	s.Has("/incidents?limit=1", `{"incidents":[]}`)
	require.NoError(t, p.Ping(t.Context()))
	p, err = Open(c)
	require.NoError(t, err)
	c.Schedules["gone"] = "PGONE"
	require.ErrorContains(t, p.Ping(t.Context()), "PagerDuty has no schedule PGONE, which contracts call gone")
}
