package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/spf13/cobra"
	"golang.org/x/oauth2"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/client"
)

func loginCommand() *cobra.Command {
	var o common
	var at string
	var device bool
	c := &cobra.Command{
		Use: "login", Short: "Log in at the identity provider, in the browser", GroupID: "people", Args: cobra.NoArgs,
		Long:    "Opens nothing by itself: it prints an address to open in a browser on this machine, and waits until you have logged in there.\nPrograms set RAMP_TOKEN instead.",
		Example: "  ramp login\n  ramp login --device\n  ramp login --server https://ramp.example.com",
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, cancel := context.WithTimeout(cmd.Context(), 10*time.Minute)
			defer cancel()
			c := client.New(o.server, "")
			conf, err := c.LoginConfig(ctx)
			if err == nil {
				conf, err = conf.Provider(at)
			}
			if err != nil {
				return err
			}
			say := cmd.ErrOrStderr()
			var token *oauth2.Token
			if device {
				token, err = deviceFlow(ctx, conf, func(url, code string) {
					fmt.Fprintf(say, "Open this in any browser, and log in there with the code %s:\n\n  %s\n\n", clean(code), clean(url))
				})
			} else {
				token, err = codeFlow(ctx, conf, func(url string) {
					fmt.Fprintf(say, "Open this in a browser on this machine, and log in:\n\n  %s\n\n", url)
				})
			}
			if err != nil {
				return err
			}
			me, err := client.New(o.server, token.AccessToken).Me(ctx)
			if err != nil {
				return err
			}
			b, err := json.Marshal(saved{Token: token.AccessToken, Expires: token.Expiry})
			if err != nil {
				return err
			}
			if err := o.keep("login", string(b)); err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "Logged in as %s (%s) until %s.\n", me.Label(), me.ID, token.Expiry.Local().Format(time.Kitchen))
			return nil
		},
	}
	o.flags(c)
	c.Flags().BoolVar(&device, "device", false, "log in with a browser on another machine, by a code")
	c.Flags().StringVar(&at, "at", "", "the identity provider, by its name, where there are several")
	return c
}

func logoutCommand() *cobra.Command {
	var o common
	var everywhere bool
	c := &cobra.Command{
		Use: "logout", Short: "Forget the login on this machine", GroupID: "people", Args: cobra.NoArgs,
		Long:    "Forgets the login that `ramp login` kept on this machine. With --everywhere, your sessions in every browser end too.\nA token that was copied elsewhere ends at its own time. Access that is open goes on until its end.",
		Example: "  ramp logout\n  ramp logout --everywhere",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if everywhere {
				c, err := o.client()
				if err == nil {
					err = c.SignOut(cmd.Context())
				}
				if err != nil {
					return err
				}
			}
			if err := os.Remove(o.file("login")); err != nil && !errors.Is(err, os.ErrNotExist) {
				return access.Errorf(access.CodeUnavailable, "the login cannot be forgotten: %w", err)
			}
			fmt.Fprintln(cmd.OutOrStdout(), "Logged out.")
			return nil
		},
	}
	o.flags(c)
	c.Flags().BoolVar(&everywhere, "everywhere", false, "end your sessions in every browser too")
	return c
}

// scopes are what a login asks for.
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
		return nil, access.Errorf(access.CodeUnauthenticated, "nobody logged in")
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
		// The browser gets its answer first.
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
		return nil, access.Errorf(access.CodeUnauthenticated, "nobody logged in")
	}
}
