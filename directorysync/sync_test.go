package directorysync

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	logs "github.com/sirupsen/logrus/hooks/test"
	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/feed"
	"ramp.dev/ramp/ledger"
	"ramp.dev/ramp/ledger/ledgertest"
)

// fixture is a ledger with a directory, and workflows that keep what they are told.
type fixture struct {
	*testing.T
	*ledger.Ledger
	*Sync
	logger *logrus.Logger
	users  map[string]ledger.User
	group  ledger.Group

	mu         sync.Mutex
	offboarded map[string]string
	recounted  []string
	err        error
	refuses    string // the request whose workflow takes no message
}

func newFixture(t *testing.T) *fixture {
	l, err := ledger.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "ledger.db"))
	require.NoError(t, err)
	t.Cleanup(func() { l.Close() })
	_, key, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	l.UseNotary(evidence.NewNotary(evidence.NewSigner(key), evidence.NewKeyring(key.Public())), nil)
	f := &fixture{T: t, Ledger: l, users: map[string]ledger.User{}, offboarded: map[string]string{}}
	f.logger, _ = logs.NewNullLogger()
	f.Sync = New(l, f, f.logger)
	require.NoError(t, l.SetDirectory(t.Context(), ledger.DirectoryMode{Enabled: true, Groups: true}))
	for _, id := range []string{"alice", "bob"} {
		f.users[id], err = l.AddUser(t.Context(), ledger.User{PersonID: id, UserName: id, Active: true, Attributes: "{}"}, time.Now())
		require.NoError(t, err)
	}
	f.group, err = l.AddGroup(t.Context(), ledger.Group{Name: "approvers", Members: []string{f.users["bob"].ID}}, time.Now())
	require.NoError(t, err)
	return f
}

func (f *fixture) Offboard(_ context.Context, o access.EndOrder) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if o.RequestID == f.refuses {
		return access.Errorf(access.CodeInternal, "exceeded workflow execution limit for signal events")
	}
	if f.err == nil {
		f.offboarded[o.RequestID] = o.Reason
	}
	return f.err
}

func (f *fixture) Recount(_ context.Context, id string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.err == nil {
		f.recounted = append(f.recounted, id)
	}
	return f.err
}

func (f *fixture) fails(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.err = err
}

// request submits a request of alice's and brings it into a state.
func (f *fixture) request(state access.State) access.Request {
	f.Helper()
	id, now := access.NewRequestID(), time.Now().UTC()
	plan := access.Plan{RequestID: id, Digest: "sha256:" + id, CreatedAt: now, PendingUntil: now.Add(time.Hour),
		Requester: access.Person{ID: "alice", Kind: access.KindHuman},
		Grants:    []access.PlannedGrant{{Name: access.GrantName(id, 0), Target: "ssh/demo"}},
		Rule:      access.Rule{Stages: []access.Stage{{Name: "approvers", From: []string{"approvers"}, Approvals: 2}}}}
	r := access.Request{ID: id, Contract: "c", Requester: plan.Requester, Plan: plan, Stages: []access.StageStatus{}, CreatedAt: now}
	_, r.Stages = plan.Rule.Tally(plan, plan.Digest, nil)
	_, err := f.Submit(f.Context(), ledger.Submission{Request: r, PlanEnvelope: []byte("{}"), Input: access.RequestInput{Contract: "c", Reason: id}})
	require.NoError(f, err)
	ledgertest.Bring(f, f.Ledger, r, state, now, now.Add(time.Hour))
	return r
}

// approve records that bob approved.
func (f *fixture) approve(r access.Request) {
	f.Helper()
	d := access.Decision{RequestID: r.ID, PlanDigest: r.Plan.Digest, Verdict: access.Approve, At: r.CreatedAt,
		Approver: access.Person{ID: "bob", Kind: access.KindHuman, Groups: []string{"approvers"}}}
	_, stages := r.Plan.Rule.Tally(r.Plan, r.Plan.Digest, []access.Decision{d})
	require.NotEmpty(f, stages[0].Approved)
	require.NoError(f, f.Advance(f.Context(), access.Transition{RequestID: r.ID, At: time.Now(), Decisions: []access.Decision{d}, Stages: stages}))
}

// TestManyPeopleInOneComparison: two hundred requests with more than five thousand
// people among them.
func TestManyPeopleInOneComparison(t *testing.T) {
	f := newFixture(t)
	for n := range 200 {
		r := f.request(access.StatePending)
		var said []access.Decision
		for i := range 27 {
			said = append(said, access.Decision{RequestID: r.ID, PlanDigest: r.Plan.Digest, Verdict: access.Approve, At: r.CreatedAt,
				Approver: access.Person{ID: fmt.Sprint("approver-", n, "-", i), Kind: access.KindHuman}})
		}
		require.NoError(t, f.Advance(t.Context(), access.Transition{RequestID: r.ID, At: time.Now(), Decisions: said}))
	}
	require.Equal(t, "compared 200 unfinished requests with the directory: 0 to end, 0 to count again", f.compare())
	f.leave("alice")
	require.Equal(t, "compared 200 unfinished requests with the directory: 200 to end, 0 to count again", f.compare())
}

// TestCase68RenamedRequester: access of somebody who was renamed and then left ends.
func TestCase68RenamedRequester(t *testing.T) {
	f := newFixture(t)
	r := f.request(access.StateActive)
	_, err := f.UpdateUser(t.Context(), f.users["alice"].ID, time.Now(), func(u *ledger.User) error {
		u.UserName, u.PersonID, u.Active = "283405f5alice", "283405f5alice", false
		return nil
	})
	require.NoError(t, err)
	f.compare()
	require.Contains(t, f.offboarded, r.ID)
}

func (f *fixture) leave(who string) {
	f.Helper()
	_, err := f.UpdateUser(f.Context(), f.users[who].ID, time.Now(), func(u *ledger.User) error { u.Active = false; return nil })
	require.NoError(f, err)
}

func (f *fixture) leaveGroup() {
	f.Helper()
	_, err := f.UpdateGroup(f.Context(), f.group.ID, time.Now(), func(g *ledger.Group) error { g.Members = nil; return nil })
	require.NoError(f, err)
}

func (f *fixture) compare() string {
	f.Helper()
	said, err := f.Compare(f.Context())
	require.NoError(f, err)
	return said
}

// TestRequestsFollowTheDirectory: each unfinished request of a person who has left is
// asked to end, once; a pending one that lost an approval, to count again.
func TestRequestsFollowTheDirectory(t *testing.T) {
	f := newFixture(t)
	requests := map[access.State]access.Request{}
	for _, s := range access.States() {
		requests[s] = f.request(s)
	}
	pending := requests[access.StatePending]
	f.approve(pending)
	f.compare()
	require.Empty(t, f.offboarded)
	require.Empty(t, f.recounted)

	f.leaveGroup()
	require.Contains(t, f.compare(), "0 to end, 1 to count again")
	f.compare()
	require.Equal(t, []string{pending.ID}, f.recounted)
	require.Empty(t, f.offboarded)

	f.leave("alice")
	f.compare()
	for s, r := range requests {
		reason, asked := f.offboarded[r.ID]
		require.Equal(t, !s.Final() && s != access.StateEnding, asked, s)
		require.True(t, !asked || reason == "alice has left.")
	}
}

func TestAMessageWithoutEffectIsSentAgain(t *testing.T) {
	f := newFixture(t)
	r := f.request(access.StateActive)
	f.leave("alice")
	f.fails(access.Errorf(access.CodeNotFound, "no such workflow"))
	f.compare() // its workflow does not run yet
	f.fails(access.Errorf(access.CodeUnavailable, "down"))
	_, err := f.Compare(t.Context())
	require.Equal(t, access.CodeUnavailable, access.CodeOf(err))
	f.fails(nil)
	f.compare()
	require.Contains(t, f.offboarded, r.ID)
	delete(f.offboarded, r.ID)
	f.compare()
	require.Empty(t, f.offboarded, "it was sent a moment ago")
	f.now = func() time.Time { return time.Now().Add(sendAgain) }
	f.compare()
	require.Contains(t, f.offboarded, r.ID)
}

// TestOneRequestHoldsUpNoOther: a workflow that takes no more signals, which people who
// may write to Temporal's namespace can bring about, does not keep the access of
// others who have left.
func TestOneRequestHoldsUpNoOther(t *testing.T) {
	f := newFixture(t)
	all := []access.Request{f.request(access.StateActive), f.request(access.StateActive), f.request(access.StateActive)}
	f.leave("alice")
	for _, one := range all {
		f.refuses, f.offboarded, f.sent = one.ID, map[string]string{}, map[string]time.Time{}
		_, err := f.Compare(t.Context())
		require.ErrorContains(t, err, one.ID)
		require.Len(t, f.offboarded, 2)
	}
}

// TestCase59OffboardingNeedsNobodysGoodwill: no standing job runs, and the worker
// compares by itself.
func TestCase59OffboardingNeedsNobodysGoodwill(t *testing.T) {
	f := newFixture(t)
	f.every = 10 * time.Millisecond
	r := f.request(access.StateActive)
	f.leave("alice")
	ctx, cancel := context.WithCancel(t.Context())
	var watching sync.WaitGroup
	watching.Go(func() { f.Watch(ctx) })
	defer func() { cancel(); watching.Wait() }()
	require.Eventually(t, func() bool {
		f.mu.Lock()
		defer f.mu.Unlock()
		return f.offboarded[r.ID] != ""
	}, time.Minute, time.Millisecond)
}

func TestWithoutADirectoryNothingIsAsked(t *testing.T) {
	f := newFixture(t)
	f.request(access.StateActive)
	f.leave("alice")
	require.NoError(t, f.SetDirectory(t.Context(), ledger.DirectoryMode{}))
	require.Equal(t, "no directory is in force", f.compare())
	require.Empty(t, f.offboarded)
}

// TestAChangeOfTheDirectoryActsAtOnce, long before the next comparison, and a
// process that crashed in between does not lose it.
func TestAChangeOfTheDirectoryActsAtOnce(t *testing.T) {
	f := newFixture(t)
	r := f.request(access.StateActive)
	reader := feed.New(f.Ledger, f.logger, feed.Options{RetryMin: time.Millisecond, RetryMax: 10 * time.Millisecond})
	ctx, cancel := context.WithCancel(t.Context())
	var all sync.WaitGroup
	all.Go(func() { reader.Run(ctx) })
	reported := make(chan string, 100)
	all.Go(func() { f.Sync.Run(ctx, reader, func(s string) { reported <- s }) })
	defer func() { cancel(); all.Wait() }()
	require.Contains(t, <-reported, "compared 1 unfinished requests")
	require.Eventually(t, func() bool { c, err := f.Cursors(t.Context()); return err == nil && len(c) == 1 }, time.Minute, time.Millisecond)

	f.fails(access.Errorf(access.CodeUnavailable, "Temporal is down"))
	f.leave("alice")
	require.Eventually(t, func() bool {
		c, err := f.Cursors(t.Context())
		return err == nil && c[0].FailingSince != nil
	}, time.Minute, time.Millisecond, "a failure is shown with the cursor")
	f.fails(nil)
	require.Eventually(t, func() bool {
		f.mu.Lock()
		defer f.mu.Unlock()
		return f.offboarded[r.ID] != ""
	}, time.Minute, time.Millisecond)
}
