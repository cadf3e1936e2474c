package opsgenie

import (
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/facts/source"
	"ramp.dev/ramp/facts/source/sourcetest"
)

const (
	id     = "d875e2b0-9b4e-4219-8803-0c26936d18de"
	onCall = "/v2/schedules/" + id + "/on-calls?scheduleIdentifierType=id&flat=false"
	shifts = `{"data":{"_parent":{"id":"` + id + `","name":"db","enabled":true},"onCallParticipants":[
		{"id":"c569c016","name":"Database","type":"team","onCallParticipants":[{"id":"u1","name":"alice@example.com","type":"user"},
			{"id":"e1","name":"ladder","type":"escalation","onCallParticipants":[{"id":"u2","name":"erin","type":"user","escalationTime":0,"notifyType":"default"}]}]},
		{"id":"u3","name":"bob@example.com","type":"user"}]},"took":0.101,"requestId":"7d20"}`
)

func start(t *testing.T) (*sourcetest.Server, source.Config) {
	s := sourcetest.Start(t, "GenieKey "+sourcetest.Token, `{"message":"Schedule with id [x] does not exist","took":0.1,"requestId":"x"}`)
	c := s.Config(t)
	c.Schedules, c.Emails, c.People = map[string]string{"db": id}, true, map[string]string{"u2": "erin"}
	s.Has(onCall, shifts)
	s.Has("/v2/schedules/"+id+"?identifierType=id", `{"data":{"id":"`+id+`"}}`)
	return s, c
}

func TestOnCall(t *testing.T) {
	s, c := start(t)
	o, err := Open(c)
	require.NoError(t, err)
	require.NoError(t, o.Ping(t.Context()))
	ask := func() source.Reply {
		r, err := o.Ask(t.Context(), access.FactOnCall, "db")
		require.NoError(t, err)
		return r
	}
	require.Equal(t, &access.OnCall{People: []string{"alice@example.com", "bob@example.com", "erin"}}, ask().OnCall)
	s.Has(onCall, `{"data":{"_parent":{"id":"`+id+`","enabled":false},"onCallParticipants":[{"id":"u3","name":"bob@example.com","type":"user"}]}}`)
	require.Empty(t, ask().OnCall.People, "a schedule that is switched off")
	s.Has(onCall, `{"data":{"_parent":{"id":"another","enabled":true},"onCallParticipants":[]}}`)
	_, err = o.Ask(t.Context(), access.FactOnCall, "db")
	require.ErrorContains(t, err, "the schedule that was asked for")
	r, err := o.Ask(t.Context(), access.FactOnCall, id)
	require.NoError(t, err)
	require.True(t, r.Absent)
}

func TestIncidents(t *testing.T) {
	s, c := start(t)
	c.Schedules = nil
	o, err := Open(c)
	require.NoError(t, err)
	require.ErrorContains(t, o.Ping(t.Context()), "does not show incidents")
	s.Has("/v1/incidents?limit=1", `{"data":[],"took":0.1}`)
	ask := sourcetest.Tickets(t, o)
	const incident, at = "8743a1b2-11da-480e-8493-744660987bef", "/v1/incidents/8743a1b2-11da-480e-8493-744660987bef?identifierType=id"
	has := func(status, services string) {
		s.Has(at, `{"data":{"id":"`+incident+`","tinyId":"12","message":"orders","status":"`+status+`","tags":[],"priority":"P2","ownerTeam":"fc1448b7","impactedServices":`+services+`},"took":0.1}`)
	}
	has("open", `["dbf0a2d1"]`)
	require.Equal(t, &access.Ticket{Open: true, Type: "incident", Project: "fc1448b7", Service: "dbf0a2d1", Severity: 2}, ask(incident).Ticket)
	has("resolved", `["dbf0a2d1","another"]`)
	require.Equal(t, &access.Ticket{Type: "incident", Project: "fc1448b7", Severity: 2}, ask(incident).Ticket)
	for _, key := range []string{"12", "8743a1b2-11da-480e-8493-744660987bee", incident + "/notes", "../" + incident} {
		require.True(t, ask(key).Absent, key)
	}
	has("muted", "[]")
	_, err = o.Ask(t.Context(), access.FactTicket, incident)
	require.ErrorContains(t, err, "a status that is")
	s.Has(at, `{"data":{"id":"another","status":"open"}}`)
	_, err = o.Ask(t.Context(), access.FactTicket, incident)
	require.ErrorContains(t, err, "the incident that was asked for")
	has("open", "[]")
	sourcetest.Faults(t, s, o, access.FactTicket, incident)
}

func TestFaults(t *testing.T) {
	s, c := start(t)
	o, err := Open(c)
	require.NoError(t, err)
	sourcetest.Faults(t, s, o, access.FactOnCall, "db")
	c.Schedules["gone"] = "gone"
	require.ErrorContains(t, o.Ping(t.Context()), "which contracts call gone")
}
