package notices

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/ledger"
	"ramp.dev/ramp/ledger/ledgertest"
	"ramp.dev/ramp/notices/mail/mailtest"
)

// chooses records what somebody hears of.
func (f *fixture) chooses(p access.Person, c access.NoticeChoice) {
	f.Helper()
	require.NoError(f, f.ledger.SetNoticeChoice(f.Context(), p, c, f.clock, access.Event{At: f.clock, Kind: access.EventNoticesChosen, Actor: p.ID}))
}

// ownGrant gives the grant a name that no other request's has.
func ownGrant(r *access.Request) { r.Plan.Grants[0].Name = "ramp-" + access.NewRequestID() + "-a" }

func off(topics ...access.NoticeTopic) access.NoticeChoice {
	return access.NoticeChoice{Off: map[string][]access.NoticeTopic{mailChannel: topics}}
}

// TestPeopleChoose: what somebody switched off they do not hear of, also where the notice was
// written down before; the rest they do.
func TestPeopleChoose(t *testing.T) {
	s := mailtest.Start(t, nil, "")
	f := newFixture(t, s.Addr)
	start := f.clock
	r := f.submits()
	ledgertest.Bring(t, f.ledger, r, access.StateActive, start, start.Add(time.Hour))
	f.active(r)
	f.handles()
	f.chooses(alice, off(access.TopicRequests))
	f.sends()
	require.Empty(t, s.Mails(), "that it is open was to be sent")
	f.clock = start.Add(55 * time.Minute)
	f.sends()
	require.Equal(t, 1, remindersIn(s), "of the end she hears")

	other := f.submits(ownGrant)
	ledgertest.Bring(t, f.ledger, other, access.StateActive, f.clock, f.clock.Add(time.Hour))
	f.active(other)
	f.chooses(alice, off(access.TopicReminders))
	f.handles()
	f.sends()
	mails := s.Mails()
	require.Equal(t, "[Ramp] orders is open", mails[len(mails)-1].Header.Get("Subject"))
	f.clock = f.clock.Add(55 * time.Minute)
	f.sends()
	require.Equal(t, 1, remindersIn(s))
}

// TestCase46NobodySwitchesOffWhatMatters: whoever reviews break glass, and whom a contract
// wants to hear, hear whatever they chose.
func TestCase46NobodySwitchesOffWhatMatters(t *testing.T) {
	s := mailtest.Start(t, nil, "")
	f := newFixture(t, s.Addr)
	f.chooses(alice, off(access.NoticeTopics(mailChannel)...))
	f.submits(broken, func(r *access.Request) {
		r.Plan.Notify = []access.Notice{{Of: []access.EventKind{access.EventGlassBroken}, Whom: []access.NoticeAudience{access.NoticeRequester}}}
	})
	f.handles()
	f.sends()
	require.ElementsMatch(t, []string{"security@example.com", "watch@example.com", "alice@example.com"}, addressesOf(s.Mails()))
}

// TestTimesByTheReadersClock: each reader has them in the zone that they chose, beside UTC.
func TestTimesByTheReadersClock(t *testing.T) {
	s := mailtest.Start(t, nil, "")
	f := newFixture(t, s.Addr)
	f.engine.config.Quiet.Zone, f.engine.config.Quiet.From, f.engine.config.Quiet.To = "Europe/Berlin", "03:00", "03:01"
	f.clock = time.Date(2027, 1, 5, 12, 0, 0, 0, time.UTC)
	start := f.clock
	for _, zone := range []string{"", "Asia/Tokyo", "Nowhere/Atall"} {
		f.chooses(alice, access.NoticeChoice{Zone: zone})
		r := f.submits(ownGrant)
		ledgertest.Bring(t, f.ledger, r, access.StateActive, start, start.Add(time.Hour))
		f.active(r)
		f.handles()
		f.sends()
	}
	var ends []string
	for _, m := range s.Mails() {
		for line := range strings.Lines(m.Body) {
			if name, at, is := strings.Cut(line, ":"); is && name == "Ends" {
				ends = append(ends, strings.TrimSpace(at))
			}
		}
	}
	require.Equal(t, []string{"Tue 5 Jan 2027, 14:00 CET (13:00 UTC)", "Tue 5 Jan 2027, 22:00 JST (13:00 UTC)", "Tue 5 Jan 2027, 14:00 CET (13:00 UTC)"}, ends)
}

// TestHandledByOthers: who was asked and did not decide hears once that nothing is left to
// decide; who decided, who was never sent the question, and who chose so do not.
func TestHandledByOthers(t *testing.T) {
	for name, c := range map[string]struct {
		to     access.State
		kind   access.EventKind
		asked  bool
		off    bool
		expect string // in the subject
	}{
		"approved":        {access.StateApproved, access.EventRequestApproved, true, false, "was approved"},
		"cancelled":       {access.StateCancelled, access.EventRequestCancelled, true, false, "was cancelled"},
		"before they ask": {access.StateCancelled, access.EventRequestCancelled, false, false, ""},
		"they chose so":   {access.StateCancelled, access.EventRequestCancelled, true, true, ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := mailtest.Start(t, nil, "")
			f := newFixture(t, s.Addr)
			f.engine.config.Groups = map[string][]string{"dba": {"dba@example.com"}}
			f.engine.rota = onCallFor("db", "erin@example.com")
			if c.off {
				f.chooses(access.Person{ID: "e", Email: "erin@example.com", EmailVerified: true}, off(access.TopicHandled))
				f.engine.config.Groups = nil
			}
			r := f.submits(func(r *access.Request) {
				r.Stages[0].OnCall, r.Plan.Rule.Stages[0].OnCall = []string{"db"}, []string{"db"}
			}, oneWay)
			f.handles()
			if c.asked {
				f.sends()
				f.sends()
			}
			before := len(s.Mails())
			require.NoError(t, f.ledger.Advance(t.Context(), access.Transition{RequestID: r.ID, To: c.to, At: f.clock, Events: []access.Event{{At: f.clock, RequestID: r.ID, Kind: c.kind, Actor: "bob", Key: r.ID + "-over"}}}))
			f.handles()
			f.sends()
			f.handles()
			f.sends()
			var to []string
			for _, m := range s.Mails()[before:] {
				if m.To == "alice@example.com" {
					continue
				}
				to = append(to, m.To)
				require.Contains(t, m.Header.Get("Subject"), c.expect)
				require.Contains(t, m.Body, "Nothing is left for you to do.")
			}
			if c.expect == "" {
				require.Empty(t, to)
				return
			}
			require.ElementsMatch(t, []string{"dba@example.com", "erin@example.com"}, to)
		})
	}
}

// TestWhoDecidedKnows: the one whose decision it was hears nothing more.
func TestWhoDecidedKnows(t *testing.T) {
	r := asked()
	r.Decisions = []access.Decision{{Approver: access.Person{ID: "dba", Email: "DBA@example.com"}, Verdict: access.Approve}}
	s := mailtest.Start(t, nil, "")
	f := newFixture(t, s.Addr)
	for _, a := range []string{"dba@example.com", "other@example.com"} {
		n := ledger.Notice{ID: a, RequestID: r.ID, Kind: access.EventRequestCreated, Channel: mailChannel, Address: a, Why: whyApprover, CreatedAt: f.clock, DueAt: f.clock}
		require.NoError(t, f.ledger.AddNotices(t.Context(), n))
		require.NoError(t, f.ledger.CloseNotice(t.Context(), a, ledger.NoticeSent, "", f.clock))
	}
	list, err := f.engine.handled(t.Context(), access.Event{Kind: access.EventRequestApproved, RequestID: r.ID}, r, f.clock)
	require.NoError(t, err)
	require.Len(t, list, 1)
	require.Equal(t, "other@example.com", list[0].Address)
	require.Equal(t, "orders no longer waits for you: the request of Alice Ahn was denied", headline(ledger.Notice{Kind: access.EventRequestDenied, Why: whyHandled}, r))
}
