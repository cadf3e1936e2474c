package server

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/server/auth"
)

// approves has somebody approve a request, and returns the response.
func (f *fixture) approves(who string, r access.Request) (int, string) {
	f.Helper()
	w := f.call(f.token(who), "POST", "/api/v1/requests/"+r.ID+"/decision", jsonType, `{"decision":"approve","planDigest":"`+r.Plan.Digest+`"}`)
	return w.Code, w.Body.String()
}

// links has an operator link accounts.
func (f *fixture) links(account, human string) {
	f.Helper()
	w := f.call(f.token("oscar"), "POST", "/api/v1/accounts/link", jsonType, `{"account":"`+account+`","human":"`+human+`"}`)
	require.Equal(f, http.StatusNoContent, w.Code, "%s", w.Body)
}

// TestCase62LinkedWhileItWaits: an operator links accounts after one of them asked;
// the server looks the human up again, for requester and approver.
func TestCase62LinkedWhileItWaits(t *testing.T) {
	for name, links := range map[string][][2]string{
		"the approver is the requester's": {{"bob", "alice"}},
		"the requester is the approver's": {{"alice", "bob"}},
		"both are a third's":              {{"alice", "robin"}, {"BOB", "Robin"}},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			r := f.request(access.StatePending)
			for _, l := range links {
				f.links(l[0], l[1])
			}
			before := f.temporal.messages.Load()
			code, body := f.approves("bob", r)
			require.Contains(t, []int{http.StatusForbidden, http.StatusNotFound}, code, "it is their own, or not theirs to see: %s", body)
			require.Equal(t, before, f.temporal.messages.Load())
		})
	}
	t.Run("what is signed names the accounts", func(t *testing.T) {
		f := newFixture(t)
		f.links("alice", "robin")
		f.links("partner:alice", "robin")
		r := f.request(access.StatePending)
		require.Equal(t, "robin", r.Plan.Requester.HumanID())
		f.links("bob", "robin")
		code, body := f.approves("bob", r)
		require.Equal(t, http.StatusNotFound, code, body)
	})
}

// TestConfiguredLinksReachTheWorkers: what configuration links is in the ledger, where
// workers read it, and stands when it is taken out of the configuration.
func TestConfiguredLinksReachTheWorkers(t *testing.T) {
	f := newFixture(t, func(c *Config) { c.Identity.Links = auth.Links{{"bob", "Bob-Admin", "partner:bob"}} })
	s, err := f.ledger.DirectorySnapshot(t.Context(), "bob-admin", "partner:bob")
	require.NoError(t, err)
	one, two := s.WithAccounts(access.Person{ID: "bob-admin"}), s.WithAccounts(access.Person{ID: "partner:bob"})
	require.True(t, one.SameHuman(two))
	list, err := f.ledger.AccountLinks(t.Context())
	require.NoError(t, err)
	require.Len(t, list, 2)
	require.Equal(t, access.ActorRamp, list[0].LinkedBy)
	seq, err := f.ledger.LastSeq(t.Context())
	require.NoError(t, err)
	linkConfigured(t.Context(), auth.Links{{"bob", "Bob-Admin", "partner:bob"}}, f.ledger, f.log)
	again, err := f.ledger.LastSeq(t.Context())
	require.NoError(t, err)
	require.Equal(t, seq, again, "a restart links nothing again")
}
