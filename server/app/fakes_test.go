package app

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/tlog"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/contracts"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/ledger"
)

var testTime = time.Date(2026, 3, 1, 2, 14, 0, 0, time.UTC)

const testContract = `
apiVersion: ramp/v1
kind: Contract
metadata: {name: orders, owner: team-data}
description: Read the orders database.
request: {who: '"engineering" in person.groups', reason: {minLength: 10}}
duration: {default: 30m, max: 1h}
grants: [{target: postgres/orders, entitlement: {role: readonly}}]
approval: {pendingFor: 1h, stages: [{name: leads, from: [leads], approvals: 1}]}
extend: {times: 1, upTo: 1h}
`

var (
	alice = person("alice", "engineering")
	bob   = person("bob", "engineering", "leads")
	dave  = person("dave")
	oscar = person("oscar", "operators")
	carol = person("carol", "auditors")
)

func person(id string, groups ...string) access.Actor {
	return access.Actor{Person: access.Person{ID: id, Kind: access.KindHuman, Groups: groups}, Via: access.ViaAPI}
}

type contractSet struct{ *contracts.Set }

func (s contractSet) Current() *contracts.Set     { return s.Set }
func (s contractSet) Status() contracts.Status    { return contracts.Status{Version: s.Version} }
func (s contractSet) Files() access.ContractFiles { return nil }

// fakeLedger keeps what it is given in memory.
type fakeLedger struct {
	Ledger     // what a test does not expect panics
	signer     *evidence.Signer
	t          *testing.T
	requests   map[string]access.Request
	submitted  []ledger.Submission
	started    []string
	events     []access.Event
	submitErr  error
	appendErr  error
	tree       ledger.Tree
	links      map[string]string // account to human
	calls      []string          // in order, with those of the gateway
	lists      int               // how often requests were listed
	unreadable bool
	pingErr    error
	refused    func() // forgets what was refused lately

	statements  []access.Statement
	reviews     map[string][]byte // signed, by request
	ordered     map[string]access.EndOrder
	undelivered []ledger.Denial
	extendedTo  time.Time // what workers have written down of every grant's end
	orderErr    error     // of what records an order to end, or a denial
}

func (l *fakeLedger) Submit(_ context.Context, s ledger.Submission) (bool, error) {
	l.calls = append(l.calls, "ledger.Submit")
	if l.submitErr != nil {
		return false, l.submitErr
	}
	l.submitted = append(l.submitted, s)
	if _, known := l.requests[s.Request.ID]; known {
		return false, nil
	}
	s.Request.PlanEnvelope = s.PlanEnvelope
	l.requests[s.Request.ID] = s.Request
	return true, nil
}

func (l *fakeLedger) Request(_ context.Context, id string) (access.Request, error) {
	if l.unreadable {
		return access.Request{}, access.Errorf(access.CodeUnavailable, "the database is down")
	}
	r, ok := l.requests[id]
	if !ok {
		return r, access.Errorf(access.CodeNotFound, "there is no request %q", id)
	}
	return r, nil
}

// Requests lists all requests by id, one page for each Limit; a cursor is the id
// to go on after.
func (l *fakeLedger) Requests(_ context.Context, f ledger.RequestFilter) ([]access.Request, string, error) {
	l.lists++
	var ids []string
	for id, r := range l.requests {
		if id > f.Cursor && (len(f.States) == 0 && !f.Asked || slices.Contains(f.States, r.State) || f.Asked && r.State == access.StateActive) && (f.Requester == "" || f.Requester == r.Requester.ID) {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	next := ""
	if f.Limit == 0 {
		f.Limit = 50
	}
	if len(ids) > f.Limit {
		ids = ids[:f.Limit]
		next = ids[f.Limit-1]
	}
	var out []access.Request
	for _, id := range ids {
		out = append(out, l.requests[id])
	}
	return out, next, nil
}

// put writes a request as Ramp would: with its plan and its decisions signed, and what
// they come to. It returns the request as it is then.
func (l *fakeLedger) put(r access.Request) access.Request {
	l.t.Helper()
	r.Plan.RequestID, r.Plan.Requester, r.Plan.Contract, r.Plan.CreatedAt = r.ID, r.Requester, r.Contract, r.CreatedAt
	e, digest, err := l.signer.SignPlan(r.Plan)
	require.NoError(l.t, err)
	r.Plan.Digest = digest
	r.PlanEnvelope, err = json.Marshal(e)
	require.NoError(l.t, err)
	r.Decisions = slices.Clone(r.Decisions)
	for i := range r.Decisions {
		d := &r.Decisions[i]
		d.RequestID, d.PlanDigest = r.ID, digest
		if d.At.IsZero() {
			d.At = r.CreatedAt
		}
	}
	_, r.Stages = r.Plan.Rule.Tally(r.Plan, r.Plan.Digest, r.Decisions)
	l.requests[r.ID] = r
	return r
}

func (l *fakeLedger) ShownStatements(_ context.Context, ids ...string) (map[string][][]byte, error) {
	out := map[string][][]byte{}
	for _, id := range ids {
		for _, d := range l.requests[id].Decisions {
			e, err := l.signer.SignDecision(d)
			require.NoError(l.t, err)
			b, err := json.Marshal(e)
			require.NoError(l.t, err)
			out[id] = append(out[id], b)
		}
		for _, s := range l.statements {
			if s.RequestID == id && (strings.HasPrefix(s.Key, access.KeyAskedPrefix) || strings.HasPrefix(s.Key, access.KeyEndPrefix)) {
				out[id] = append(out[id], s.Envelope)
			}
		}
		if b := l.reviews[id]; b != nil {
			out[id] = append(out[id], b)
		}
	}
	return out, nil
}

func (l *fakeLedger) MarkStarted(_ context.Context, id string) error {
	l.started = append(l.started, id)
	return nil
}

func (l *fakeLedger) Unstarted(_ context.Context, before time.Time) ([]ledger.Submission, error) {
	var out []ledger.Submission
	for _, s := range l.submitted {
		if s.Request.CreatedAt.Before(before) && !slices.Contains(l.started, s.Request.ID) {
			out = append(out, s)
		}
	}
	return out, nil
}

// LastSeq counts what was recorded by AppendEvent alone.
func (l *fakeLedger) LastSeq(context.Context) (int64, error) { return int64(len(l.events)), nil }

// ConditionEvents returns what AppendEvent has recorded of conditions.
func (l *fakeLedger) ConditionEvents(_ context.Context, ids ...string) (map[string][]access.Event, error) {
	out := map[string][]access.Event{}
	for _, e := range l.events {
		if slices.Contains(ids, e.RequestID) && (e.Kind == access.EventConditionUnknown || e.Kind == access.EventConditionKnown) {
			out[e.RequestID] = append(out[e.RequestID], e)
		}
	}
	return out, nil
}

func (l *fakeLedger) AppendEvent(_ context.Context, e access.Event) error {
	if l.appendErr == nil {
		l.events = append(l.events, e)
	}
	return l.appendErr
}

func (l *fakeLedger) Advance(_ context.Context, t access.Transition) error {
	l.calls = append(l.calls, "ledger.Advance")
	for _, s := range t.Statements {
		s.RequestID = t.RequestID
		l.statements = append(l.statements, s)
	}
	return l.orderErr
}

func (l *fakeLedger) AskExtension(ctx context.Context, o access.ExtensionOrder, envelope []byte, _ int) error {
	t := access.ExtensionAsked(o, envelope)
	t.RequestID = o.RequestID
	return l.Advance(ctx, t)
}

func (l *fakeLedger) OrderEnd(_ context.Context, o access.EndOrder, envelope []byte) error {
	l.calls = append(l.calls, "ledger.OrderEnd")
	if l.orderErr != nil {
		return l.orderErr
	}
	if state := l.requests[o.RequestID].State; state.Final() {
		if slices.ContainsFunc(l.statements, func(s access.Statement) bool { return s.RequestID == o.RequestID && s.Key == access.KeyEnd(o) }) {
			return access.Refuse(access.CodeConflict, ledger.IssueEndedBySame, "the request is %s, as the same person ordered before", state)
		}
		return access.Refuse(access.CodeConflict, "wrong_state", "the request is %s", state)
	}
	if l.ordered == nil {
		l.ordered = map[string]access.EndOrder{}
	}
	l.ordered[o.RequestID] = o
	l.statements = append(l.statements, access.Statement{RequestID: o.RequestID, Key: access.KeyEnd(o), Envelope: envelope})
	return nil
}

// Grants returns the grants of a request's plan, as workers have written them down.
func (l *fakeLedger) Grants(_ context.Context, f ledger.GrantFilter) (out []ledger.GrantRecord, err error) {
	for _, g := range l.requests[f.RequestID].Plan.Grants {
		out = append(out, ledger.GrantRecord{Status: ledger.GrantOpen, Grant: access.Grant{Name: g.Name, RequestID: f.RequestID, ExpiresAt: l.extendedTo}})
	}
	return out, nil
}

func (l *fakeLedger) EndOrders(context.Context) (map[string]access.EndOrder, error) {
	return l.ordered, nil
}

func (l *fakeLedger) Undelivered(context.Context) ([]ledger.Denial, error) { return l.undelivered, nil }

func (l *fakeLedger) LinkAccount(ctx context.Context, account, human string, e access.Event) error {
	l.links[account] = human
	return l.AppendEvent(ctx, e)
}

func (l *fakeLedger) LinkedHumans(_ context.Context, accounts ...string) (map[string]string, error) {
	out := map[string]string{}
	for _, account := range accounts {
		if human, linked := l.links[account]; linked {
			out[account] = human
		}
	}
	return out, nil
}

func (l *fakeLedger) UnlinkAccount(ctx context.Context, account string, e access.Event) error {
	delete(l.links, account)
	return l.AppendEvent(ctx, e)
}

func (l *fakeLedger) AccountLinks(context.Context) (out []access.AccountLink, err error) {
	for account, human := range l.links {
		out = append(out, access.AccountLink{Account: account, Human: human})
	}
	return out, nil
}

func (l *fakeLedger) Ping(context.Context) error { return l.pingErr }

func (l *fakeLedger) Tree(context.Context) (ledger.Tree, error) { return l.tree, nil }

func (l *fakeLedger) KeepCheckpoint(context.Context, string, int64, string, time.Time) error {
	return nil
}

// HashReader reads no hash: the log is empty.
func (l *fakeLedger) HashReader(context.Context) tlog.HashReader { return nil }

// refusedWith returns the code of the one refusal that was recorded, and forgets
// it.
func (l *fakeLedger) refusedWith() string {
	l.t.Helper()
	require.Len(l.t, l.events, 1)
	e := l.events[0]
	l.events = nil
	l.refused()
	require.Contains(l.t, []access.EventKind{access.EventActRefused, access.EventDecisionRefused}, e.Kind)
	require.Equal(l.t, string(access.ViaAPI), e.Detail[access.DetailVia])
	return e.Detail["code"]
}

// fixture is the use cases over fakes.
type fixture struct {
	*App
	t       *testing.T
	ledger  *fakeLedger
	gateway *fakeGateway
	keyring evidence.Keyring
	now     time.Time
}

func newFixture(t *testing.T, change ...func(*Config)) *fixture {
	t.Helper()
	set, err := contracts.Parse(map[string][]byte{"orders.yaml": []byte(testContract)})
	require.NoError(t, err)
	public, key, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	log := logrus.New()
	log.SetOutput(io.Discard)
	f := &fixture{t: t, ledger: &fakeLedger{t: t, signer: evidence.NewSigner(key), requests: map[string]access.Request{}, links: map[string]string{}}, keyring: evidence.NewKeyring(public), now: testTime}
	f.ledger.extendedTo = testTime.Add(time.Hour)
	f.gateway = &fakeGateway{ledger: f.ledger}
	c := Config{Contracts: contractSet{set}, Ledger: f.ledger, Signer: evidence.NewSigner(key), Gateway: f.gateway, Log: log,
		Operators: []string{"operators"}, Auditors: []string{"auditors"}, Now: func() time.Time { return f.now }}
	for _, change := range change {
		change(&c)
	}
	f.App = New(c)
	f.ledger.refused = func() { clear(f.counts.recent) }
	return f
}

var testInput = access.RequestInput{Contract: "orders", Reason: "look into the night's orders"}

// request puts a request of alice's, in a state, into the ledger.
func (f *fixture) request(s access.State) access.Request {
	f.t.Helper()
	in := testInput
	in.Reason += " " + string(s)
	r, created, err := f.Submit(f.t.Context(), alice, in, "")
	require.NoError(f.t, err)
	require.True(f.t, created)
	r.State = s
	if s.MayHaveAccess() {
		end := f.now.Add(30 * time.Minute)
		r.ActiveAt, r.ExpiresAt = &f.now, &end
	}
	f.ledger.requests[r.ID] = r
	return r
}
