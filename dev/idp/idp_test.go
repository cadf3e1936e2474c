package idp

import (
	"context"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/internal/ports"
)

const callback = "http://127.0.0.1:1/auth/callback"

func start(t *testing.T) (*Provider, string) {
	dir := t.TempDir()
	p, err := Start(Config{Dir: dir, Addr: ports.ForTest(t), RedirectURIs: []string{callback}})
	require.NoError(t, err)
	t.Cleanup(p.Stop)
	return p, dir
}

// browser follows no redirect by itself.
func browser(t *testing.T) *http.Client {
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	return &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

func discovered(t *testing.T, p *Provider) *oidc.Provider {
	provider, err := oidc.NewProvider(t.Context(), p.Issuer)
	require.NoError(t, err)
	return provider
}

func body(t *testing.T, resp *http.Response, err error) string {
	require.NoError(t, err)
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return string(b)
}

// TestLogin logs in as a page of Ramp does, with a client of OpenID Connect that is
// not the provider's library.
func TestLogin(t *testing.T) {
	p, _ := start(t)
	provider := discovered(t, p)
	client := oauth2.Config{ClientID: "ramp-web", Endpoint: provider.Endpoint(), RedirectURL: callback, Scopes: []string{"openid", "profile", "email", "groups"}}
	verifier := oauth2.GenerateVerifier()
	b := browser(t)

	resp, err := b.Get(client.AuthCodeURL("a state", oauth2.S256ChallengeOption(verifier), oidc.Nonce("a nonce")))
	body(t, resp, err)
	chooser, err := resp.Location()
	require.NoError(t, err)
	resp, err = b.Get(chooser.String())
	require.Contains(t, body(t, resp, err), "Alice Ahn")
	require.Equal(t, "DENY", resp.Header.Get("X-Frame-Options"))

	id := chooser.Query().Get("id")
	resp, err = b.PostForm(p.Issuer+"/login", url.Values{"id": {id}, "person": {"mallory"}})
	require.Contains(t, body(t, resp, err), "there is no")
	require.Equal(t, http.StatusBadRequest, resp.StatusCode)
	resp, err = b.PostForm(p.Issuer+"/login", url.Values{"id": {"another"}, "person": {"alice"}})
	body(t, resp, err)
	require.Equal(t, http.StatusGone, resp.StatusCode)

	resp, err = b.PostForm(p.Issuer+"/login", url.Values{"id": {id}, "person": {"alice"}})
	body(t, resp, err)
	back, err := resp.Location()
	require.NoError(t, err)
	resp, err = b.Get(back.String())
	body(t, resp, err)
	back, err = resp.Location()
	require.NoError(t, err)
	require.Equal(t, "127.0.0.1:1", back.Host)
	require.Equal(t, "a state", back.Query().Get("state"))

	code := back.Query().Get("code")
	tokens, err := client.Exchange(t.Context(), code, oauth2.VerifierOption(verifier))
	require.NoError(t, err)
	raw, _ := tokens.Extra("id_token").(string)
	token, err := provider.Verifier(&oidc.Config{ClientID: "ramp-web"}).Verify(t.Context(), raw)
	require.NoError(t, err)
	require.Equal(t, "a nonce", token.Nonce)
	var claims struct {
		Sub, Email string
		Groups     []string
		AuthTime   int64 `json:"auth_time"`
	}
	require.NoError(t, token.Claims(&claims))
	require.Equal(t, "alice", claims.Sub)
	require.Equal(t, []string{"engineering"}, claims.Groups)
	require.NotZero(t, claims.AuthTime)
	// The access token is a bearer token for Ramp's API.
	_, err = provider.Verifier(&oidc.Config{ClientID: "ramp"}).Verify(t.Context(), tokens.AccessToken)
	require.NoError(t, err)

	_, err = client.Exchange(t.Context(), code, oauth2.VerifierOption(verifier))
	require.Error(t, err, "a code works once")
}

// TestLoginsThatAreRefused: a page elsewhere gets no code, and a code is worth
// nothing without the verifier.
func TestLoginsThatAreRefused(t *testing.T) {
	p, _ := start(t)
	client := oauth2.Config{ClientID: "ramp-web", Endpoint: discovered(t, p).Endpoint(), RedirectURL: callback, Scopes: []string{"openid"}}
	b := browser(t)
	for what, c := range map[string]oauth2.Config{
		"another address": {ClientID: "ramp-web", Endpoint: client.Endpoint, RedirectURL: "https://elsewhere.example/callback", Scopes: client.Scopes},
		"another client":  {ClientID: "somebody", Endpoint: client.Endpoint, RedirectURL: callback, Scopes: client.Scopes},
	} {
		resp, err := b.Get(c.AuthCodeURL("s"))
		body(t, resp, err)
		require.Equal(t, http.StatusBadRequest, resp.StatusCode, what)
	}
	resp, err := b.Get(client.AuthCodeURL("s", oauth2.S256ChallengeOption(oauth2.GenerateVerifier())))
	body(t, resp, err)
	chooser, err := resp.Location()
	require.NoError(t, err)
	resp, err = b.PostForm(p.Issuer+"/login", url.Values{"id": {chooser.Query().Get("id")}, "person": {"alice"}})
	body(t, resp, err)
	back, err := resp.Location()
	require.NoError(t, err)
	resp, err = b.Get(back.String())
	body(t, resp, err)
	back, err = resp.Location()
	require.NoError(t, err)
	_, err = client.Exchange(t.Context(), back.Query().Get("code"), oauth2.VerifierOption(oauth2.GenerateVerifier()))
	require.Error(t, err)
}

// TestDevice logs in on a machine without a browser.
func TestDevice(t *testing.T) {
	p, _ := start(t)
	client := oauth2.Config{ClientID: "ramp-cli", Endpoint: discovered(t, p).Endpoint(), Scopes: []string{"openid"}}
	device, err := client.DeviceAuth(t.Context())
	require.NoError(t, err)
	require.Equal(t, p.Issuer+devicePath, device.VerificationURI)
	b := browser(t)
	resp, err := b.Get(device.VerificationURIComplete)
	require.Contains(t, body(t, resp, err), device.UserCode)
	resp, err = b.PostForm(device.VerificationURI, url.Values{"user_code": {"WRONG"}, "person": {"bob"}})
	body(t, resp, err)
	require.Equal(t, http.StatusGone, resp.StatusCode)
	resp, err = b.PostForm(device.VerificationURI, url.Values{"user_code": {device.UserCode}, "person": {"bob"}})
	require.Contains(t, body(t, resp, err), "Done")
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	tokens, err := client.DeviceAccessToken(ctx, device)
	require.NoError(t, err)
	token, err := discovered(t, p).Verifier(&oidc.Config{ClientID: "ramp"}).Verify(ctx, tokens.AccessToken)
	require.NoError(t, err)
	require.Equal(t, "bob", token.Subject)
	resp, err = b.PostForm(device.VerificationURI, url.Values{"user_code": {device.UserCode}, "person": {"oscar"}})
	body(t, resp, err)
	require.Equal(t, http.StatusGone, resp.StatusCode, "a code works once")
}

func TestMint(t *testing.T) {
	_, err := Mint(t.TempDir(), "http://127.0.0.1:1", "alice", "ramp", time.Minute, 0)
	require.Equal(t, access.CodeNotFound, access.CodeOf(err), "no provider has run there")
	p, dir := start(t)
	_, err = Mint(dir, p.Issuer, "mallory", "ramp", time.Minute, 0)
	require.Equal(t, access.CodeNotFound, access.CodeOf(err))
	verifier := discovered(t, p).Verifier(&oidc.Config{ClientID: "ramp"})
	for person, human := range map[string]bool{"alice": true, "alice-agent": false, "deployer": false} {
		raw, err := Mint(dir, p.Issuer, person, "ramp", time.Minute, time.Hour)
		require.NoError(t, err)
		token, err := verifier.Verify(t.Context(), raw)
		require.NoError(t, err)
		require.Equal(t, person, token.Subject)
		var claims map[string]any
		require.NoError(t, token.Claims(&claims))
		at, loggedIn := claims["auth_time"].(float64)
		require.Equal(t, human, loggedIn, "only humans log in")
		if human {
			require.WithinDuration(t, time.Now().Add(-time.Hour), time.Unix(int64(at), 0), time.Minute)
		}
	}
	expired, err := Mint(dir, p.Issuer, "alice", "ramp", -time.Minute, 0)
	require.NoError(t, err)
	_, err = verifier.Verify(t.Context(), expired)
	require.Error(t, err)
}

// TestStart: anybody can be anybody here, so it listens on loopback only, and its key
// outlives it.
func TestStart(t *testing.T) {
	p, dir := start(t)
	_, err := Start(Config{Dir: dir, Addr: "0.0.0.0:0"})
	require.Equal(t, access.CodeInvalid, access.CodeOf(err))
	_, err = Start(Config{Dir: dir, Addr: p.listener.Addr().String()})
	require.Equal(t, access.CodeConflict, access.CodeOf(err))
	raw, err := Mint(dir, p.Issuer, "alice", "ramp", time.Minute, 0)
	require.NoError(t, err)
	p.Stop()
	again, err := Start(Config{Dir: dir, Addr: p.listener.Addr().String()})
	require.NoError(t, err)
	defer again.Stop()
	_, err = discovered(t, again).Verifier(&oidc.Config{ClientID: "ramp"}).Verify(t.Context(), raw)
	require.NoError(t, err)
}
