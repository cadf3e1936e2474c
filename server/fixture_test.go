package server

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"io"
	"iter"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/codec"
	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/dev/idp"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/ledger"
	"ramp.dev/ramp/ledger/ledgertest"
	"ramp.dev/ramp/server/auth"
	"ramp.dev/ramp/server/limit"
	"ramp.dev/ramp/server/surface"
	"ramp.dev/ramp/workflows"
)

// fakeTemporal takes every message to a request that is not over, and counts them:
// what people are refused must not get this far.
type fakeTemporal struct {
	ledger   *ledger.Ledger
	messages atomic.Int64
	over     sync.Map // requests whose workflow is over
	summary  string   // of what each grant gives
}

func (f *fakeTemporal) Ping(context.Context) error { return nil }
func (f *fakeTemporal) Start(context.Context, access.Plan, evidence.Envelope) error {
	f.messages.Add(1)
	return nil
}
func (f *fakeTemporal) Resolve(_ context.Context, grants []access.PlannedGrant) ([]access.Scope, error) {
	out := make([]access.Scope, len(grants))
	for i := range out {
		out[i].Summary = f.summary
	}
	return out, nil
}
func (f *fakeTemporal) Decide(context.Context, string, evidence.Envelope) (workflows.DecideResult, error) {
	f.messages.Add(1)
	return workflows.DecideResult{}, nil
}

// Extend does what workflow and workers do: it writes the ordered end down.
func (f *fakeTemporal) Extend(ctx context.Context, id string, signed evidence.Envelope) (workflows.ExtendResult, error) {
	f.messages.Add(1)
	o, err := evidence.ReadExtension(signed)
	if err != nil {
		return workflows.ExtendResult{}, err
	}
	until := o.From.Add(o.Adds.Std())
	rows, err := f.ledger.Grants(ctx, ledger.GrantFilter{RequestID: id})
	for _, row := range rows {
		if err := f.ledger.MarkExtended(ctx, row.Name, until); err != nil {
			return workflows.ExtendResult{}, err
		}
	}
	return workflows.ExtendResult{ExpiresAt: until, Number: o.Number}, err
}

func (f *fakeTemporal) PickUp(context.Context, string, evidence.Envelope) (evidence.SealedCredential, error) {
	f.messages.Add(1)
	return evidence.SealedCredential{Suite: "test", Box: "test"}, nil
}
func (f *fakeTemporal) Deny(context.Context, string, evidence.Envelope) error { return nil }

func (f *fakeTemporal) End(_ context.Context, id string, _ workflows.EndRequest) error {
	if _, over := f.over.Load(id); over {
		return access.Errorf(access.CodeNotFound, "there is no such workflow")
	}
	f.messages.Add(1)
	return nil
}

// fixture is a server without Temporal and without a port: real identity
// provider, real ledger, real routes.
type fixture struct {
	*testing.T
	*Server
	ledger   *ledger.Ledger
	signer   *evidence.Signer
	sealer   *auth.Sealer
	temporal *fakeTemporal
	dir      string
	issuer   string
}

const example = "../contracts/examples/ssh.yaml"

func newFixture(t *testing.T, change ...func(*Config)) *fixture {
	t.Helper()
	return newFixtureWith(t, func(*fixture, *Deps) {}, change...)
}

// newFixtureWith lets a test change what the server works with.
func newFixtureWith(t *testing.T, deps func(*fixture, *Deps), change ...func(*Config)) *fixture {
	t.Helper()
	dir := t.TempDir()
	idp, err := idp.Start(idp.Config{Dir: dir, Addr: "127.0.0.1:0", RedirectURIs: []string{"https://ramp.test/auth/callback"}})
	require.NoError(t, err)
	t.Cleanup(idp.Stop)
	b, err := os.ReadFile(example)
	require.NoError(t, err)
	require.NoError(t, os.Mkdir(filepath.Join(dir, "contracts"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "contracts", "ssh.yaml"), b, 0o600))
	led, err := ledger.Open(context.Background(), "sqlite:"+filepath.Join(dir, "ledger.db"))
	require.NoError(t, err)
	t.Cleanup(func() { led.Close() })
	_, key, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	led.UseNotary(evidence.NewNotary(evidence.NewSigner(key), evidence.NewKeyring(key.Public())), nil)
	log := logrus.New()
	log.SetOutput(io.Discard)
	c := Config{Listen: "127.0.0.1:0", URL: "https://ramp.test", Contracts: field.File(filepath.Join(dir, "contracts")),
		Identity: auth.Config{Issuer: idp.Issuer}, Operators: []string{"operators"}, Auditors: []string{"security"}, MaxOpen: 10_000,
		Limits: LimitsConfig{Person: limit.Rate{PerSecond: 1e6, Burst: 1e6}, Address: limit.Rate{PerSecond: 1e6, Burst: 1e6}}}
	for _, f := range change {
		f(&c)
	}
	payloads, err := codec.New(codec.Key{1})
	require.NoError(t, err)
	sealer, err := auth.NewSealer(field.Key{1})
	require.NoError(t, err)
	f := &fixture{T: t, sealer: sealer, ledger: led, signer: evidence.NewSigner(key), temporal: &fakeTemporal{ledger: led}, dir: dir, issuer: idp.Issuer}
	d := Deps{Ledger: led, Signer: f.signer, Sealer: sealer, Codec: payloads, Log: log}
	deps(f, &d)
	f.Server, err = build(c, d, f.temporal)
	require.NoError(t, err)
	return f
}

// token is a bearer token of one of the development provider's people.
func (f *fixture) token(person string) string { return f.tokenOf(person, 0) }

// tokenOf is one of a login so long ago.
func (f *fixture) tokenOf(person string, ago time.Duration) string {
	f.Helper()
	token, err := idp.Mint(f.dir, f.issuer, person, "ramp", time.Hour, ago)
	require.NoError(f, err)
	return token
}

// streamed ends a stream at its first flush.
type streamed struct {
	*httptest.ResponseRecorder
	end context.CancelFunc
}

func (s streamed) Flush() { s.ResponseRecorder.Flush(); s.end() }

// call sends one request to the handler, as a person if there is one.
func (f *fixture) call(token, method, path, contentType, body string) *httptest.ResponseRecorder {
	return f.callWith(token, method, path, contentType, body)
}

// callWith sends one with more headers, each name before its value.
func (f *fixture) callWith(token, method, path, contentType, body string, header ...string) *httptest.ResponseRecorder {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	r := httptest.NewRequestWithContext(ctx, method, "http://ramp.test"+path, strings.NewReader(body))
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	f.handler.ServeHTTP(streamed{w, cancel}, r)
	return w
}

// routes are all routes of all surfaces.
func (f *fixture) routes() iter.Seq2[surface.Surface, surface.Route] {
	return func(yield func(surface.Surface, surface.Route) bool) {
		for _, s := range f.surfaces {
			for _, r := range s.Routes {
				if !yield(s, r) {
					return
				}
			}
		}
	}
}

// address is a route's path about a request.
func address(route surface.Route, r access.Request) string {
	return strings.NewReplacer(":id", r.ID, ":contract", "ssh-demo", ":param", "none", ":event", "1", ":name", "ramp.css", "*", "entries/000.p/1").Replace(route.Path)
}

const jsonType = "application/json"

// request puts a request of alice's, in a state of its life, into the ledger.
func (f *fixture) request(state access.State) access.Request {
	f.Helper()
	w := f.call(f.token("alice"), "POST", "/api/v1/requests", jsonType,
		`{"contract": "ssh-demo", "duration": "30m", "reason": "for a request that is `+string(state)+`"}`)
	require.Equal(f, http.StatusCreated, w.Code, "%s", w.Body)
	var r access.Request
	require.NoError(f, json.Unmarshal(w.Body.Bytes(), &r))
	now := time.Now().UTC()
	if state.Final() {
		f.temporal.over.Store(r.ID, true)
	}
	ledgertest.Bring(f, f.ledger, r, state, now, now.Add(30*time.Minute))
	r, err := f.ledger.Request(context.Background(), r.ID)
	require.NoError(f, err)
	require.Equal(f, state, r.State)
	return r
}
