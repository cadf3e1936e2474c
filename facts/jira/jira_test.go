package jira

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/facts/source"
	"ramp.dev/ramp/facts/source/sourcetest"
)

const (
	missing = `{"errorMessages":["Issue does not exist or you do not have permission to see it."],"errors":{}}`
	query   = "?fields=status,project,issuetype,priority,components,assignee"
	cloud   = `{"id":"10002","self":"https://acme.atlassian.net/rest/api/2/issue/10002","key":%q,"fields":{
		"status":{"self":"x","name":"In Arbeit","id":"3","statusCategory":{"id":4,"key":%q,"colorName":"yellow","name":"In Progress"}},
		"project":{"id":"10000","key":"OPS","name":"Operations"},"issuetype":{"id":"1","name":"Incident","subtask":false},
		"priority":{"id":"2","name":"High"},"components":[{"id":"7","name":"orders"}],"assignee":%s}}`
	alice = `{"accountId":"5b10a2844c20165700ede21g","accountType":"atlassian","active":true,"displayName":"root","emailAddress":"alice@example.com"}`
)

func start(t *testing.T) (*sourcetest.Server, source.Config) {
	s := sourcetest.Start(t, "Basic "+base64.StdEncoding.EncodeToString([]byte("ramp@example.com:"+sourcetest.Token)), missing)
	s.Has("/rest/api/2/myself", `{"accountId":"5b10a284","emailAddress":"ramp@example.com"}`)
	s.Has("/rest/api/2/mypermissions?permissions=BROWSE_PROJECTS", `{"permissions":{"BROWSE_PROJECTS":{"id":"10","key":"BROWSE_PROJECTS","havePermission":true}}}`)
	c := s.Config(t)
	c.User, c.Emails = "ramp@example.com", true
	return s, c
}

func TestCloud(t *testing.T) {
	s, c := start(t)
	c.People = map[string]string{"5b10ac8d82e05b22cc7d4ef5": "bob"}
	j, err := Open(c)
	require.NoError(t, err)
	require.NoError(t, j.Ping(t.Context()))
	ticket := func(key string) *access.Ticket {
		t.Helper()
		r, err := j.Ask(t.Context(), access.FactTicket, key)
		require.NoError(t, err)
		require.Equal(t, r.Ticket == nil, r.Absent)
		return r.Ticket
	}
	is := func(key, category, assignee string) {
		s.Has("/rest/api/2/issue/"+key+query, fmt.Sprintf(cloud, key, category, assignee))
	}
	is("OPS-1", "indeterminate", alice)
	require.Equal(t, &access.Ticket{Open: true, Project: "OPS", Service: "orders", Type: "Incident", Severity: 2, Assignee: "alice@example.com"}, ticket("OPS-1"))
	is("OPS-1", "done", "null")
	require.Equal(t, &access.Ticket{Project: "OPS", Service: "orders", Type: "Incident", Severity: 2}, ticket("OPS-1"))
	is("OPS-1", "new", `{"accountId":"5b10ac8d82e05b22cc7d4ef5","active":true,"emailAddress":"someone@example.com"}`)
	require.Equal(t, "bob", ticket("OPS-1").Assignee, "the table comes before the address")
	is("OPS-1", "new", `{"accountId":"5b10ac8d82e05b22cc7d4ef5","active":false}`)
	require.Empty(t, ticket("OPS-1").Assignee, "an account that is closed")
	s.Has("/rest/api/2/issue/OPS-1"+query, strings.Replace(fmt.Sprintf(cloud, "OPS-1", "new", alice), `"name":"orders"}`, `"name":"orders"},{"id":"8","name":"mail"}`, 1))
	require.Empty(t, ticket("OPS-1").Service, "of two components none is the one")
	require.Nil(t, ticket("OPS-404"))
	for _, key := range []string{"ops-1", "OPS-1/comment", "../myself", "OPS-1?x=", "OPS-01", "", "OPS-1\n", "ОPS-1"} {
		before := len(s.Asked())
		require.Nil(t, ticket(key), key)
		require.Len(t, s.Asked(), before, "a text that is no key goes nowhere: %q", key)
	}
	is("OPS-2", "undefined", "null")
	_, err = j.Ask(t.Context(), access.FactTicket, "OPS-2")
	require.ErrorContains(t, err, "a category of the issue's status")
	s.Has("/rest/api/2/issue/OPS-3"+query, fmt.Sprintf(cloud, "EVIL-3", "new", alice))
	_, err = j.Ask(t.Context(), access.FactTicket, "OPS-3")
	require.ErrorContains(t, err, "moved OPS-3 to EVIL-3")
	_, err = j.Ask(t.Context(), access.FactOnCall, "db")
	require.ErrorContains(t, err, "Jira is asked about no schedules")
}

// TestCase93NameOfAnother: an account whose name there is a person's id here is not that
// person, and addresses count only where nobody can take another one's.
func TestCase93NameOfAnother(t *testing.T) {
	s, c := start(t)
	c.Emails, c.People = false, map[string]string{"JIRAUSER10100": "alice"}
	j, err := Open(c)
	require.NoError(t, err)
	for assignee, want := range map[string]string{
		`{"key":"JIRAUSER66666","name":"alice","displayName":"alice","emailAddress":"alice@example.com","active":true}`: "",
		`{"key":"JIRAUSER10100","name":"renamed","active":true}`:                                                        "alice",
	} {
		s.Has("/rest/api/2/issue/OPS-1"+query, fmt.Sprintf(cloud, "OPS-1", "new", assignee))
		r, err := j.Ask(t.Context(), access.FactTicket, "OPS-1")
		require.NoError(t, err)
		require.Equal(t, want, r.Ticket.Assignee)
	}
}

// TestTokenThatEnded: to nobody, Jira says of every issue that it does not exist.
func TestTokenThatEnded(t *testing.T) {
	s, c := start(t)
	c.User = ""
	j, err := Open(c)
	require.NoError(t, err)
	s.Has("/rest/api/2/issue/OPS-1"+query, fmt.Sprintf(cloud, "OPS-1", "new", alice))
	_, err = j.Ask(t.Context(), access.FactTicket, "OPS-1")
	require.Equal(t, access.CodeForbidden, access.CodeOf(err))

	s, c = start(t)
	s.Has("/rest/api/2/myself", `{"errorMessages":[]}`) // nobody is logged in
	j, err = Open(c)
	require.NoError(t, err)
	_, err = j.Ask(t.Context(), access.FactTicket, "OPS-404")
	require.ErrorContains(t, err, "Jira replies without Ramp's own user")
}

func TestFaults(t *testing.T) {
	s, c := start(t)
	c.Address += "/jira" // below a path, as Data Center often is
	s.Has("/jira/rest/api/2/issue/OPS-1"+query, fmt.Sprintf(cloud, "OPS-1", "new", alice))
	j, err := Open(c)
	require.NoError(t, err)
	sourcetest.Faults(t, s, j, access.FactTicket, "OPS-1")
	s.Has("/jira/rest/api/2/myself", `{"key":"JIRAUSER1"}`)
	s.Has("/jira/rest/api/2/mypermissions?permissions=BROWSE_PROJECTS", `{"permissions":{"BROWSE_PROJECTS":{"havePermission":false}}}`)
	require.ErrorContains(t, j.Ping(t.Context()), "Ramp's user in Jira lacks BROWSE_PROJECTS")
}
