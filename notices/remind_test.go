package notices

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/ledger/ledgertest"
	"ramp.dev/ramp/notices/mail/mailtest"
)

// reminders of a box, by their subject.
func remindersIn(s *mailtest.Server) (n int) {
	for _, m := range s.Mails() {
		if m.Header.Get("Subject") == "[Ramp] orders ends soon" {
			n++
		}
	}
	return n
}

// TestReminderBeforeTheEnd: requesters are reminded once for each end, ten minutes before it
// or when a quarter of short access is left, and not of an end that has moved or come.
func TestReminderBeforeTheEnd(t *testing.T) {
	for name, c := range map[string]struct {
		lasts  time.Duration
		before time.Duration // when the reminder comes
	}{"an hour": {time.Hour, 10 * time.Minute}, "eight minutes": {8 * time.Minute, 2 * time.Minute}} {
		t.Run(name, func(t *testing.T) {
			s := mailtest.Start(t, nil, "")
			f := newFixture(t, s.Addr)
			start := f.clock
			r := f.submits()
			ledgertest.Bring(t, f.ledger, r, access.StateActive, start, start.Add(c.lasts))
			f.active(r)
			f.handles()
			f.clock = start.Add(c.lasts - c.before - time.Second)
			f.sends()
			require.Zero(t, remindersIn(s))
			f.clock = f.clock.Add(time.Second)
			f.handles()
			f.sends()
			require.Equal(t, 1, remindersIn(s))
			mails := s.Mails()
			require.Equal(t, "alice@example.com", mails[len(mails)-1].To)
			require.Contains(t, mails[len(mails)-1].Body, "release it")
			f.handles()
			f.clock = f.clock.Add(time.Minute)
			f.sends()
			require.Equal(t, 1, remindersIn(s))
		})
	}
}

// TestReminderOfAnAgent: an agent's human is reminded of what the agent asked for, and not of
// what they did not.
func TestReminderOfAnAgent(t *testing.T) {
	s := mailtest.Start(t, nil, "")
	f := newFixture(t, s.Addr)
	start := f.clock
	r := f.submits(func(r *access.Request) {
		r.Requester = access.Person{ID: "alice-agent", Kind: access.KindAgent, OnBehalfOf: "alice", Email: "alice@example.com"}
	})
	ledgertest.Bring(t, f.ledger, r, access.StateActive, start, start.Add(time.Hour))
	f.active(r)
	f.handles()
	f.sends() // that it is open; mails that are sent together come in any order
	f.clock = start.Add(55 * time.Minute)
	f.sends()
	require.Equal(t, 1, remindersIn(s))
	last := s.Mails()[len(s.Mails())-1]
	require.Equal(t, "alice@example.com", last.To)
	require.Contains(t, last.Body, "access that your agent asked for is about to end")
	require.NotContains(t, last.Body, "that you asked for")
	require.NotContains(t, last.Body, "Save your work")
	require.Empty(t, mayHear(access.EventAccessActive, whyEnds, r, nil), "no row says that they asked")
}

// TestReminderOfAnotherEnd: access that was extended has its reminder later, one that is over none.
func TestReminderOfAnotherEnd(t *testing.T) {
	for name, c := range map[string]struct {
		change func(start time.Time) access.Transition
		want   int
	}{
		"extended": {func(start time.Time) access.Transition {
			later := start.Add(2 * time.Hour)
			return access.Transition{ExpiresAt: &later, At: start, Events: []access.Event{{At: start, Kind: access.EventAccessExtended, Actor: "alice", Key: access.KeyExtended(1)}}}
		}, 1},
		"over": {func(start time.Time) access.Transition {
			return access.Transition{To: access.StateEnding, Outcome: access.OutcomeReleased, At: start}
		}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			s := mailtest.Start(t, nil, "")
			f := newFixture(t, s.Addr)
			start := f.clock
			r := f.submits()
			ledgertest.Bring(t, f.ledger, r, access.StateActive, start, start.Add(time.Hour))
			f.active(r)
			f.handles()
			change := c.change(start)
			change.RequestID = r.ID
			for i := range change.Events {
				change.Events[i].RequestID = r.ID
			}
			if change.ExpiresAt != nil {
				require.NoError(t, f.ledger.MarkExtended(t.Context(), r.Plan.Grants[0].Name, *change.ExpiresAt))
			}
			require.NoError(t, f.ledger.Advance(t.Context(), change))
			f.handles()
			f.clock = start.Add(55 * time.Minute)
			f.sends()
			require.Zero(t, remindersIn(s))
			f.clock = start.Add(111 * time.Minute)
			f.sends()
			require.Equal(t, c.want, remindersIn(s))
		})
	}
}

// TestReminderAtNight: quiet hours hold it, and where they last until the end there is none.
func TestReminderAtNight(t *testing.T) {
	s := mailtest.Start(t, nil, "")
	f := newFixture(t, s.Addr)
	f.clock = time.Now().UTC().Truncate(24 * time.Hour).Add(23 * time.Hour)
	f.engine.config.Quiet = Quiet{From: "22:00", To: "07:00"}
	r := f.submits()
	ledgertest.Bring(t, f.ledger, r, access.StateActive, f.clock, f.clock.Add(time.Hour))
	f.active(r)
	f.handles()
	f.clock = f.clock.Add(55 * time.Minute)
	f.sends()
	f.clock = f.clock.Add(9 * time.Hour)
	f.sends()
	require.Zero(t, remindersIn(s))
}

// TestEscalationIsHeardOf: once a request has waited, those who may decide it then are asked, once,
// unless it has been decided by then.
func TestEscalationIsHeardOf(t *testing.T) {
	for name, decided := range map[string]bool{"it still waits": false, "it was decided": true} {
		t.Run(name, func(t *testing.T) {
			s := mailtest.Start(t, nil, "")
			f := newFixture(t, s.Addr)
			f.engine.config.Groups["leads"] = []string{"leads@example.com"}
			start := f.clock
			r := f.submits(func(r *access.Request) {
				r.Plan.Rule.Escalate = []access.Escalation{{After: access.Duration(10 * time.Minute), To: []string{"leads"}}}
			})
			f.handles()
			f.clock = start.Add(10*time.Minute - time.Second)
			f.sends()
			require.NotContains(t, addressesOf(s.Mails()), "leads@example.com", "they may not decide it yet")
			if decided {
				require.NoError(t, f.ledger.Advance(t.Context(), access.Transition{RequestID: r.ID, To: access.StateCancelled}))
			}
			f.clock = start.Add(11 * time.Minute)
			f.handles()
			f.sends()
			f.sends()
			var got int
			for _, m := range s.Mails() {
				if m.To == "leads@example.com" {
					got++
					require.Contains(t, m.Body, "nobody has decided it yet")
				}
			}
			require.Equal(t, map[bool]int{false: 1, true: 0}[decided], got)
		})
	}
}

// active records the event that access is open, as a worker does.
func (f *fixture) active(r access.Request) {
	f.Helper()
	require.NoError(f, f.ledger.AppendEvent(f.Context(), access.Event{At: f.clock, RequestID: r.ID, Kind: access.EventAccessActive, Actor: access.ActorRamp, Key: "active"}))
}
