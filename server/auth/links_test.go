package auth_test

import (
	"context"
	"errors"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/server/auth"
)

func newAuth(t *testing.T, d access.Directory, links ...[]string) *auth.Auth {
	t.Helper()
	u, err := url.Parse("http://ramp.test")
	require.NoError(t, err)
	a, err := auth.New(auth.Config{Issuer: "https://login.example.com", Links: links}, u, auth.Deps{Directory: d})
	require.NoError(t, err)
	return a
}

// TestCase02LinkedAccounts: accounts that configuration links are one human, and
// so are the agents of either.
func TestCase02LinkedAccounts(t *testing.T) {
	a := newAuth(t, nil, []string{"bob", "bob-admin", "contractors:bob"})
	human := func(p access.Person) string {
		p, err := a.Refresh(t.Context(), p)
		require.NoError(t, err)
		return p.HumanID()
	}
	for _, id := range []string{"bob", "bob-admin", "contractors:bob"} {
		require.Equal(t, "bob", human(access.Person{ID: id, Kind: access.KindHuman}))
		require.Equal(t, "bob", human(access.Person{ID: "agent", Kind: access.KindAgent, OnBehalfOf: id}))
	}
	require.Equal(t, "bobby", human(access.Person{ID: "bobby", Kind: access.KindHuman}))
	require.Equal(t, "mallory", human(access.Person{ID: "mallory", LinkedHumanID: "bob"}), "what nobody configured is not believed")
}

func TestLinksAreChecked(t *testing.T) {
	u, _ := url.Parse("http://ramp.test")
	for code, links := range map[string]auth.Links{"link_twice": {{"a", "b"}, {"b", "c"}}, "link_too_short": {{"a"}}} {
		_, err := auth.New(auth.Config{Issuer: "https://login.example.com", Links: links}, u, auth.Deps{})
		require.Equal(t, access.CodeInvalid, access.CodeOf(err))
		require.Equal(t, code, access.IssuesOf(err)[0].Code)
	}
}

// linkTable is what operators have linked.
type linkTable map[string]string

func (l linkTable) LinkedHumans(_ context.Context, accounts ...string) (map[string]string, error) {
	out := map[string]string{}
	for _, a := range accounts {
		if l[a] == "down" {
			return nil, errors.New("no route")
		}
		if l[a] != "" {
			out[a] = l[a]
		}
	}
	return out, nil
}

// TestCase02LinksOfBothKinds: what configuration and what operators have linked
// is one human together, whichever way the links run.
func TestCase02LinksOfBothKinds(t *testing.T) {
	u, err := url.Parse("http://ramp.test")
	require.NoError(t, err)
	for _, c := range []struct {
		name  string
		links linkTable
		human map[string]string // by account; "" is refused
	}{
		{"a link to the human of configuration", linkTable{"slack:U1": "bob"}, map[string]string{"slack:U1": "bob", "bob-admin": "bob", "erin": "erin"}},
		{"a link to another account of theirs", linkTable{"slack:U1": "bob-admin"}, map[string]string{"slack:U1": "bob"}},
		{"a link from an account of theirs", linkTable{"bob-admin": "robert"}, map[string]string{"bob": "robert", "bob-admin": "robert", "robert": "robert"}},
		{"a link within", linkTable{"bob-admin": "bob"}, map[string]string{"bob": "bob", "bob-admin": "bob"}},
		{"links to two", linkTable{"bob": "erin", "bob-admin": "dave"}, map[string]string{"bob": "", "bob-admin": "", "erin": "erin"}},
		{"a circle", linkTable{"bob": "erin", "erin": "bob"}, map[string]string{"bob": "", "erin": ""}},
		{"a table that does not answer", linkTable{"bob": "down"}, map[string]string{"bob": "", "erin": "erin"}},
	} {
		a, err := auth.New(auth.Config{Issuer: "https://login.example.com", Links: auth.Links{{"bob", "bob-admin"}}}, u, auth.Deps{Accounts: c.links})
		require.NoError(t, err)
		for account, human := range c.human {
			p, err := a.Refresh(t.Context(), access.Person{ID: account, Kind: access.KindHuman})
			require.Equal(t, human == "", err != nil, "%s: %s: %v", c.name, account, err)
			if err == nil {
				require.Equal(t, human, p.HumanID(), "%s: %s", c.name, account)
			}
		}
	}
}

type directory struct {
	roll access.DirectorySnapshot
	err  error
}

func (d directory) DirectorySnapshot(context.Context, ...string) (access.DirectorySnapshot, error) {
	return d.roll, d.err
}

// TestDirectoryThatDoesNotAnswer: nobody gets past it.
func TestDirectoryThatDoesNotAnswer(t *testing.T) {
	_, err := newAuth(t, directory{err: errors.New("no route")}).Refresh(t.Context(), access.Person{ID: "alice"})
	require.Equal(t, access.CodeUnavailable, access.CodeOf(err))
}

// TestLinkedAccountOfOneWhoLeft: the account that stayed active is theirs too.
func TestLinkedAccountOfOneWhoLeft(t *testing.T) {
	a := newAuth(t, directory{roll: access.DirectorySnapshot{Members: map[string]access.Member{"bob": {ID: "bob"}, "bob-admin": {ID: "bob-admin", Active: true}}}},
		[]string{"bob", "bob-admin"})
	_, err := a.Refresh(t.Context(), access.Person{ID: "bob-admin", Kind: access.KindHuman})
	require.Equal(t, access.CodeForbidden, access.CodeOf(err))
}
