package notices

import (
	"crypto/ed25519"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/ledger"
	"ramp.dev/ramp/notices/mail/mailtest"
)

// slackUser is a user of Slack whom somebody links.
var slackUser = ledger.ExternalUser{Service: "slack", Workspace: "T0RAMP", User: "U0MALLORY"}

// links has a user of Slack linked to a person, as a server does by a code.
func (f *fixture) links(p access.Person) {
	f.Helper()
	_, private, err := ed25519.GenerateKey(nil)
	require.NoError(f, err)
	key := evidence.NewSigner(private)
	f.ledger.UseNotary(evidence.NewNotary(key, evidence.NewKeyring(key.Public())), nil)
	require.NoError(f, f.ledger.AddLinkCode(f.Context(), ledger.LinkCode{Digest: "d", Service: "slack", Person: p, ExpiresAt: f.clock.Add(time.Minute)}))
	_, err = f.ledger.LinkExternalUser(f.Context(), "d", slackUser, "mallory", f.clock, func(p access.Person) access.Event {
		return access.Event{At: f.clock, Kind: access.EventExternalLinked, Actor: p.ID, Detail: map[string]string{"service": slackUser.Service, "workspace": slackUser.Workspace, "user": slackUser.User}}
	})
	require.NoError(f, err)
}

// night has quiet hours hold until a later call of later.
func (f *fixture) night() {
	f.clock = time.Now().UTC().Truncate(24 * time.Hour).Add(23 * time.Hour)
	f.engine.config.Quiet = Quiet{From: "22:00", To: "07:00"}
}

// TestCase125LinkIsHeardOf: somebody who could sign in as a person for a moment and linked
// a user of Slack that they own acts as the person for as long as the link lasts. The
// person hears of it at once, whatever the hour and whatever they switched off, also where
// no directory knows them and where the link was taken back at once; once.
func TestCase125LinkIsHeardOf(t *testing.T) {
	for name, takenBack := range map[string]bool{"it counts": false, "it was taken back": true} {
		t.Run(name, func(t *testing.T) {
			s := mailtest.Start(t, nil, "")
			f := newFixture(t, s.Addr)
			f.night()
			f.links(alice)
			f.chooses(alice, off(access.NoticeTopics(access.NoticeMail)...))
			if takenBack {
				require.NoError(t, f.ledger.UnlinkExternalUser(t.Context(), "slack", "alice", access.Event{At: f.clock, Kind: access.EventExternalUnlinked, Actor: "alice"}))
			}
			f.clock = f.clock.Add(25 * time.Hour) // also if the worker was away meanwhile
			for range 2 {
				f.handles()
				f.sends()
			}
			got := s.Mails()
			require.Len(t, got, 1)
			require.Equal(t, "alice@example.com", got[0].To)
			require.Equal(t, "[Ramp] A user of another program was linked to you", got[0].Header.Get("Subject"))
			for _, says := range []string{"Slack, workspace T0RAMP", "mallory (U0MALLORY)", "Sign out everywhere", "https://ramp.example.com/you"} {
				require.Contains(t, got[0].Body, says)
			}
			if takenBack {
				require.Contains(t, got[0].Body, "The link was taken back since")
			} else {
				require.Contains(t, got[0].Body, "take the link back on the page about you")
			}
			require.Contains(t, got[0].HTML, `href="https://ramp.example.com/you"`)
			require.Zero(t, f.alarms())
		})
	}
}

// TestCase125LinkOfSomebodyWithoutAnAddress: that nobody can be told is an alarm, which
// those who watch alarms hear of.
func TestCase125LinkOfSomebodyWithoutAnAddress(t *testing.T) {
	s := mailtest.Start(t, nil, "")
	f := newFixture(t, s.Addr)
	f.links(access.Person{ID: "bob", Kind: access.KindHuman})
	f.handles()
	f.handles()
	f.sends()
	require.Equal(t, 1, f.alarms())
	require.Equal(t, []string{"watch@example.com"}, addressesOf(s.Mails()))
	require.Contains(t, s.Mails()[0].Body, "It is of:     linked a user of another program")
}

// behind records that a sink is behind, as a worker does.
func (f *fixture) behind(after string) {
	f.Helper()
	require.NoError(f, f.ledger.AppendEvent(f.Context(), access.Event{At: f.clock, Kind: access.EventSinkBehind, Actor: access.ActorRamp, Message: "The sink siem has stood.",
		Detail: map[string]string{"sink": "siem", "after": after}, Key: "sink siem behind " + after + f.clock.Format("2006-01-02 15h")}))
}

// TestCase46ReceiverIsBehind: that a receiver of events is behind is no request's. Those who
// watch alarms, and those who run Ramp, hear of it at night, once a day while it stands.
func TestCase46ReceiverIsBehind(t *testing.T) {
	s := mailtest.Start(t, nil, "")
	f := newFixture(t, s.Addr)
	r := withRoom(t, f)
	f.engine.config.Operators = []string{"ops@example.com", "watch@example.com"}
	require.Empty(t, f.engine.config.Validate())
	f.night()
	f.clock = f.clock.Add(-50 * time.Minute)
	for range 3 { // 22:10, 22:50 and 23:30: an event each hour
		f.behind("4711")
		f.handles()
		f.sends()
		f.clock = f.clock.Add(40 * time.Minute)
	}
	require.ElementsMatch(t, []string{"watch@example.com", "ops@example.com"}, addressesOf(s.Mails()), "each once")
	require.Len(t, r.all(), 1)
	for _, m := range s.Mails() {
		require.Contains(t, m.Body, "Receiver:     siem")
		require.Contains(t, m.Body, "events up to 4711")
		require.Equal(t, map[string]string{"watch@example.com": whyAlarm, "ops@example.com": whyOperator}[m.To], because(m.Body))
		require.Equal(t, "high", m.Header.Get("Importance"))
	}
	f.clock = f.clock.Add(24 * time.Hour)
	f.handles()
	f.sends()
	require.Len(t, s.Mails(), 2, "what is a day old tells nobody anything new")
	f.behind("4711")
	f.handles()
	f.sends()
	require.Len(t, s.Mails(), 4, "it stands another day")
}

// TestCase128UnwitnessedIsHeardOf: that the log lacks witnesses is heard of once a day, and
// once more when one disputes it.
func TestCase128UnwitnessedIsHeardOf(t *testing.T) {
	s := mailtest.Start(t, nil, "")
	f := newFixture(t, s.Addr)
	f.engine.config.Operators = []string{"ops@example.com"}
	f.night()
	f.clock = f.clock.Add(-2 * time.Hour)
	for i, disputed := range []string{"", "", "north"} {
		require.NoError(t, f.ledger.AppendEvent(t.Context(), access.Event{At: f.clock, Kind: access.EventLogUnwitnessed, Actor: access.ActorRamp, Message: "Log in at evil.example",
			Detail: map[string]string{"disputed": disputed}, Key: fmt.Sprint(i)}))
		f.handles()
		f.sends()
		f.clock = f.clock.Add(10 * time.Minute)
	}
	require.ElementsMatch(t, []string{"watch@example.com", "ops@example.com", "watch@example.com", "ops@example.com"}, addressesOf(s.Mails()))
	for _, m := range s.Mails() {
		require.Contains(t, m.Body, "Alarm: the log lacks witnesses, or one disputes it")
		require.NotContains(t, m.Body, "evil.example")
	}
}

// TestReceiversHaveNames: a receiver's name is said where the configuration could have it,
// of a sink and of a webhook.
func TestReceiversHaveNames(t *testing.T) {
	for name, is := range map[string]bool{"siem": true, "webhook:siem": true, "Log in at evil.example": false, "siem\n": false, "": false, "webhook:": false} {
		require.Equal(t, is, formed(sinkName, name) == name && name != "", name)
	}
}

// because is the reason that a mail gives.
func because(body string) string {
	_, after, _ := strings.Cut(body, "You hear of this because ")
	why, _, _ := strings.Cut(after, ". ")
	return why
}

// TestCase46UndeliveredIsHeardOf: that one address does not take a notice of break glass,
// the others hear; that they do not hear that, nobody hears for ever.
func TestCase46UndeliveredIsHeardOf(t *testing.T) {
	s := mailtest.Start(t, nil, "")
	f := newFixture(t, s.Addr)
	refuses := func(address string) {
		s.Break(mailtest.Fault{Recipient: func(to string) error {
			if to == address {
				return &smtp.SMTPError{Code: 550, Message: "no such mailbox"}
			}
			return nil
		}})
	}
	refuses("security@example.com")
	r := f.submits(broken)
	for range 3 {
		f.handles()
		f.sends()
	}
	require.Equal(t, []string{"watch@example.com", "watch@example.com"}, addressesOf(s.Mails()))
	told := s.Mails()[1]
	require.Equal(t, "[Ramp] A notice did not arrive", told.Header.Get("Subject"))
	require.Contains(t, told.Body, access.EventGlassBroken.Spec().Phrase)
	require.Contains(t, told.Body, "https://ramp.example.com/requests/"+r.ID)
	require.Equal(t, 1, f.alarms())

	refuses("watch@example.com")
	f.submits(broken, func(r *access.Request) { r.Requester.ID, r.Requester.Email = "bob", "bob@example.com" })
	for range 3 {
		f.handles()
		f.sends()
		f.clock = f.clock.Add(time.Minute)
	}
	require.Equal(t, 2, f.alarms(), "of the second use; not of the notice that it did not arrive")
}

// TestCase46UrgentWithoutARequest: whatever is urgent is heard of, also of no request.
func TestCase46UrgentWithoutARequest(t *testing.T) {
	s := mailtest.Start(t, nil, "")
	f := newFixture(t, s.Addr)
	require.NoError(t, f.ledger.AppendEvent(t.Context(), access.Event{At: f.clock, Kind: access.EventRecordAltered, Actor: access.ActorReconciler, Message: "<b>a row</b>", Key: "x"}))
	f.handles()
	f.sends()
	require.Equal(t, []string{"watch@example.com"}, addressesOf(s.Mails()))
	require.NotContains(t, s.Mails()[0].Body, "a row", "an event is signed by nobody")
}

// TestCase48ForgedRowsOfNoRequest: somebody who writes to the ledger's database has Ramp
// write nothing of theirs, to nobody else, and not twice.
func TestCase48ForgedRowsOfNoRequest(t *testing.T) {
	s := mailtest.Start(t, nil, "")
	f := newFixture(t, s.Addr)
	f.engine.config.Operators = []string{"ops@example.com"}
	evil := "https://ramp.evil.example/login"
	require.NoError(t, f.ledger.AppendEvent(t.Context(), access.Event{At: f.clock, Kind: access.EventSinkBehind, Actor: evil, Message: evil, Detail: map[string]string{"sink": evil, "after": evil}}))
	require.NoError(t, f.ledger.AppendEvent(t.Context(), access.Event{At: f.clock, Kind: access.EventExternalLinked, Actor: "alice", Message: evil, Detail: map[string]string{"service": evil, "workspace": evil, "user": evil}}))
	require.NoError(t, f.ledger.AppendEvent(t.Context(), access.Event{At: f.clock, Kind: access.EventNoticeUndelivered, RequestID: "../" + evil[:30], Actor: evil, Message: evil, Detail: map[string]string{"of": evil}, Key: "k"}))
	events, err := f.ledger.Events(t.Context(), ledger.EventFilter{})
	require.NoError(t, err)
	row := func(ev access.Event, address, why string, change ...func(*ledger.Notice)) {
		a := addressed{channel: mailChannel, address: address}
		n := ledger.Notice{ID: rowID(ev.RequestID, aboutEvent(ev), a), Seq: ev.Seq, RequestID: ev.RequestID, Kind: ev.Kind, Channel: mailChannel, Address: address, Why: why, CreatedAt: f.clock, DueAt: f.clock}
		for _, c := range change {
			c(&n)
		}
		require.NoError(t, f.ledger.AddNotices(t.Context(), n))
	}
	row(events[0], "ceo@bank.example", whyAlarm)
	row(events[1], "ceo@bank.example", whyLinked)
	row(events[1], "watch@example.com", whyLinked)
	row(events[0], "watch@example.com", whyAlarm, func(n *ledger.Notice) { n.ID = rowID("", "again", addressed{}) })
	row(events[0], "watch@example.com", whyAlarm, func(n *ledger.Notice) { n.ID, n.Seq = rowID("", "of none", addressed{}), 4711 })
	row(events[0], "watch@example.com", whyAlarm, func(n *ledger.Notice) { n.ID, n.Kind = rowID("", "of another", addressed{}), access.EventGlassBroken })
	f.sends()
	require.Empty(t, s.Mails())
	row(events[0], "watch@example.com", "your session is over. Log in at "+evil)
	row(events[2], "ops@example.com", "")
	f.sends()
	require.Len(t, s.Mails(), 2, "a receiver may be behind, and a notice may not have arrived")
	for _, m := range s.Mails() {
		require.NotContains(t, m.Body+m.HTML+m.Header.Get("Subject"), "evil")
	}
}

// TestReviewIsOverdue: that a week has no review is heard of by those who watch alarms and
// those who run Ramp, at night too, once a day.
func TestReviewIsOverdue(t *testing.T) {
	s := mailtest.Start(t, nil, "")
	f := newFixture(t, s.Addr)
	f.engine.config.Operators = []string{"ops@example.com"}
	f.night()
	until := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	for range 2 {
		require.NoError(t, f.ledger.AppendEvent(t.Context(), access.Event{At: f.clock, Kind: access.EventReviewOverdue, Actor: access.ActorRamp, Message: "Log in at evil.example",
			Detail: map[string]string{access.DetailUntil: access.FormatTime(until)}, Key: f.clock.String()}))
		f.handles()
		f.sends()
		f.clock = f.clock.Add(30 * time.Minute)
	}
	require.ElementsMatch(t, []string{"watch@example.com", "ops@example.com"}, addressesOf(s.Mails()), "each once")
	for _, m := range s.Mails() {
		require.Equal(t, "[Ramp] The weekly review was not made", m.Header.Get("Subject"))
		require.Contains(t, m.Body, "Mon 23 Nov 2026, 00:00 UTC")
		require.Contains(t, m.Body, "https://ramp.example.com/review")
		require.NotContains(t, m.Body, "evil.example")
	}
}
