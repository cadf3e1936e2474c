package notices

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/ledger"
	"ramp.dev/ramp/notices/mail/mailtest"
)

// subjects of mails to one address.
func subjects(mails []mailtest.Mail, to string) (out []string) {
	for _, m := range mails {
		if m.To == to {
			out = append(out, m.Header.Get("Subject"))
		}
	}
	return out
}

// reads has the engine read requests as a change has them now; what else the ledger has of
// them stays.
func (f *fixture) reads(change func(*access.Request)) {
	f.engine.requests = func(ctx context.Context, id string) (access.Request, error) {
		r, err := f.ledger.Request(ctx, id)
		change(&r)
		return r, err
	}
}

// happens records an event of a request, and has the engine read that alone.
func (f *fixture) happens(r access.Request, k access.EventKind, actor, key string, detail map[string]string) {
	f.Helper()
	require.NoError(f, f.ledger.AppendEvent(f.Context(), access.Event{At: f.clock, RequestID: r.ID, Kind: k, Actor: actor, Detail: detail, Key: key}))
	last, err := f.ledger.LastSeq(f.Context())
	require.NoError(f, err)
	events, err := f.ledger.Events(f.Context(), ledger.EventFilter{After: last - 1})
	require.NoError(f, err)
	require.NoError(f, f.engine.Handle(f.Context(), events))
	f.sends()
}

// byTeamThenSecurity has a first stage of two groups, and a second level of security.
func byTeamThenSecurity(r *access.Request) {
	for _, s := range []*access.Stage{&r.Stages[0].Stage, &r.Plan.Rule.Stages[0]} {
		s.From, s.AnyOf, s.Approvals = []string{"dba", "leads"}, nil, 1
	}
}

// TestOneStageHandledByOthers: once one stage of several is met, those who were asked for it
// alone hear that nothing is left for them; who decided, and whom a later stage asks, do
// not. When the approval counts no more they are asked again, and hear again of the end.
func TestOneStageHandledByOthers(t *testing.T) {
	s := mailtest.Start(t, nil, "")
	f := newFixture(t, s.Addr)
	f.engine.config.Groups["leads"] = []string{"lea@example.com", "security@example.com"}
	r := f.submits(byTeamThenSecurity)
	f.handles()
	f.sends()
	require.Len(t, s.Mails(), 3)

	met, decided := false, []access.Decision{{Approver: access.Person{ID: "lea", Email: "lea@example.com"}, Verdict: access.Approve}}
	f.reads(func(r *access.Request) {
		if r.Decisions = nil; met {
			r.Decisions = decided
		}
		r.Stages[0].Met, r.Stages[1].Waits = met, !met
	})
	f.happens(r, access.EventDecisionRecorded, "other", "not enough", nil)
	require.Len(t, s.Mails(), 3, "the stage is not met yet")
	met = true
	f.happens(r, access.EventDecisionRecorded, "lea", "one", nil)
	f.handles()
	f.sends()
	asks, over := "[Ramp] Alice Ahn asks for orders", "[Ramp] orders no longer waits for you: others decided your part of the request of Alice Ahn"
	require.Equal(t, []string{asks, over}, subjects(s.Mails(), "dba@example.com"))
	require.Equal(t, []string{asks}, subjects(s.Mails(), "lea@example.com"), "who decided knows")
	require.Equal(t, []string{asks}, subjects(s.Mails(), "security@example.com"), "it waits for them in the next stage")

	met = false
	f.happens(r, access.EventDecisionInvalidated, access.ActorRamp, "lost", nil)
	require.Equal(t, []string{asks, over, asks}, subjects(s.Mails(), "dba@example.com"), "it waits for them again")
	met = true
	require.NoError(t, f.ledger.Advance(t.Context(), access.Transition{RequestID: r.ID, To: access.StateApproved, At: f.clock}))
	f.happens(r, access.EventRequestApproved, access.ActorRamp, "approved", nil)
	require.Equal(t, []string{asks, over, asks, "[Ramp] orders no longer waits for you: the request of Alice Ahn was approved"}, subjects(s.Mails(), "dba@example.com"))
	require.Len(t, subjects(s.Mails(), "lea@example.com"), 2, "asked again; who decided knows")
}

// TestAskedTooLate: nobody is asked in the morning for a stage that was met in the night.
func TestAskedTooLate(t *testing.T) {
	for name, met := range map[string]bool{"it waits": false, "it is met": true} {
		t.Run(name, func(t *testing.T) {
			s := mailtest.Start(t, nil, "")
			f := newFixture(t, s.Addr)
			f.night()
			f.engine.rota = onCallFor("db", "erin@example.com")
			f.submits(oneWay, func(r *access.Request) {
				r.Stages[0].OnCall, r.Plan.Rule.Stages[0].OnCall = []string{"db"}, []string{"db"}
			})
			f.handles()
			f.sends()
			require.Empty(t, s.Mails())
			f.reads(func(r *access.Request) { r.Stages[0].Met, r.Stages[1].Waits = met, !met })
			f.clock = f.clock.Add(9 * time.Hour)
			f.sends()
			f.sends()
			require.Len(t, s.Mails(), map[bool]int{false: 2, true: 0}[met])
		})
	}
}

// TestExtensionHandledByOthers: those who were asked to decide an extension, and did not, hear
// that nothing is left to decide, once, also where access ends before, and also where the
// request does not have the order any more by the time that the event is read.
func TestExtensionHandledByOthers(t *testing.T) {
	rule := &access.Rule{Stages: []access.Stage{{Name: "team", From: []string{"dba", "leads"}, Approvals: 1}, {Name: "security", From: []string{"security"}, Approvals: 1, Level: 1}}}
	for name, c := range map[string]struct {
		kind  access.EventKind
		asked func(*access.Request)
		want  string // in the subject
	}{
		"approved":            {access.EventExtensionDecided, func(r *access.Request) { r.Asked.Tally = access.TallySatisfied }, "the extension for Alice Ahn was approved"},
		"denied":              {access.EventExtensionDecided, func(r *access.Request) { r.Asked.Tally = access.TallyDenied }, "the extension for Alice Ahn was denied"},
		"made use of already": {access.EventExtensionDecided, func(r *access.Request) { r.Asked = nil }, "the extension for Alice Ahn is decided"},
		"another waits now":   {access.EventExtensionDecided, func(r *access.Request) { r.Asked.Order.Digest = "d9" }, ""},
		"one stage is met":    {access.EventExtensionDecided, func(r *access.Request) { r.Asked.Stages[0].Met, r.Asked.Stages[1].Waits = true, false }, "others decided your part of the extension for Alice Ahn"},
		"not enough":          {access.EventExtensionDecided, func(*access.Request) {}, ""},
		"access ends":         {access.EventAccessEnding, func(r *access.Request) { r.State, r.Asked = access.StateEnding, nil }, "access of Alice Ahn ends before an extension was decided"},
	} {
		t.Run(name, func(t *testing.T) {
			s := mailtest.Start(t, nil, "")
			f := newFixture(t, s.Addr)
			f.engine.config.Groups["leads"] = []string{"leads@example.com"}
			r := f.submits()
			before := len(s.Mails())
			later := func(*access.Request) {}
			f.reads(func(r *access.Request) {
				r.State, r.Plan.Extend = access.StateActive, &access.ExtensionLimits{Rule: rule}
				r.Asked = &access.Asked{Order: access.ExtensionOrder{Digest: "d2", Adds: access.Duration(20 * time.Minute), From: f.clock.Add(time.Hour)}, Until: f.clock.Add(2 * time.Hour), Tally: access.TallyUndecided,
					Stages: []access.StageStatus{{Stage: rule.Stages[0]}, {Stage: rule.Stages[1], Waits: true}}}
				later(r)
			})
			f.happens(r, access.EventExtensionAsked, "alice", "an earlier one", map[string]string{"orderDigest": "d1"})
			f.happens(r, access.EventExtensionAsked, "alice", "asked", map[string]string{"orderDigest": "d2"})
			require.Len(t, s.Mails(), before+2)
			later = c.asked
			f.happens(r, c.kind, "zoe", "decided", map[string]string{"orderDigest": "d2"})
			f.handles()
			f.sends()
			if c.kind != access.EventAccessEnding && c.want != "" { // what is closed stays closed
				later = func(r *access.Request) { r.State, r.Asked = access.StateEnding, nil }
				f.happens(r, access.EventAccessEnding, access.ActorRamp, "ends", nil)
			}
			for _, to := range []string{"dba@example.com", "leads@example.com"} {
				got := subjects(s.Mails(), to)
				if c.want == "" {
					require.Len(t, got, 1, "only that they may decide it")
					continue
				}
				require.Len(t, got, 2)
				require.Equal(t, "[Ramp] orders no longer waits for you: "+c.want, got[1])
			}
		})
	}
}

// known is a ledger whose directory has people.
type known struct {
	*ledger.Ledger
	people directory
}

func (k known) PeopleOf(ctx context.Context, group string) ([]string, error) {
	return k.people.PeopleOf(ctx, group)
}

func (k known) DirectorySnapshot(ctx context.Context, ids ...string) (access.DirectorySnapshot, error) {
	return k.people.DirectorySnapshot(ctx, ids...)
}

// TestWhoDecidedAnExtensionKnows: the log says who did, when the request does not any more.
func TestWhoDecidedAnExtensionKnows(t *testing.T) {
	s := mailtest.Start(t, nil, "")
	f := newFixture(t, s.Addr)
	r := asked(func(r *access.Request) { r.State, r.Asked = access.StateActive, nil })
	people := directory{"lea": {ID: "lea", Email: "lea@example.com", Active: true}}
	f.engine.ledger = known{f.ledger, people}
	for _, a := range []string{"lea@example.com", "other@example.com"} {
		n := ledger.Notice{RequestID: r.ID, Kind: access.EventExtensionAsked, Channel: mailChannel, Address: a, Why: whyApprover, CreatedAt: f.clock, DueAt: f.clock}
		n.ID = noticeID(addressed{channel: n.Channel, address: a, why: n.Why, of: n.Kind}, access.Event{RequestID: r.ID, Detail: map[string]string{"orderDigest": "d2"}})
		require.NoError(t, f.ledger.AddNotices(t.Context(), n))
		require.NoError(t, f.ledger.CloseNotice(t.Context(), n.ID, ledger.NoticeSent, "", f.clock))
	}
	for i := range 2*eventPage + 1 { // before it: each credential and each earlier extension is an event
		kind := []access.EventKind{access.EventCredentialMinted, access.EventExtensionDecided}[i%2]
		require.NoError(t, f.ledger.AppendEvent(t.Context(), access.Event{At: f.clock, Kind: kind, RequestID: r.ID, Actor: "x", Key: fmt.Sprint("earlier ", i), Detail: map[string]string{"orderDigest": "d1"}}))
	}
	ev := access.Event{At: f.clock, Kind: access.EventExtensionDecided, RequestID: r.ID, Actor: "lea", Detail: map[string]string{"orderDigest": "d2"}, Key: "d"}
	require.NoError(t, f.ledger.AppendEvent(t.Context(), ev))
	list, err := f.engine.handled(t.Context(), ev, r, f.clock)
	require.NoError(t, err)
	require.Len(t, list, 1)
	require.Equal(t, "other@example.com", list[0].Address)
}
