package github

import (
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/facts/source"
	"ramp.dev/ramp/facts/source/sourcetest"
)

func start(t *testing.T) (*sourcetest.Server, source.Config) {
	s := sourcetest.Start(t, "Bearer "+sourcetest.Token, `{"message":"Not Found","documentation_url":"https://docs.github.com/rest","status":"404"}`)
	c := s.Config(t)
	c.Projects, c.People, c.Severities = []string{"acme/ops"}, map[string]string{"583231": "alice"}, map[string]int{"sev1": 1, "sev2": 2}
	s.Has("/repos/acme/ops", `{"id":1,"full_name":"acme/ops"}`)
	s.Has("/repos/acme/ops/issues?per_page=1", `[]`)
	s.Has("/repos/acme/ops/issues/7", `{"number":7,"state":"open","title":"x","assignee":{"login":"renamed","id":583231},"assignees":[],"labels":[{"id":1,"name":"sev1"},{"id":2,"name":"sev2"}]}`)
	return s, c
}

func TestIssues(t *testing.T) {
	s, c := start(t)
	g, err := Open(c)
	require.NoError(t, err)
	ask := sourcetest.Tickets(t, g)
	require.Equal(t, &access.Ticket{Open: true, Project: "acme/ops", Type: "issue", Severity: 2, Assignee: "alice"}, ask("acme/ops#7").Ticket)
	s.Has("/repos/acme/ops/issues/8", `{"number":8,"state":"closed","assignee":{"login":"alice","id":666},"labels":[],"pull_request":{"url":"x"}}`)
	require.Equal(t, &access.Ticket{Project: "acme/ops", Type: "pull request"}, ask("acme/ops#8").Ticket, "a login is no proof")
	for _, key := range []string{"acme/ops#9", "mallory/ops#7", "acme/ops/../../mallory/ops#7", "#7", "acme/ops#07"} {
		require.True(t, ask(key).Absent, key)
	}
	s.Has("/repos/acme/ops/issues/10", `{"number":11,"state":"open"}`)
	_, err = g.Ask(t.Context(), access.FactTicket, "acme/ops#10")
	require.ErrorContains(t, err, "the issue that was asked for")
	c.Projects = []string{"acme/.."}
	_, err = Open(c)
	require.Equal(t, access.CodeInvalid, access.CodeOf(err))
}

func TestFaults(t *testing.T) {
	s, c := start(t)
	g, err := Open(c)
	require.NoError(t, err)
	sourcetest.Faults(t, s, g, access.FactTicket, "acme/ops#7")
	sourcetest.Hidden(t, Open, c, "the repository")
}
