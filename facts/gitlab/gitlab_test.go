package gitlab

import (
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/facts/source"
	"ramp.dev/ramp/facts/source/sourcetest"
)

func start(t *testing.T) (*sourcetest.Server, source.Config) {
	s := sourcetest.Start(t, "Bearer "+sourcetest.Token, `{"message":"404 Not found"}`)
	c := s.Config(t)
	c.Projects, c.People = []string{"acme/ops"}, map[string]string{"18": "alice"}
	s.Has("/api/v4/projects/acme%2Fops", `{"id":4}`)
	s.Has("/api/v4/projects/acme%2Fops/issues?per_page=1", `[{"iid":7}]`)
	s.Has("/api/v4/projects/acme%2Fops/issues/7", `{"id":76,"iid":7,"project_id":4,"state":"opened","issue_type":"incident","severity":"HIGH","assignees":[{"id":18,"username":"x","state":"active"}],"labels":[]}`)
	return s, c
}

func TestIssues(t *testing.T) {
	s, c := start(t)
	g, err := Open(c)
	require.NoError(t, err)
	ask := sourcetest.Tickets(t, g)
	require.Equal(t, &access.Ticket{Open: true, Project: "acme/ops", Type: "incident", Severity: 2, Assignee: "alice"}, ask("acme/ops#7").Ticket)
	s.Has("/api/v4/projects/acme%2Fops/issues/8", `{"iid":8,"state":"closed","issue_type":"issue","severity":"UNKNOWN","assignees":[{"id":18,"state":"blocked"}]}`)
	require.Equal(t, &access.Ticket{Project: "acme/ops", Type: "issue"}, ask("acme/ops#8").Ticket)
	for _, key := range []string{"acme/ops#9", "mallory/ops#7", "7"} {
		require.True(t, ask(key).Absent, key)
	}
}

func TestFaults(t *testing.T) {
	s, c := start(t)
	g, err := Open(c)
	require.NoError(t, err)
	sourcetest.Faults(t, s, g, access.FactTicket, "acme/ops#7")
	sourcetest.Hidden(t, Open, c, "the project")
	s.Has("/api/v4/projects/acme%2Fempty", `{"id":5}`) // whose issues only its members see
	c.Projects = []string{"acme/empty"}
	g, err = Open(c)
	require.NoError(t, err)
	require.ErrorContains(t, g.Ping(t.Context()), "does not show the issues of acme/empty")
}
