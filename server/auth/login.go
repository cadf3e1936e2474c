package auth

import (
	"crypto/rand"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/labstack/echo/v4"
	"golang.org/x/oauth2"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/server/surface"
)

// Surface returns the addresses of logging in and out.
func (a *Auth) Surface() surface.Surface {
	return surface.Surface{
		Name: "login", Prefixes: []string{"/auth"}, Via: access.ViaWeb, Authenticate: a.Identify,
		Routes: []surface.Route{
			surface.GET("/auth/login", a.login).Open(),
			surface.GET("/auth/callback", a.callback).Open(),
			surface.POST("/auth/logout", a.logout).Open(),
		},
	}
}

func (a *Auth) redirectURL() string { return a.base.JoinPath("auth/callback").String() }

// atOwnAddress returns where a login must begin instead, for a browser that reaches
// Ramp by another name than server.url: the cookie of this name would not be sent
// to the callback, which is at that one. A proxy that changes names looks the same;
// so nobody is sent there twice.
func (a *Auth) atOwnAddress(r *http.Request) (string, bool) {
	query := r.URL.Query()
	if r.Host == a.base.Host || query.Has(movedParam) {
		return "", false
	}
	query.Set(movedParam, "1")
	own := a.base.JoinPath("auth/login")
	own.RawQuery = query.Encode()
	return own.String(), true
}

// movedParam marks a login that was sent to the server's own address.
const movedParam = "moved"

func (a *Auth) login(c echo.Context) error {
	if own, ok := a.atOwnAddress(c.Request()); ok {
		return c.Redirect(http.StatusSeeOther, own)
	}
	next := safeNext(c.QueryParam("next"))
	p, ok := a.providerByName(c.QueryParam("issuer"))
	if !ok {
		to := url.Values{"next": {next}}
		if again := c.QueryParam("again"); again != "" {
			to.Set("again", again)
		}
		return c.Redirect(http.StatusSeeOther, "/sign-in?"+to.Encode())
	}
	o, err := p.oauth(a.redirectURL())
	if err != nil {
		return err
	}
	at := loginState{Issuer: p.config.Name, State: rand.Text(), Nonce: rand.Text(), Verifier: oauth2.GenerateVerifier(),
		Next: next, Began: time.Now(), Reauthenticate: c.QueryParam("again") != ""}
	if err := a.keepLogin(c, at); err != nil {
		return err
	}
	options := []oauth2.AuthCodeOption{oidc.Nonce(at.Nonce), oauth2.S256ChallengeOption(at.Verifier)}
	if at.Reauthenticate {
		// Both, since providers differ in which they follow; max_age also makes them
		// say when the login was (OpenID Connect Core 3.1.2.1).
		options = append(options, oauth2.SetAuthURLParam("prompt", "login"), oauth2.SetAuthURLParam("max_age", "0"))
	}
	return c.Redirect(http.StatusSeeOther, o.AuthCodeURL(at.State, options...))
}

func (a *Auth) callback(c echo.Context) error {
	r := c.Request()
	at, ok := a.takeLogin(c, c.QueryParam("state"))
	switch {
	case !ok:
		return unauthenticated("login_replayed", "this login does not belong to this browser, or was used already; log in again")
	case time.Since(at.Began) > loginWithin:
		return unauthenticated("login_too_slow", "the login took too long; log in again")
	case c.QueryParam("error") != "":
		return unauthenticated("login_refused", "the identity provider refused the login")
	}
	from, ok := a.providerByName(at.Issuer)
	if iss := c.QueryParam("iss"); !ok || iss != "" && iss != from.config.Issuer { // RFC 9207
		return unauthenticated("login_replayed", "this response is of another identity provider; log in again")
	}
	o, err := from.oauth(a.redirectURL())
	if err != nil {
		return err
	}
	token, err := o.Exchange(from.context(r.Context()), c.QueryParam("code"), oauth2.VerifierOption(at.Verifier))
	if err != nil {
		a.Log.WithError(err).Warn("the identity provider refused a login's code")
		return unauthenticated("login_refused", "the identity provider refused the login; log in again")
	}
	raw, _ := token.Extra("id_token").(string)
	p, _, err := from.verify(r.Context(), raw, from.config.ClientID, &at.Nonce)
	if err != nil {
		return err
	}
	if _, err := a.Refresh(r.Context(), p); err != nil {
		return err
	}
	if at.Reauthenticate && p.LoggedInAt.Before(at.Began.Add(-providerClockSkew)) {
		return unauthenticated("login_not_fresh", "the identity provider did not ask who you are again, or does not say that it did; nothing can be done here that needs a fresh login")
	}
	// A new session id, so that one planted before the login is worth nothing.
	if err := a.sessions.RenewToken(r.Context()); err != nil {
		return err
	}
	a.sessions.Put(r.Context(), personKey, p)
	return c.Redirect(http.StatusSeeOther, safeNext(at.Next))
}

// providerClockSkew is how far the provider's clock may be behind this one.
const providerClockSkew = time.Minute

func (a *Auth) logout(c echo.Context) error {
	if err := a.sessions.Destroy(c.Request().Context()); err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, "/signed-out")
}

// safeNext keeps people on this site after their login: a path of its own,
// nothing that a browser could read as another host.
func safeNext(next string) string {
	if !strings.HasPrefix(next, "/") || strings.HasPrefix(next, "//") || strings.ContainsAny(next, "\\\r\n\t") || len(next) > 2000 {
		return "/"
	}
	return next
}
