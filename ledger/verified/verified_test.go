package verified_test

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/ledger"
	"ramp.dev/ramp/ledger/verified"
)

// counting counts the signatures that are verified.
type counting struct {
	evidence.Keyring
	plans, decisions int
}

func (c *counting) VerifyPlan(e evidence.Envelope) (access.Plan, error) {
	c.plans++
	return c.Keyring.VerifyPlan(e)
}

func (c *counting) VerifyDecision(e evidence.Envelope) (access.Decision, error) {
	c.decisions++
	return c.Keyring.VerifyDecision(e)
}

func quiet() *logrus.Logger {
	l := logrus.New()
	l.SetOutput(io.Discard)
	return l
}

// book is a ledger with one request.
type book struct {
	request    access.Request
	statements [][]byte
	down       bool          // events cannot be recorded
	takes      time.Duration // to record one
	events     []access.Event
}

func (b *book) Request(context.Context, string) (access.Request, error) { return b.request, nil }
func (b *book) Requests(context.Context, ledger.RequestFilter) ([]access.Request, string, error) {
	return []access.Request{b.request}, "", nil
}
func (b *book) ShownStatements(context.Context, ...string) (map[string][][]byte, error) {
	return map[string][][]byte{b.request.ID: b.statements}, nil
}
func (b *book) Removal(_ context.Context, event int64) ([]byte, error) {
	return nil, access.Errorf(access.CodeNotFound, "there is no signed removal of event %d", event)
}
func (b *book) Tree(context.Context) (ledger.Tree, error) { return ledger.Tree{}, nil }
func (b *book) AppendEvent(ctx context.Context, e access.Event) error {
	if b.down {
		return errors.New("the ledger is down")
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(b.takes):
	}
	b.events = append(b.events, e)
	return nil
}

func envelope(t *testing.T, e evidence.Envelope, err error) []byte {
	t.Helper()
	require.NoError(t, err)
	b, err := json.Marshal(e)
	require.NoError(t, err)
	return b
}

// TestCase53VerifiedOnce: each signed text is verified once, however often it is read;
// another text is verified, and what the columns say is never believed.
func TestCase53VerifiedOnce(t *testing.T) {
	_, key, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	_, stranger, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	signer, at := evidence.NewSigner(key), time.Date(2026, 11, 24, 2, 14, 0, 0, time.UTC)
	alice, bob := access.Person{ID: "alice", Kind: access.KindHuman}, access.Person{ID: "bob", Kind: access.KindHuman, Groups: []string{"leads"}}
	id := access.NewRequestID()
	plan := access.Plan{RequestID: id, Contract: "orders", Requester: alice, CreatedAt: at,
		Rule: access.Rule{DenyThreshold: 1, Stages: []access.Stage{{Name: "leads", From: []string{"leads"}, Approvals: 2}}}}
	signed, digest, err := signer.SignPlan(plan)
	plan.Digest = digest
	b := &book{request: access.Request{ID: id, State: access.StatePending, Contract: "orders", Requester: alice, CreatedAt: at, Plan: plan, PlanEnvelope: envelope(t, signed, err)}}
	d := access.Decision{RequestID: id, PlanDigest: digest, Approver: bob, Verdict: access.Approve, At: at.Add(time.Minute)}
	byBob, err := signer.SignDecision(d)
	b.statements = [][]byte{envelope(t, byBob, err)}
	b.request.Decisions = []access.Decision{d}
	_, b.request.Stages = plan.Rule.Tally(plan, digest, b.request.Decisions)
	keys := &counting{Keyring: evidence.NewKeyring(key.Public())}
	v := &verified.Requests{Ledger: b, Keys: keys, Log: quiet(), Now: time.Now}

	for range 3 {
		list, _, err := v.Requests(t.Context(), ledger.RequestFilter{})
		require.NoError(t, err)
		require.Empty(t, list[0].Altered)
		require.Len(t, list[0].Decisions, 1)
	}
	require.Equal(t, [2]int{1, 1}, [2]int{keys.plans, keys.decisions})

	// Somebody writes a decision that nobody signed, and another name, into the ledger.
	forged := d
	forged.Approver.ID = "mallory"
	byMallory, err := evidence.NewSigner(stranger).SignDecision(forged)
	b.statements = append(b.statements, envelope(t, byMallory, err))
	b.request.Decisions, b.request.Requester.ID = append(b.request.Decisions, forged), "mallory"
	r, err := v.Request(t.Context(), id)
	require.NoError(t, err)
	require.NotEmpty(t, r.Altered)
	require.Equal(t, "alice", r.Requester.ID)
	require.Equal(t, []access.Decision{d}, r.Decisions)
	require.Greater(t, keys.decisions, 1, "what is not verified is not remembered")

	// Another key's signature over what was verified before is another text.
	again, err := evidence.NewSigner(stranger).SignDecision(d)
	b.statements = [][]byte{envelope(t, again, err)}
	r, err = v.Request(t.Context(), id)
	require.NoError(t, err)
	require.Empty(t, r.Decisions)
}

// TestCase53AlarmIsNotLost: an alarm that could not be recorded is recorded by the next
// read, and one that was recorded is not recorded again.
func TestCase53AlarmIsNotLost(t *testing.T) {
	b := &book{request: access.Request{ID: access.NewRequestID(), State: access.StateActive, PlanEnvelope: []byte("{}")}, down: true}
	v := &verified.Requests{Ledger: b, Keys: evidence.NewKeyring(), Log: quiet(), Now: time.Now}
	for i, want := range []int{0, 1, 1} {
		b.down = i == 0
		_, err := v.Request(t.Context(), b.request.ID)
		require.NoError(t, err)
		require.Len(t, b.events, want)
	}
	require.Equal(t, access.EventRecordAltered, b.events[0].Kind)
}

// TestCase53AlarmOfABusyLedger: of a request that ends now, this may be the last read.
func TestCase53AlarmOfABusyLedger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &book{request: access.Request{ID: access.NewRequestID(), State: access.StateActive, PlanEnvelope: []byte("{}")}, takes: 5 * time.Second}
		v := &verified.Requests{Ledger: b, Keys: evidence.NewKeyring(), Log: quiet(), Now: time.Now}
		_, err := v.Request(t.Context(), b.request.ID)
		require.NoError(t, err)
		require.Len(t, b.events, 1)
	})
}
