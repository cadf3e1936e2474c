// Package idp is an OpenID Connect provider for development: the real protocol,
// made-up people, no passwords. Everybody who reaches it can log in as anybody, so it listens
// on loopback only. Start starts it; Mint makes a token without it.
package idp

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/zitadel/oidc/v3/pkg/op"
	"golang.org/x/text/language"

	"ramp.dev/ramp/access"
)

// Config configures a provider.
type Config struct {
	Dir          string   // keeps the signing key, so that sessions and tokens outlive a restart
	Addr         string   // loopback
	RedirectURIs []string // of the web pages
}

// Provider is a running provider.
type Provider struct {
	Issuer   string
	server   *http.Server
	listener net.Listener
	served   chan struct{} // closed when nothing listens any more
}

// Start starts the provider. Errors are of code invalid, or conflict for a port
// that is taken.
func Start(c Config) (*Provider, error) {
	l, err := net.Listen("tcp", c.Addr)
	if err != nil {
		return nil, access.Errorf(access.CodeConflict, "the development identity provider cannot listen on %s: %w", c.Addr, err)
	}
	if !l.Addr().(*net.TCPAddr).IP.IsLoopback() {
		l.Close()
		return nil, access.Errorf(access.CodeInvalid, "the development identity provider lets anybody be anybody: %s is not a loopback address", c.Addr)
	}
	key, err := loadOrCreateKey(c.Dir)
	if err != nil {
		l.Close()
		return nil, err
	}
	issuer := IssuerAt(l.Addr().String())
	store := newStorage(key, c.RedirectURIs)
	provider, err := op.NewProvider(&op.Config{
		CryptoKey: key.crypto(), CodeMethodS256: true, SupportedUILocales: []language.Tag{language.English},
		SupportedScopes: scopes, SupportedClaims: claims,
		DeviceAuthorization: op.DeviceAuthorizationConfig{Lifetime: 10 * time.Minute, PollInterval: time.Second,
			UserFormPath: devicePath, UserCode: op.UserCodeBase20},
	}, store, op.StaticIssuer(issuer), op.WithAllowInsecure(), op.WithLogger(slog.New(slog.DiscardHandler)))
	if err != nil {
		l.Close()
		return nil, access.Errorf(access.CodeInternal, "the development identity provider: %w", err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /login", store.loginPage)
	mux.HandleFunc("POST /login", store.login(op.AuthCallbackURL(provider), op.NewIssuerInterceptor(provider.IssuerFromRequest)))
	mux.HandleFunc("GET "+devicePath, store.devicePage)
	mux.HandleFunc("POST "+devicePath, store.deviceLogin)
	mux.Handle("/", provider)
	p := &Provider{Issuer: issuer, listener: l, served: make(chan struct{}), server: &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}}
	go func() { _ = p.server.Serve(l); close(p.served) }()
	return p, nil
}

// IssuerAt returns the issuer of a provider that listens on addr.
func IssuerAt(addr string) string { return "http://" + addr }

// Stop stops the provider; its port is free afterwards. A server that is stopped before it
// has begun to serve closes its listener only when it begins.
func (p *Provider) Stop() {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	_ = p.server.Shutdown(ctx)
	<-p.served
}
