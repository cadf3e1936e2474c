package app

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
)

// TestAccountsAreLinked: operators link accounts, each link is recorded, and no
// operator gets a second vote by it.
func TestAccountsAreLinked(t *testing.T) {
	f := newFixture(t)
	second := oscar
	second.Person.ID, second.Person.LinkedHumanID = "oscar-admin", "oscar"
	agent := oscar
	agent.Person.ID, agent.Person.Kind, agent.Person.OnBehalfOf = "oscar-agent", access.KindAgent, "oscar"
	for _, c := range []struct {
		name           string
		by             access.Actor
		account, human string
		code           access.Code
		recorded       string
	}{
		{"an auditor", carol, "slack:U1", "bob", access.CodeForbidden, "not_operator"},
		{"an approver", bob, "slack:U1", "bob", access.CodeForbidden, "not_operator"},
		{"an operator's agent", agent, "slack:U1", "bob", access.CodeForbidden, "not_human"},
		{"to oneself", oscar, "slack:U1", "oscar", access.CodeForbidden, "own_account"},
		{"one's own account to somebody else", oscar, "oscar", "bob", access.CodeForbidden, "own_account"},
		{"one's other account", second, "slack:U1", "oscar", access.CodeForbidden, "own_account"},
		{"nobody", oscar, "slack:U1", "", access.CodeInvalid, ""},
		{"too long", oscar, strings.Repeat("x", maxAccount+1), "bob", access.CodeInvalid, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := f.LinkAccount(t.Context(), c.by, c.account, c.human)
			require.Equal(t, c.code, access.CodeOf(err), "%v", err)
			if c.recorded != "" {
				require.Equal(t, c.recorded, f.ledger.refusedWith())
			}
			require.Empty(t, f.ledger.events)
			require.Empty(t, f.ledger.links)
		})
	}
	require.NoError(t, f.LinkAccount(t.Context(), oscar, "slack:U1", "bob"))
	require.Equal(t, map[string]string{"slack:U1": "bob"}, f.ledger.links)
	require.Equal(t, access.EventAccountLinked, f.ledger.events[0].Kind)
	require.Equal(t, map[string]string{"account": "slack:U1", "human": "bob", "via": "api"}, f.ledger.events[0].Detail)
	list, err := f.AccountLinks(t.Context(), oscar)
	require.NoError(t, err)
	require.Equal(t, []access.AccountLink{{Account: "slack:U1", Human: "bob"}}, list)
	require.NoError(t, f.UnlinkAccount(t.Context(), oscar, "slack:U1"))
	require.Empty(t, f.ledger.links)
	require.Equal(t, access.EventAccountUnlinked, f.ledger.events[1].Kind)
	f.ledger.events = nil
	require.Error(t, f.UnlinkAccount(t.Context(), second, "oscar"))
	require.Equal(t, "own_account", f.ledger.refusedWith())

	// With the account that they sign in with first, the other one is theirs too.
	f.ledger.events, f.ledger.links = nil, map[string]string{"oscar-admin": "oscar"}
	require.Equal(t, access.CodeForbidden, access.CodeOf(f.UnlinkAccount(t.Context(), oscar, "oscar-admin")))
	require.Equal(t, "own_account", f.ledger.refusedWith())
	require.Equal(t, map[string]string{"oscar-admin": "oscar"}, f.ledger.links)
}
