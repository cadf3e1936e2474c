package server

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/ledger"
	"ramp.dev/ramp/review"
)

// TestCase141FindingAboutWhoActsForOneself: what an agent was refused is not its human's to
// dismiss, and what a user of another program was refused is not that of the person who
// linked it, before the act or after it, and no longer.
func TestCase141FindingAboutWhoActsForOneself(t *testing.T) {
	f := newFixture(t, func(c *Config) { c.Review.Security = []string{"approvers"} })
	ctx := context.Background()
	require.Equal(t, http.StatusForbidden, f.call(f.token("bob-agent"), "GET", "/api/v1/review", "", "").Code)
	refused, _, err := f.ledger.SearchEvents(ctx, ledger.EventSearch{Actor: "bob-agent", Kind: access.EventActRefused})
	require.NoError(t, err)
	require.Equal(t, "bob", refused[0].Detail[access.DetailHuman])
	user := ledger.ExternalUser{Service: "slack", Workspace: "T1", User: "U1"}
	for actor, detail := range map[string]map[string]string{
		"bob-agent":    {"act": string(access.ActReadReviews), "code": refused[0].Detail["code"], access.DetailHuman: refused[0].Detail[access.DetailHuman]},
		user.ActorID(): {"act": string(access.ActExternal), "code": "chat_not_linked"},
	} {
		detail[access.DetailCount] = "12"
		require.NoError(t, f.ledger.AppendEvent(ctx, access.Event{At: time.Now().UTC(), Kind: access.EventActRefused, Actor: actor, Detail: detail}))
	}
	f.keep(f.review("carol", "?since="+url.QueryEscape(time.Now().Add(-time.Hour).UTC().Format(time.RFC3339))))
	about := func(who string) review.Finding {
		t.Helper()
		findings := f.review("bob", "").Findings
		i := slices.IndexFunc(findings, func(f review.Finding) bool { return f.People[0] == who })
		require.GreaterOrEqual(t, i, 0, "%+v", findings)
		return findings[i]
	}
	agents, users := about("bob-agent"), about(user.ActorID())
	require.Equal(t, []string{"bob-agent", "bob"}, agents.People)
	notBob := func(id string) {
		t.Helper()
		code, body := f.mark("bob", id, "dismissed", "nothing to see here, go on")
		require.Equal(t, http.StatusForbidden, code, body)
		require.Contains(t, body, "own_finding")
	}
	notBob(agents.ID)

	require.NoError(t, f.ledger.AddLinkCode(ctx, ledger.LinkCode{Digest: "one", Service: user.Service, Person: access.Person{ID: "bob", Kind: access.KindHuman}, ExpiresAt: time.Now().Add(time.Minute)}))
	_, err = f.ledger.LinkExternalUser(ctx, "one", user, "bob", time.Now(), func(p access.Person) access.Event {
		return access.Event{At: time.Now().UTC(), Kind: access.EventExternalLinked, Actor: p.ID}
	})
	require.NoError(t, err)
	notBob(users.ID)
	require.NoError(t, f.ledger.UnlinkExternalUser(ctx, user.Service, "bob", access.Event{At: time.Now().UTC(), Kind: access.EventExternalUnlinked, Actor: "bob"}))
	notBob(users.ID)

	for _, id := range []string{agents.ID, users.ID} {
		code, body := f.mark("carol", id, "accepted", "the agent is being set up this week")
		require.Equal(t, http.StatusOK, code, body)
	}
}
