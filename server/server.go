// Package server is the process that faces people: it puts the surfaces (pages,
// JSON API, SCIM, codec endpoint) together and bounds what callers may use. It
// holds no target's credentials.
package server

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/sirupsen/logrus"
	"go.temporal.io/sdk/client"
	"golang.org/x/sync/errgroup"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/chat/slack"
	"ramp.dev/ramp/codec"
	"ramp.dev/ramp/contracts"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/facts"
	"ramp.dev/ramp/feed"
	"ramp.dev/ramp/ledger"
	"ramp.dev/ramp/ledger/verified"
	"ramp.dev/ramp/passkey"
	"ramp.dev/ramp/server/api"
	"ramp.dev/ramp/server/app"
	"ramp.dev/ramp/server/auth"
	"ramp.dev/ramp/server/chatops"
	"ramp.dev/ramp/server/codecserver"
	"ramp.dev/ramp/server/decisionhook"
	"ramp.dev/ramp/server/gateway"
	"ramp.dev/ramp/server/mcpserver"
	"ramp.dev/ramp/server/pages"
	"ramp.dev/ramp/server/proposals"
	"ramp.dev/ramp/server/scim"
	"ramp.dev/ramp/server/surface"
	"ramp.dev/ramp/server/tickethook"
)

// Deps are what a server works with.
type Deps struct {
	Temporal client.Client
	// Namespace is Temporal's, for links to its UI; "default" if empty.
	Namespace string
	Ledger    *ledger.Ledger
	Signer    *evidence.Signer
	Sealer    *auth.Sealer     // seals sessions; nil: with a key of this process alone
	Trusted   evidence.Keyring // public keys of servers, beside the Signer's own, whose statements are shown
	Workers   evidence.Keyring // public keys of workers, whose credentials and scopes are passed on
	Codec     *codec.Codec     // nil: what Temporal keeps is not encrypted
	Passkeys  *passkey.File    // nil: none are known
	// Checkpoint is the file that keeps the last signed checkpoint where Config names
	// none; it is forgotten with the process if both are empty.
	Checkpoint string
	Version    string // of this build, as agents are told it
	Log        logrus.FieldLogger
}

// Server serves people and programs. Make one with New, then Run it.
type Server struct {
	config       Config
	log          logrus.FieldLogger
	contracts    *contracts.Store
	signer       *evidence.Signer
	app          *app.App
	api          *api.API
	ledger       *ledger.Ledger
	feed         *feed.Feed
	surfaces     []surface.Surface
	handler      http.Handler
	registry     *prometheus.Registry
	requests     requestMetrics
	dependencies []dependency
	commits      *proposals.Commits // nil: contracts come from a directory, or nobody proposes them
	chat         *chatops.Workspace // nil: no chat service is set up
	listener     net.Listener
	metrics      net.Listener
}

// New checks the configuration, loads the contracts and takes the ports. Errors
// are CodeInvalid, or CodeConflict for a port that is taken.
func New(c Config, d Deps) (*Server, error) {
	s, err := build(c, d, gateway.New(d.Temporal, d.Workers).UseMeanings(d.Ledger))
	if err != nil {
		return nil, err
	}
	if s.listener, err = listen(c.Listen); err != nil {
		return nil, err
	}
	if c.Metrics != "" {
		if s.metrics, err = listen(c.Metrics); err != nil {
			s.listener.Close()
			return nil, err
		}
	}
	return s, nil
}

// temporal is what the server needs of Temporal.
type temporal interface {
	app.Gateway
	Ping(context.Context) error
}

// build makes everything but the ports.
func build(c Config, d Deps, t temporal) (*Server, error) {
	if issues := c.Validate(); len(issues) > 0 {
		return nil, access.Invalid(issues...)
	}
	base, err := url.Parse(c.URL)
	if err != nil {
		return nil, err
	}
	source, repository, err := contractSource(c, d)
	if err != nil {
		return nil, err
	}
	store, err := contracts.NewStore(source, d.Log)
	if err != nil {
		return nil, err
	}
	directory, err := putInForce(context.Background(), c.SCIM, d.Ledger, d.Log)
	if err != nil {
		return nil, err
	}
	linkConfigured(context.Background(), c.Identity.Links, d.Ledger, d.Log)
	identity, err := auth.New(c.Identity, base, auth.Deps{Log: d.Log, Directory: directory, Accounts: d.Ledger, Store: d.Ledger, Sealer: d.Sealer, CallerAddress: c.Limits.callerAddress()})
	if err != nil {
		return nil, err
	}
	s := &Server{config: c, log: d.Log, contracts: store, signer: d.Signer, ledger: d.Ledger, feed: feed.New(d.Ledger, d.Log, feed.Options{}), registry: newRegistry()}
	s.requests = newRequestMetrics(s.registry)
	s.registry.MustRegister(feed.Metrics{Ledger: d.Ledger}, contractMetrics{store})
	work := s.work(d)
	work.Gateway, work.Directory, work.External = t, directory, c.external(identity)
	if work.Witnesses, err = c.witnesses(); err != nil {
		return nil, err
	}
	s.proposed(&work, repository)
	s.app = app.New(work)
	s.registry.MustRegister(logBroken(s.app), reviewOverdue(s.app), dropFailed(s.app))
	if c.Witnesses.On() {
		s.registry.MustRegister(witnessMetrics{s.app, c.Witnesses.Names()})
	}
	s.dependencies = []dependency{{"ledger", seldom(d.Ledger.Ping)}, {"temporal", seldom(t.Ping)}, {"identity", seldom(identity.Ping)},
		{"contracts", func(context.Context) error { return c.publicly(store.LoadError()) }}}
	if err := s.face(d, identity); err != nil {
		return nil, err
	}
	router, err := s.mount(s.surfaces)
	if err != nil {
		return nil, err
	}
	s.handler = identity.LoadSession(router)
	return s, nil
}

// work is what the use cases work with, beside who decides and who is told.
func (s *Server) work(d Deps) app.Config {
	c := s.config
	altered := prometheus.NewCounter(prometheus.CounterOpts{Name: "ramp_ledger_altered_total",
		Help: "Requests that the ledger says otherwise than they were signed, as they were found."})
	unknown := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "ramp_facts_unknown_total",
		Help: "Facts that contracts asked for and that could not be known."}, []string{"source"})
	s.registry.MustRegister(altered, unknown)
	out := app.Config{Contracts: s.contracts, Ledger: d.Ledger, Feed: s.feed, Signer: d.Signer, Trusted: d.Trusted, Workers: d.Workers, Codec: d.Codec,
		ProposalContract: c.Proposals.Contract, ProposalTarget: c.Proposals.TargetName(),
		Inventories: &verified.Inventories{Ledger: d.Ledger, Workers: d.Workers, Log: d.Log},
		States:      &verified.TargetStates{Ledger: d.Ledger, Workers: d.Workers, Log: d.Log, Now: time.Now},
		Facts:       facts.New(c.Facts, d.Log, func(source string) { unknown.WithLabelValues(source).Inc() }), FactSources: slices.Collect(maps.Keys(c.Facts)),
		Altered: altered.Inc, Log: d.Log, Operators: c.Operators, Auditors: c.Auditors, Reviews: c.Review.app(), Drop: c.Drop.app(), MaxOpen: c.MaxOpen}
	if file := cmp.Or(string(c.Checkpoint), d.Checkpoint); file != "" {
		out.Checkpoints = checkpointFile(file)
	} else {
		d.Log.Warn("server.checkpoint is not set: once this process has ended, nothing tells whether the log still holds what it signed")
	}
	if d.Passkeys != nil {
		out.Passkeys = d.Passkeys
		if c.EnrolInPage {
			out.EnrolPasskey = d.Passkeys.Add
		}
	}
	return out
}

// external are the programs whose users people link.
func (c Config) external(identity *auth.Auth) (out app.ExternalConfig) {
	out.Refresh = identity.Refresh
	if c.Slack.On() {
		out.Services = append(out.Services, app.ExternalService{Service: string(access.ViaSlack), Name: "Slack", Command: "/ramp link", Asks: true, LoginMax: c.Slack.LoginMax.Std()})
	}
	if c.Decisions.On() {
		out.Services = append(out.Services, app.ExternalService{Service: decisionhook.Service, Name: c.Decisions.Name})
	}
	out.Services = append(out.Services, c.Tickets.Services()...)
	return out
}

// face makes what people and programs reach, by what is configured.
func (s *Server) face(d Deps, identity *auth.Auth) error {
	c := s.config
	web, err := pages.New(s.app, identity, pages.TemporalUI{Address: c.TemporalUI, Namespace: d.Namespace})
	if err != nil {
		return err
	}
	s.api = api.New(s.app, identity)
	login := identity.Surface()
	login.RenderError = web.RenderError // who logs in sees it in a browser
	s.surfaces = []surface.Surface{s.health(), login, s.api.Surface(), s.api.ContractSets(),
		codecserver.Surface(s.app, identity, c.TemporalUI), web.StaticFiles(), web.Surface(), mcpserver.New(s.app, identity, c.URL, d.Version).Surface()}
	if c.SCIM.DirectoryMode().Enabled {
		s.surfaces = append(s.surfaces, scim.New(c.SCIM, d.Ledger, c.URL, d.Log).Surface())
	}
	if c.Decisions.On() {
		s.surfaces = append(s.surfaces, decisionhook.New(c.Decisions, s.app, d.Ledger, d.Log).Surface())
	}
	signed := &verified.Requests{Ledger: d.Ledger, Keys: d.Trusted.With(d.Signer.Public()), Log: d.Log, Now: time.Now}
	if c.Tickets.On() {
		s.surfaces = append(s.surfaces, tickethook.New(c.Tickets, s.app, d.Ledger, signed.Request, d.Log).Surfaces()...)
	}
	if c.Slack.On() {
		s.chat = chatops.New(chatops.Config{Service: slack.New(c.Slack), Channel: c.Slack.ChannelOf, Reasons: c.Slack.Reasons, Pages: strings.TrimSuffix(c.URL, "/"), App: s.app, Ledger: d.Ledger, Requests: signed.Request, Log: d.Log})
		if !s.chat.Service.Listens() {
			s.surfaces = append(s.surfaces, s.chat.Surface())
		}
		s.registry.MustRegister(chatops.Metrics{Ledger: d.Ledger, Connected: s.chat.Connected})
	}
	return nil
}

func listen(addr string) (net.Listener, error) {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, access.Errorf(access.CodeConflict, "cannot listen on %s: %w", addr, err)
	}
	return l, nil
}

// Addr returns where the server listens.
func (s *Server) Addr() net.Addr { return s.listener.Addr() }

// stopWithin is how long requests under way may take when the server stops.
const stopWithin = 10 * time.Second

// Run serves until ctx ends, then lets requests under way finish.
func (s *Server) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { s.contracts.Run(ctx); return nil })
	g.Go(func() error { s.recordContracts(ctx); return nil })
	g.Go(func() error { s.app.StartUnstarted(ctx); return nil })
	g.Go(func() error { s.app.RecordRefusals(ctx); return nil })
	g.Go(func() error { s.app.KeepCheckpoint(ctx); return nil })
	g.Go(func() error { s.app.CosignCheckpoints(ctx); return nil })
	g.Go(func() error { s.app.ResendStops(ctx); return nil })
	g.Go(func() error { s.app.SendApproved(ctx); return nil })
	g.Go(func() error { s.app.ConfirmStarts(ctx); return nil })
	g.Go(func() error { s.app.RuleOutNotBegun(ctx); return nil })
	g.Go(func() error { s.app.EndByConditions(ctx); return nil })
	g.Go(func() error { s.app.CheckClosings(ctx); return nil })
	g.Go(func() error { s.app.KeepWorkerKeys(ctx); return nil })
	g.Go(func() error { s.app.ForgetUploads(ctx); return nil })
	g.Go(func() error { s.app.KeepReviews(ctx); return nil })
	g.Go(func() error { s.app.DropBodies(ctx); return nil })
	g.Go(func() error { s.feed.Run(ctx); return nil })
	g.Go(func() error { s.signRecords(ctx); return nil })
	if s.commits != nil {
		g.Go(func() error { s.commits.Run(ctx); return nil })
	}
	if s.chat != nil {
		g.Go(func() error { s.chat.Run(ctx, s.feed); return nil })
	}
	g.Go(func() error { return serve(ctx, s.listener, s.handler, defaultTimeouts) })
	if s.metrics != nil {
		g.Go(func() error { return serve(ctx, s.metrics, metricsHandler(s.registry), defaultTimeouts) })
	}
	return g.Wait()
}

func serve(ctx context.Context, l net.Listener, h http.Handler, t timeouts) error {
	srv := t.server(h)
	// Streams end with the server, not after stopWithin.
	srv.BaseContext = func(net.Listener) context.Context { return ctx }
	ended := make(chan error, 1)
	go func() { ended <- srv.Serve(l) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopWithin)
	defer cancel()
	if err := srv.Shutdown(stop); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	<-ended // a server that is stopped before it has begun to serve closes its listener only when it begins
	return nil
}
