package notices

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/ledger"
	"ramp.dev/ramp/notices/mail/mailtest"
)

// schedules is a rota; without people for a schedule it does not know.
type schedules struct {
	mu     sync.Mutex
	people map[string][]string
	until  *time.Time // when the shift of all of them ends, if it is known
}

func onCallFor(schedule string, people ...string) *schedules {
	return &schedules{people: map[string][]string{schedule: people}}
}

func (s *schedules) set(schedule string, people ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.people[schedule] = people
}

func (s *schedules) Ask(_ context.Context, questions ...access.FactQuestion) (out []access.Fact) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, q := range questions {
		f := access.Fact{FactQuestion: q, State: access.FactUnknown, At: time.Now()}
		if people := s.people[q.Key]; people != nil {
			f.State, f.OnCall = access.FactKnown, &access.OnCall{People: people, Until: s.until}
		}
		out = append(out, f)
	}
	return out
}

// oneWay has the first stage take its own people, in no other way.
func oneWay(r *access.Request) {
	for _, s := range []*access.Stage{&r.Stages[0].Stage, &r.Plan.Rule.Stages[0]} {
		s.From, s.AnyOf, s.Approvals = []string{"dba"}, nil, 1
	}
}

// byRota has the first stage take people on call alone.
func byRota(r *access.Request) {
	oneWay(r)
	for _, s := range []*access.Stage{&r.Stages[0].Stage, &r.Plan.Rule.Stages[0]} {
		s.From, s.OnCall = nil, []string{"db"}
	}
}

// TestWhoIsOnCallIsMailed: those who are on call when it is sent, each once, and not the
// requester.
func TestWhoIsOnCallIsMailed(t *testing.T) {
	s := mailtest.Start(t, nil, "")
	f := newFixture(t, s.Addr)
	rota := onCallFor("db", "alice@example.com", "early@example.com")
	f.engine.rota = rota
	f.submits(byRota)
	f.handles()
	rota.set("db", "alice", "erin@example.com", "dba@example.com")
	f.sends()
	f.sends()
	f.handles()
	f.sends()
	require.ElementsMatch(t, []string{"erin@example.com", "dba@example.com"}, addressesOf(s.Mails()))
	require.Contains(t, s.Mails()[0].Body, "you are on call, and may decide it")
}

// TestShiftIsOver: a shift that the rota names and that is over says nothing of who is on
// call. What counts is the engine's clock, by which all else is due.
func TestShiftIsOver(t *testing.T) {
	s := mailtest.Start(t, nil, "")
	f := newFixture(t, s.Addr)
	rota := onCallFor("db", "erin@example.com")
	rota.until = new(f.clock.Add(time.Minute))
	f.engine.rota = rota
	f.submits(byRota)
	f.handles()
	f.clock = f.clock.Add(2 * time.Minute)
	f.sends() // asks the rota, and would write down whom to mail
	f.sends() // would mail them
	require.Empty(t, s.Mails(), "erin is not on call any more")
	f.later()
	rota.until = new(f.clock.Add(time.Hour))
	f.sends()
	f.sends()
	require.Equal(t, []string{"erin@example.com"}, addressesOf(s.Mails()))
}

// TestOnCallInAGroup: somebody who is asked as one of a group is not asked again.
func TestOnCallInAGroup(t *testing.T) {
	s := mailtest.Start(t, nil, "")
	f := newFixture(t, s.Addr)
	f.engine.rota = onCallFor("db", "dba@example.com")
	f.submits(oneWay, func(r *access.Request) {
		r.Stages[0].OnCall, r.Plan.Rule.Stages[0].OnCall = []string{"db"}, []string{"db"}
	})
	f.handles()
	f.sends()
	f.sends()
	require.Equal(t, []string{"dba@example.com"}, addressesOf(s.Mails()))
}

// TestRotaIsDown: the others hear at once, and who is on call once the rota says who that is.
func TestRotaIsDown(t *testing.T) {
	s := mailtest.Start(t, nil, "")
	f := newFixture(t, s.Addr)
	rota := onCallFor("other")
	f.engine.rota = rota
	f.submits(oneWay, func(r *access.Request) {
		r.Stages[0].OnCall, r.Plan.Rule.Stages[0].OnCall = []string{"db"}, []string{"db"}
	})
	f.submits(broken)
	f.handles()
	f.sends()
	require.ElementsMatch(t, []string{"dba@example.com", "security@example.com", "watch@example.com"}, addressesOf(s.Mails()))
	require.Zero(t, f.alarms())
	rota.set("db", "erin@example.com")
	f.later()
	f.sends()
	f.sends()
	require.Equal(t, "erin@example.com", s.Mails()[len(s.Mails())-1].To)
}

// TestHandedOver: a notice that waited until somebody else is on call is not sent.
func TestHandedOver(t *testing.T) {
	s := mailtest.Start(t, nil, "")
	f := newFixture(t, s.Addr)
	rota := onCallFor("db", "erin@example.com")
	f.engine.rota = rota
	r := f.submits(byRota)
	n := ledger.Notice{Seq: 1, RequestID: r.ID, Kind: access.EventRequestCreated, Channel: mailChannel, Address: "erin@example.com", Why: whyOnCall, CreatedAt: f.clock, DueAt: f.clock}
	n.ID = noticeID(addressed{channel: mailChannel, address: n.Address, why: whyOnCall, of: n.Kind}, access.Event{Seq: 1, RequestID: r.ID})
	require.NoError(t, f.ledger.AddNotices(t.Context(), n))
	rota.set("db", "frank@example.com")
	f.sends()
	require.Empty(t, s.Mails())
	c, err := f.ledger.NoticeCounts(t.Context())
	require.NoError(t, err)
	require.Equal(t, ledger.NoticeCounts{}, c)
}

// TestCase48ForgedSchedules: a row that somebody wrote asks no schedule that the signed plan
// does not name, and reaches nobody who is not on call.
func TestCase48ForgedSchedules(t *testing.T) {
	s := mailtest.Start(t, nil, "")
	f := newFixture(t, s.Addr)
	f.engine.rota = onCallFor("all", "everybody@example.com")
	r := f.submits(byRota)
	for i, n := range []ledger.Notice{
		{Channel: onCallChannel, Address: "all", Why: whyOnCall},
		{Channel: onCallChannel, Address: "all", Why: whyEscalated},
		{Channel: mailChannel, Address: "everybody@example.com", Why: whyOnCall},
		{Channel: mailChannel, Address: "everybody@example.com", Why: whyHandled},
		{Channel: serviceChannel, Address: "everybody@example.com", Why: whyApprover},
	} {
		n.Seq, n.RequestID, n.Kind, n.CreatedAt, n.DueAt = int64(i), r.ID, access.EventRequestCreated, f.clock, f.clock
		n.ID = rowID(r.ID, "forged", addressed{channel: n.Channel, address: n.Address + n.Why})
		require.NoError(t, f.ledger.AddNotices(t.Context(), n))
	}
	f.engine.rota.(*schedules).set("db")
	f.sends()
	f.sends()
	require.Empty(t, s.Mails())
}

// TestEscalationToWhoIsOnCall: they are asked once it has waited.
func TestEscalationToWhoIsOnCall(t *testing.T) {
	s := mailtest.Start(t, nil, "")
	f := newFixture(t, s.Addr)
	f.engine.rota = onCallFor("db", "erin@example.com")
	start := f.clock
	f.submits(func(r *access.Request) {
		r.Plan.Rule.Escalate = []access.Escalation{{After: access.Duration(10 * time.Minute), OnCall: []string{"db"}}}
	})
	f.handles()
	f.clock = start.Add(10*time.Minute - time.Second)
	f.sends()
	require.NotContains(t, addressesOf(s.Mails()), "erin@example.com")
	f.clock = start.Add(10 * time.Minute)
	f.sends()
	f.sends()
	mails := s.Mails()
	require.Equal(t, "erin@example.com", mails[len(mails)-1].To)
	require.Contains(t, mails[len(mails)-1].Body, "nobody has decided it yet")
}
