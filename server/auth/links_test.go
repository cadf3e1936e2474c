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
