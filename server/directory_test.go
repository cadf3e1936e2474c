package server

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/ledger"
	"ramp.dev/ramp/server/scim"
)

// TestCase75ServerWithoutSCIM: a server that was set up without SCIM, or with
// other rules, does not let back in whom a directory has offboarded; an operator
// can, in so many words.
func TestCase75ServerWithoutSCIM(t *testing.T) {
	f := newFixture(t, withSCIM(t))
	ids := f.provisions("alice")
	require.Less(t, f.scim("DELETE", "/Users/"+ids["alice"], "").status, 300)
	inForce := ledger.DirectoryMode{Enabled: true, Groups: true}
	token := f.token("alice")

	// another is a second server on the same ledger.
	another := func(change func(*Config)) *Server {
		t.Helper()
		c := f.config
		change(&c)
		s, err := build(c, Deps{Ledger: f.ledger, Signer: f.signer, Log: f.log}, f.temporal)
		require.NoError(t, err)
		return s
	}
	me := func(s *Server) int {
		g := *f
		g.Server = s
		return g.call(token, "GET", "/api/v1/me", "", "").Code
	}
	for name, change := range map[string]func(*Config){
		"none":        func(c *Config) { c.SCIM = scim.Config{} },
		"people only": func(c *Config) { c.SCIM.PeopleOnly = true },
		"required":    func(c *Config) { c.SCIM.Required = true },
	} {
		s := another(change)
		mode, err := f.ledger.Directory(t.Context())
		require.NoError(t, err)
		require.Equal(t, inForce, mode, name)
		require.Equal(t, http.StatusForbidden, me(s), name)
		require.Equal(t, http.StatusForbidden, me(f.Server), name)
	}
	s := another(func(c *Config) { c.SCIM = scim.Config{}; c.SCIM.Replace = true })
	mode, err := f.ledger.Directory(t.Context())
	require.NoError(t, err)
	require.Equal(t, ledger.DirectoryMode{}, mode)
	require.Equal(t, http.StatusOK, me(s))
}

// TestCase75DirectoryInForceLater: a server that runs without SCIM keeps to a
// directory that another one puts in force meanwhile.
func TestCase75DirectoryInForceLater(t *testing.T) {
	f := newFixture(t)
	token := f.token("alice")
	require.Equal(t, http.StatusOK, f.call(token, "GET", "/api/v1/me", "", "").Code)
	require.NoError(t, f.ledger.SetDirectory(t.Context(), ledger.DirectoryMode{Enabled: true}))
	_, err := f.ledger.AddUser(t.Context(), ledger.User{PersonID: "alice", UserName: "alice", Attributes: "{}"}, time.Now())
	require.NoError(t, err)
	require.Equal(t, http.StatusForbidden, f.call(token, "GET", "/api/v1/me", "", "").Code)
}

// TestCase86AddressesThatAreNotThere: 404 for everybody, before anybody is asked
// who they are; HEAD works where GET does.
func TestCase86AddressesThatAreNotThere(t *testing.T) {
	f := newFixture(t, withSCIM(t))
	for _, token := range []string{"", "nonsense", f.token("alice"), providerToken} {
		for _, path := range []string{"/scim/v2//Users", "//Users", "/scim/v2/Nothing", "/scim", "/api/v1/nothing", "/api/v2/requests", "/nothing", "//", "/healthz/"} {
			require.Equal(t, http.StatusNotFound, f.call(token, "GET", path, "", "").Code, path)
		}
	}
	require.Equal(t, http.StatusNotFound, f.callWith("", "POST", "/nothing", "", "", "Origin", "https://evil.example").Code)
	r := f.request(access.StatePending)
	for _, route := range f.routes() {
		if route.Method != http.MethodGet {
			continue
		}
		path := address(route, r)
		require.Equal(t, f.call(f.token("alice"), "GET", path, "", "").Code, f.call(f.token("alice"), "HEAD", path, "", "").Code, "HEAD %s", path)
	}
}

// TestCase89InTheClear: tokens, sessions and reasons are not sent where others
// read along, except to this machine itself.
func TestCase89InTheClear(t *testing.T) {
	for url, refused := range map[string]bool{"http://ramp.example.com": true, "http://10.0.0.1:8080": true, "http://localhost.example.com": true, "http://127.example.com": true,
		"https://ramp.example.com": false, "http://localhost:8080": false, "http://127.0.0.1:8080": false, "http://[::1]:8080": false} {
		c := Config{Listen: "127.0.0.1:0", URL: url, Contracts: "x"}
		c.Identity.Issuer = "https://login.example.com"
		require.Equal(t, refused, strings.Contains(access.Invalid(c.Validate()...).Error(), "https"), url)
	}
}
