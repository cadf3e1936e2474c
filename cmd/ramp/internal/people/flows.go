package people

import (
	"context"
	"crypto/rand"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/client"
)

// scopes returns what a login asks for.
func scopes() []string { return []string{"openid", "profile", "email", "groups"} }

// deviceFlow logs in where there is no browser: a person takes a code to one
// elsewhere, and this waits (RFC 8628).
func deviceFlow(ctx context.Context, conf client.LoginConfig, show func(url, code string)) (*oauth2.Token, error) {
	provider, err := oidc.NewProvider(ctx, conf.Issuer)
	if err != nil {
		return nil, access.Errorf(access.CodeUnavailable, "the identity provider: %w", err)
	}
	o := oauth2.Config{ClientID: conf.ClientID, Endpoint: provider.Endpoint(), Scopes: scopes()}
	if o.Endpoint.DeviceAuthURL == "" {
		return nil, access.Errorf(access.CodeInvalid, "the identity provider offers no login by device; log in without --device")
	}
	begun, err := o.DeviceAuth(ctx)
	if err != nil {
		return nil, access.Errorf(access.CodeUnauthenticated, "the identity provider refused the login: %w", err)
	}
	show(begun.VerificationURI, begun.UserCode)
	token, err := o.DeviceAccessToken(ctx, begun)
	switch {
	case err != nil && ctx.Err() != nil:
		return nil, access.Errorf(access.CodeUnauthenticated, "nobody logged in before the time was over")
	case err != nil:
		return nil, access.Errorf(access.CodeUnauthenticated, "the identity provider refused the login: %w", err)
	}
	return token, nil
}

// codeFlow logs in with a code that comes back to a port on loopback, bound to
// this process by state and PKCE (RFC 8252).
func codeFlow(ctx context.Context, conf client.LoginConfig, show func(url string)) (*oauth2.Token, error) {
	provider, err := oidc.NewProvider(ctx, conf.Issuer)
	if err != nil {
		return nil, access.Errorf(access.CodeUnavailable, "the identity provider: %w", err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, access.Errorf(access.CodeUnavailable, "no port to come back to: %w", err)
	}
	o := oauth2.Config{ClientID: conf.ClientID, Endpoint: provider.Endpoint(), Scopes: scopes(),
		RedirectURL: "http://" + l.Addr().String() + "/callback"}
	state, verifier := rand.Text(), oauth2.GenerateVerifier()
	codes := make(chan string, 1)
	srv := &http.Server{ReadHeaderTimeout: 5 * time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/callback" || r.FormValue("state") != state {
			http.NotFound(w, r)
			return
		}
		fmt.Fprintln(w, "Done. Go back to your terminal.")
		select {
		case codes <- r.FormValue("code"):
		default:
		}
	})}
	go func() { _ = srv.Serve(l) }()
	defer func() {
		// The browser gets the page first.
		stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
		defer cancel()
		_ = srv.Shutdown(stop)
	}()
	show(o.AuthCodeURL(state, oauth2.S256ChallengeOption(verifier)))
	select {
	case code := <-codes:
		if code == "" {
			return nil, access.Errorf(access.CodeUnauthenticated, "the identity provider refused the login")
		}
		token, err := o.Exchange(ctx, code, oauth2.VerifierOption(verifier))
		if err != nil {
			return nil, access.Errorf(access.CodeUnauthenticated, "the identity provider refused the login: %w", err)
		}
		return token, nil
	case <-ctx.Done():
		return nil, access.Errorf(access.CodeUnauthenticated, "nobody logged in before the time was over")
	}
}
