package app

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/workflows"
)

// startFails fails with err while it is not nil.
type startFails struct {
	*fakeGateway
	err *error
}

func (s startFails) Start(ctx context.Context, plan access.Plan, signed evidence.Envelope) error {
	if *s.err != nil {
		return *s.err
	}
	return s.fakeGateway.Start(ctx, plan, signed)
}

func TestDecide(t *testing.T) {
	f := newFixture(t)
	r := f.request(access.StatePending)
	lapsed, active, ended := f.request(access.StateLapsed), f.request(access.StateActive), f.request(access.StateEnded)
	approve := func(r access.Request) DecisionInput {
		return DecisionInput{Verdict: access.Approve, PlanDigest: r.Plan.Digest}
	}
	for _, c := range []struct {
		name     string
		by       access.Actor
		r        access.Request
		in       DecisionInput
		code     access.Code
		recorded string // the code of the recorded refusal; "" where nothing is recorded
	}{
		{"one who may not see it", dave, r, approve(r), access.CodeNotFound, "not_visible"},
		{"its requester", alice, r, approve(r), access.CodeForbidden, "own_request"},
		{"an operator who is no approver", oscar, r, approve(r), access.CodeForbidden, "not_an_approver"},
		{"neither yes nor no", bob, r, DecisionInput{Verdict: "maybe", PlanDigest: r.Plan.Digest}, access.CodeInvalid, ""},
		{"no digest", bob, r, DecisionInput{Verdict: access.Approve}, access.CodeInvalid, ""},
		{"another plan", bob, r, approve(active), access.CodeConflict, "wrong_digest"},
		{"too long a comment", bob, r, DecisionInput{Verdict: access.Deny, PlanDigest: r.Plan.Digest, Comment: string(make([]byte, maxText+1))}, access.CodeInvalid, ""},
		{"too late", bob, lapsed, approve(lapsed), access.CodeTooLate, "lapsed"},
		{"approved already", bob, active, approve(active), access.CodeConflict, "wrong_state"},
		{"over", bob, ended, approve(ended), access.CodeConflict, "wrong_state"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := f.Decide(t.Context(), c.by, c.r.ID, c.in)
			require.Equal(t, c.code, access.CodeOf(err), "%v", err)
			if c.recorded == "" {
				require.Empty(t, f.ledger.events)
			} else {
				require.Equal(t, c.recorded, f.ledger.refusedWith())
			}
			require.Zero(t, f.gateway.messages(), "what is refused never reaches Temporal")
		})
	}
	t.Run("OK", func(t *testing.T) {
		_, err := f.Decide(t.Context(), bob, r.ID, DecisionInput{Verdict: access.Approve, PlanDigest: r.Plan.Digest, Comment: "go", Passkey: &access.Assertion{}})
		require.NoError(t, err)
		d, err := f.keyring.VerifyDecision(f.gateway.decisions[0])
		require.NoError(t, err)
		require.Equal(t, access.Decision{RequestID: r.ID, PlanDigest: r.Plan.Digest, Verdict: access.Approve, Approver: bob.Person,
			Via: access.ViaAPI, Comment: "go", At: testTime}, d, "no passkey where none is required")
	})
	t.Run("a denial of what is open", func(t *testing.T) {
		_, err := f.Decide(t.Context(), bob, active.ID, DecisionInput{Verdict: access.Deny, PlanDigest: active.Plan.Digest})
		require.NoError(t, err)
	})
	t.Run("the same again, and its contrary", func(t *testing.T) {
		r.Decisions = []access.Decision{{Verdict: access.Deny, Approver: bob.Person}}
		r = f.ledger.put(r)
		before := f.gateway.messages()
		_, err := f.Decide(t.Context(), bob, r.ID, DecisionInput{Verdict: access.Deny, PlanDigest: r.Plan.Digest})
		require.NoError(t, err)
		require.Equal(t, before+1, f.gateway.messages(), "the workflow may not have heard of it")
		sent, err := f.keyring.VerifyDecision(f.gateway.decisions[len(f.gateway.decisions)-1])
		require.NoError(t, err)
		require.Equal(t, r.Decisions[0], sent, "whoever repeats a denial that had no response repeats that one: the record tells it once")
		f.gateway.err = access.Errorf(access.CodeConflict, "the request is denied")
		got, err := f.Decide(t.Context(), bob, r.ID, DecisionInput{Verdict: access.Deny, PlanDigest: r.Plan.Digest})
		require.NoError(t, err)
		require.Equal(t, access.StateDenied, got.State, "as the workflow says, whatever the ledger has so far")
		f.gateway.err = nil
		_, err = f.Decide(t.Context(), bob, r.ID, approve(r))
		require.Equal(t, access.CodeConflict, access.CodeOf(err))
		require.Equal(t, "already_decided", f.ledger.refusedWith())
		require.Equal(t, before+2, f.gateway.messages())
		r.Decisions[0].Verdict = access.Approve
		r = f.ledger.put(r)
		_, err = f.Decide(t.Context(), bob, r.ID, approve(r))
		require.NoError(t, err)
		require.Equal(t, before+2, f.gateway.messages())
	})
	t.Run("a workflow that is gone", func(t *testing.T) {
		waiting := f.request(access.StateApproved)
		waiting.State = access.StatePending
		f.ledger.requests[waiting.ID] = waiting
		f.gateway.err = access.Errorf(access.CodeNotFound, "no such workflow")
		_, err := f.Decide(t.Context(), bob, waiting.ID, approve(waiting))
		require.Equal(t, access.CodeConflict, access.CodeOf(err))
		_, err = f.Decide(t.Context(), bob, active.ID, DecisionInput{Verdict: access.Deny, PlanDigest: active.Plan.Digest})
		require.NoError(t, err, "what is open ends all the same")
	})
}

// TestDecideReturnsTheStateThatTheTallyLeaves: the workflow writes the state after it has
// answered, and no response to a denial reads as pending.
func TestDecideReturnsTheStateThatTheTallyLeaves(t *testing.T) {
	for _, c := range []struct {
		recorded access.State
		tally    access.Tally
		want     access.State
	}{
		{access.StatePending, access.TallyDenied, access.StateDenied},
		{access.StateScheduled, access.TallyDenied, access.StateDenied},
		{access.StateActive, access.TallyDenied, access.StateActive}, // until it is revoked
		{access.StatePending, access.TallyUndecided, access.StatePending},
		{access.StatePending, access.TallySatisfied, access.StateApproved},
		{access.StatePending, "", access.StatePending},
	} {
		f := newFixture(t)
		r := f.request(c.recorded)
		f.gateway.tally = c.tally
		in := DecisionInput{Verdict: access.Deny, PlanDigest: r.Plan.Digest}
		if c.tally == access.TallySatisfied {
			in.Verdict = access.Approve
		}
		got, err := f.Decide(t.Context(), bob, r.ID, in)
		require.NoError(t, err)
		require.Equal(t, c.want, got.State, "%s, %s", c.recorded, c.tally)
	}
}

// TestEndings: who ends what. In which state the ledger has it decides nothing
// (docs/threats.md, case 58): the workflow, if there is one, is always told.
func TestEndings(t *testing.T) {
	for _, c := range []struct {
		kind  access.EndKind
		act   func(*App) func(context.Context, access.Actor, string, string) (access.Request, error)
		who   []string
		issue string
	}{
		{access.EndCancel, func(a *App) func(context.Context, access.Actor, string, string) (access.Request, error) {
			return a.Cancel
		},
			[]string{"alice"}, "not_requester"},
		{access.EndRelease, func(a *App) func(context.Context, access.Actor, string, string) (access.Request, error) {
			return a.Release
		},
			[]string{"alice"}, "not_requester"},
		{access.EndRevoke, func(a *App) func(context.Context, access.Actor, string, string) (access.Request, error) {
			return a.Revoke
		},
			[]string{"bob", "oscar"}, "not_revoker"},
	} {
		f := newFixture(t)
		var ended access.Request
		for _, s := range access.States() {
			r := f.request(s)
			if s == access.StateEnded {
				ended = r
			}
			for _, by := range []access.Actor{alice, bob, dave, oscar} {
				before := len(f.gateway.ends)
				after, err := c.act(f.App)(t.Context(), by, r.ID, "why")
				name := string(c.kind) + " by " + by.Person.ID + " while " + string(s)
				switch {
				case by.Person.ID == "dave":
					require.Equal(t, access.CodeNotFound, access.CodeOf(err), name)
					require.Equal(t, "not_visible", f.ledger.refusedWith(), name)
				case !slices.Contains(c.who, by.Person.ID):
					require.Equal(t, access.CodeForbidden, access.CodeOf(err), name)
					require.Equal(t, c.issue, f.ledger.refusedWith(), name)
				default:
					require.NoError(t, err, name)
					require.True(t, after.State.Final() || after.State.MayHaveAccess(), "%s leaves it %s", name, after.State)
					require.Equal(t, workflows.EndRequest{Kind: c.kind, By: by.Person.ID, Via: access.ViaAPI, Reason: "why", At: testTime}, f.gateway.ends[before])
					before++
				}
				require.Len(t, f.gateway.ends, before, name)
			}
		}
		f.gateway.err = access.Errorf(access.CodeNotFound, "no such workflow")
		_, err := c.act(f.App)(t.Context(), map[string]access.Actor{"alice": alice, "bob": bob}[c.who[0]], ended.ID, "why")
		require.Equal(t, access.CodeConflict, access.CodeOf(err))
		require.ErrorContains(t, err, "the request is ended")
		require.Equal(t, "wrong_state", f.ledger.refusedWith())
	}
}

// TestEndedAgain: somebody whose access is over as they ordered it, and who had no response,
// may order it again; another's order comes too late.
func TestEndedAgain(t *testing.T) {
	f := newFixture(t)
	for _, c := range []struct {
		end  func(context.Context, access.Actor, string, string) (access.Request, error)
		by   access.Actor
		late access.Actor
		from access.State
		to   access.State
	}{
		{f.Cancel, alice, oscar, access.StatePending, access.StateCancelled},
		{f.Release, alice, oscar, access.StateActive, access.StateEnded},
		{f.Revoke, oscar, bob, access.StateActive, access.StateEnded},
	} {
		f.gateway.err = nil
		r := f.request(c.from)
		_, err := c.end(t.Context(), c.by, r.ID, "done")
		require.NoError(t, err)
		r.State = c.to
		f.ledger.put(r)
		f.gateway.err = access.Errorf(access.CodeNotFound, "no workflow")
		refused := len(f.ledger.events)
		again, err := c.end(t.Context(), c.by, r.ID, "done")
		require.NoError(t, err)
		require.Equal(t, c.to, again.State)
		require.Len(t, f.ledger.events, refused)
		_, err = f.Revoke(t.Context(), c.late, r.ID, "done")
		require.Equal(t, access.CodeConflict, access.CodeOf(err))
		f.gateway.err = access.Errorf(access.CodeUnavailable, "Temporal does not respond")
		_, err = c.end(t.Context(), c.by, r.ID, "done")
		require.Equal(t, access.CodeUnavailable, access.CodeOf(err), "the workflow knows whether it is over")
	}
}

// TestCase58FalseStateBlocksNoStop: whatever the ledger says of a request, a denial
// of it reaches the workflow.
func TestCase58FalseStateBlocksNoStop(t *testing.T) {
	f := newFixture(t)
	for i, s := range access.States() {
		r := f.request(s)
		r.Decisions = []access.Decision{{Verdict: access.Deny, Approver: bob.Person}}
		r.Plan.PendingUntil = f.now.Add(-time.Hour)
		r = f.ledger.put(r)
		_, err := f.Decide(t.Context(), bob, r.ID, DecisionInput{Verdict: access.Deny, PlanDigest: r.Plan.Digest})
		require.NoError(t, err, s)
		require.Len(t, f.gateway.decisions, i+1, s)
	}
}

// TestCase12DenialAtAServerWhoseClockIsBehind: somebody approves at one server and
// thinks better of it at another, whose clock is behind. The denial counts, access
// ends before it is answered, and its signed time is not before the approval's.
func TestCase12DenialAtAServerWhoseClockIsBehind(t *testing.T) {
	f := newFixture(t)
	r := f.request(access.StateActive)
	approved := f.now.Add(65 * time.Second) // by the clock that is ahead
	r.Decisions = []access.Decision{{RequestID: r.ID, PlanDigest: r.Plan.Digest, Verdict: access.Approve, Approver: bob.Person, At: approved}}
	r = f.ledger.put(r)
	f.now = f.now.Add(time.Minute)
	_, err := f.Decide(t.Context(), bob, r.ID, DecisionInput{Verdict: access.Deny, PlanDigest: r.Plan.Digest, Comment: "stop this"})
	require.NoError(t, err)
	require.Contains(t, f.ledger.ordered, r.ID)
	require.Equal(t, approved.Add(time.Microsecond), f.ledger.ordered[r.ID].At)
}

func TestExtend(t *testing.T) {
	f := newFixture(t)
	r, pending := f.request(access.StateActive), f.request(access.StatePending)
	fixed, extended := f.request(access.StateActive), f.request(access.StateActive)
	fixed.Plan.Extend = nil
	extended.Extensions = 1
	old := f.request(access.StateActive)
	old.Plan.StepUp = access.Duration(time.Hour)
	gone := f.request(access.StateActive)
	gone.Contract = "was-there"
	for _, changed := range []*access.Request{&fixed, &extended, &old, &gone} {
		*changed = f.ledger.put(*changed)
	}
	outOfTeam := person("alice")
	for _, c := range []struct {
		name string
		by   access.Actor
		r    access.Request
		more string
		code access.Code
		want string
	}{
		{"an approver", bob, r, "5m", access.CodeForbidden, "not_requester"},
		{"not active", alice, pending, "5m", access.CodeConflict, "wrong_state"},
		{"not extendable", alice, fixed, "5m", access.CodeForbidden, "not_extendable"},
		{"often enough", alice, extended, "5m", access.CodeForbidden, "extension_number"},
		{"longer than approved", alice, r, "31m", access.CodeForbidden, "extend_over_limit"},
		{"an old login", alice, old, "5m", access.CodeUnauthenticated, "step_up_needed"},
		{"no longer of the group", outOfTeam, r, "5m", access.CodeForbidden, "no_longer_eligible"},
		{"a contract that is gone", alice, gone, "5m", access.CodeForbidden, "contract_gone"},
		{"no duration", alice, r, "soon", access.CodeInvalid, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := f.Extend(t.Context(), c.by, c.r.ID, c.more, "", nil)
			require.Equal(t, c.code, access.CodeOf(err), "%v", err)
			if c.want != "" {
				require.Equal(t, c.want, f.ledger.refusedWith())
			}
			require.Zero(t, f.gateway.messages())
		})
	}
	t.Run("OK", func(t *testing.T) {
		now, err := f.Extend(t.Context(), alice, r.ID, "30m", "one more look", nil)
		require.NoError(t, err)
		require.Equal(t, testTime.Add(time.Hour), *now.ExpiresAt, "what is in force, before the ledger says so")
		order, err := f.keyring.VerifyExtension(f.gateway.orders[0])
		require.NoError(t, err)
		order.Digest = "" // of the bytes that were signed
		require.Equal(t, access.ExtensionOrder{RequestID: r.ID, PlanDigest: r.Plan.Digest, Number: 1, From: *r.ExpiresAt, Adds: access.Duration(30 * time.Minute),
			By: alice.Person, Via: access.ViaAPI, Reason: "one more look", At: testTime}, order)
	})
}

// TestCase96ExtensionRepeated: with the end that the requester saw, an extension that is
// repeated after a lost response is made once; from another end it is refused.
func TestCase96ExtensionRepeated(t *testing.T) {
	f := newFixture(t)
	r := f.request(access.StateActive)
	from := *r.ExpiresAt
	_, err := f.Extend(t.Context(), alice, r.ID, "30m", "", &from)
	require.NoError(t, err)
	require.Len(t, f.gateway.orders, 1)
	until := from.Add(30 * time.Minute)
	r.ExpiresAt, r.Extensions = &until, 1
	f.ledger.requests[r.ID] = r
	again, err := f.Extend(t.Context(), alice, r.ID, "30m", "", &from)
	require.NoError(t, err)
	require.Equal(t, until, *again.ExpiresAt)
	_, err = f.Extend(t.Context(), bob, r.ID, "30m", "", &from)
	require.Equal(t, access.CodeForbidden, access.CodeOf(err))
	f.ledger.events = nil
	_, err = f.Extend(t.Context(), alice, r.ID, "5m", "", &from)
	require.Equal(t, access.CodeConflict, access.CodeOf(err))
	require.Equal(t, "end_moved", f.ledger.refusedWith())
	require.Len(t, f.gateway.orders, 1)

	f, r = withExtension(t)
	for range 2 {
		asked, err := f.Extend(t.Context(), alice, r.ID, "10m", "", r.ExpiresAt)
		require.NoError(t, err)
		require.Equal(t, 1, asked.Asked.Attempt)
	}
}

func TestPickUp(t *testing.T) {
	f := newFixture(t)
	key, err := evidence.NewRecipient()
	require.NoError(t, err)
	r, pending, several := f.request(access.StateActive), f.request(access.StatePending), f.request(access.StateActive)
	several.Plan.Grants = append(several.Plan.Grants, several.Plan.Grants[0])
	several = f.ledger.put(several)
	for _, c := range []struct {
		name      string
		by        access.Actor
		r         access.Request
		recipient string
		code      access.Code
		recorded  string
	}{
		{"an approver", bob, r, key.Public(), access.CodeForbidden, "not_requester"},
		{"not active", alice, pending, key.Public(), access.CodeConflict, "wrong_state"},
		{"several grants, none named", alice, several, key.Public(), access.CodeInvalid, ""},
		{"no key", alice, r, "", access.CodeInvalid, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := f.PickUp(t.Context(), c.by, c.r.ID, "", c.recipient)
			require.Equal(t, c.code, access.CodeOf(err), "%v", err)
			if c.recorded != "" {
				require.Equal(t, c.recorded, f.ledger.refusedWith())
			}
			require.Empty(t, f.ledger.events)
			require.Zero(t, f.gateway.messages())
		})
	}
	t.Run("OK", func(t *testing.T) {
		_, err := f.PickUp(t.Context(), alice, r.ID, "", key.Public())
		require.NoError(t, err)
		order, err := f.keyring.VerifyPickUp(f.gateway.orders[0])
		require.NoError(t, err)
		require.Equal(t, r.Plan.Grants[0].Name, order.Grant)
		require.Equal(t, access.ViaAPI, order.Via)
	})
}
