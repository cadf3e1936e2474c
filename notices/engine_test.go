package notices

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/feed"
	"ramp.dev/ramp/internal/ports"
	"ramp.dev/ramp/ledger"
	"ramp.dev/ramp/notices/channel"
	"ramp.dev/ramp/notices/mail"
	"ramp.dev/ramp/notices/mail/mailtest"
)

// fixture is an engine on a real ledger, with a mail server.
type fixture struct {
	*testing.T
	ledger *ledger.Ledger
	path   string // of the ledger
	engine *Engine
	clock  time.Time
}

func newFixture(t *testing.T, server string) *fixture {
	path := "sqlite:" + filepath.Join(t.TempDir(), "ledger.db")
	l, err := ledger.Open(t.Context(), path)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, l.Close()) })
	c := Config{Pages: "https://ramp.example.com", Mail: mail.Config{Server: server, From: "ramp@example.com", TLS: "none"}, Alarms: []string{"watch@example.com"},
		Groups: map[string][]string{"dba": {"dba@example.com"}, "security": {"security@example.com"}}}
	require.Empty(t, c.Validate())
	f := &fixture{T: t, ledger: l, path: path, clock: time.Now().UTC()}
	f.engine = New(c, l, l.Request, mail.New(c.Mail), logrus.New())
	f.engine.now = func() time.Time { return f.clock }
	return f
}

// submits records a request, and returns its events.
func (f *fixture) submits(change ...func(*access.Request)) access.Request {
	f.Helper()
	r := asked(change...)
	r.ID = access.NewRequestID()
	r.Plan.RequestID, r.CreatedAt = r.ID, f.clock
	_, err := f.ledger.Submit(f.Context(), ledger.Submission{Request: r, PlanEnvelope: []byte(`{}`), Input: access.RequestInput{Contract: r.Contract}})
	require.NoError(f, err)
	return r
}

// handles gives the engine every event of the ledger, as the feed does after a crash.
func (f *fixture) handles() {
	f.Helper()
	events, err := f.ledger.Events(f.Context(), ledger.EventFilter{})
	require.NoError(f, err)
	require.NoError(f, f.engine.Handle(f.Context(), events))
}

func (f *fixture) sends() string {
	f.Helper()
	sent, failed, err := f.engine.send(f.Context())
	require.NoError(f, err)
	return fmt.Sprintf("sent %d notices, %d are tried again", sent, failed)
}

// alarms counts the events that say that a notice did not arrive.
func (f *fixture) alarms() (n int) {
	events, err := f.ledger.Events(f.Context(), ledger.EventFilter{})
	require.NoError(f, err)
	for _, e := range events {
		if e.Kind == access.EventNoticeUndelivered {
			n++
			require.NotContains(f, e.Message, "@", "events are for ever, and hold no address")
		}
	}
	return n
}

func addressesOf(mails []mailtest.Mail) (out []string) {
	for _, m := range mails {
		out = append(out, m.To)
	}
	return out
}

// TestNoticesAreSentOnce: from a commit to the mailbox through the feed; events that are
// handled again send nothing again.
func TestNoticesAreSentOnce(t *testing.T) {
	s := mailtest.Start(t, nil, "")
	f := newFixture(t, s.Addr)
	events := feed.New(f.ledger, logrus.New(), feed.Options{})
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { events.Run(ctx) })
	running.Go(func() { f.engine.Run(ctx, events) })
	require.Eventually(t, func() bool { all, err := f.ledger.Cursors(ctx); return err == nil && len(all) == 1 }, time.Minute, 10*time.Millisecond)
	f.submits()
	<-s.Next()
	f.submits(broken)
	<-s.Next()
	<-s.Next()
	stop()
	running.Wait()
	f.handles()
	f.clock = f.clock.Add(claimFor + time.Second)
	f.sends()
	require.ElementsMatch(t, []string{"dba@example.com", "security@example.com", "watch@example.com"}, addressesOf(s.Mails()))
	require.Zero(t, f.alarms())
}

// TestCrashAfterSending: a process that dies between sending and saying so sends once
// more, with the Message-ID of the first.
func TestCrashAfterSending(t *testing.T) {
	s := mailtest.Start(t, nil, "")
	f := newFixture(t, s.Addr)
	f.submits()
	f.handles()
	dead := *f.engine
	dead.ledger = deadAfterSending{f.ledger}
	_, _, err := dead.send(t.Context())
	require.ErrorIs(t, err, errDied)
	require.Len(t, s.Mails(), 1)
	require.Equal(t, "sent 0 notices, 0 are tried again", f.sends(), "it may still be sending")
	f.clock = f.clock.Add(claimFor)
	require.Equal(t, "sent 1 notices, 0 are tried again", f.sends())
	got := s.Mails()
	require.Len(t, got, 2)
	require.Equal(t, got[0].Header.Get("Message-Id"), got[1].Header.Get("Message-Id"))
}

var errDied = errors.New("died")

type deadAfterSending struct{ *ledger.Ledger }

func (deadAfterSending) CloseNotice(context.Context, string, ledger.NoticeOutcome, string, time.Time) error {
	return errDied
}

// TestCase46MailServerIsDown: nothing is lost; a notice of break glass that is late is an
// event, once, and arrives when the server is back.
func TestCase46MailServerIsDown(t *testing.T) {
	at := ports.ForTest(t)
	f := newFixture(t, at)
	f.submits()
	f.submits(broken)
	f.handles()
	require.Equal(t, "sent 0 notices, 3 are tried again", f.sends())
	require.Zero(t, f.alarms(), "not for a moment's trouble")
	for range 3 {
		f.clock = f.clock.Add(time.Minute)
		f.sends()
	}
	require.Equal(t, 2, f.alarms(), "one for each address that should have heard")
	c, err := f.ledger.NoticeCounts(t.Context())
	require.NoError(t, err)
	require.Equal(t, ledger.NoticeCounts{Waiting: 3, Urgent: 2}, c)
	l, err := net.Listen("tcp", at)
	require.NoError(t, err)
	s := mailtest.StartOn(t, l, nil, "")
	f.clock = f.clock.Add(15 * time.Minute)
	require.Equal(t, "sent 3 notices, 0 are tried again", f.sends())
	require.Len(t, s.Mails(), 3)
	require.Equal(t, 2, f.alarms())
}

// TestCase46OneAddressHoldsUpNoOther: what one mailbox refuses is given up in the end, and an
// alarm if it was urgent.
func TestCase46OneAddressHoldsUpNoOther(t *testing.T) {
	s := mailtest.Start(t, nil, "")
	s.Break(mailtest.Fault{Recipient: func(to string) error {
		if to == "security@example.com" {
			return &smtp.SMTPError{Code: 550, Message: "no such mailbox"}
		}
		return nil
	}})
	f := newFixture(t, s.Addr)
	f.submits(broken)
	f.handles()
	require.Equal(t, "sent 1 notices, 1 are tried again", f.sends())
	require.Equal(t, 1, f.alarms(), "a refusal is told at once")
	f.clock = f.clock.Add(giveUpRefuse)
	f.sends()
	c, err := f.ledger.NoticeCounts(t.Context())
	require.NoError(t, err)
	require.Equal(t, ledger.NoticeCounts{GivenUp: 1}, c)
	require.Equal(t, []string{"watch@example.com"}, addressesOf(s.Mails()))
}

// TestCase46NobodyToReview: a use of break glass whose reviewers have no address is an alarm,
// and told to those who watch.
func TestCase46NobodyToReview(t *testing.T) {
	s := mailtest.Start(t, nil, "")
	f := newFixture(t, s.Addr)
	delete(f.engine.config.Groups, "security")
	f.submits(broken)
	f.handles()
	f.handles()
	f.sends()
	require.Equal(t, []string{"watch@example.com", "watch@example.com"}, addressesOf(s.Mails()), "of the use, and that nobody reviews it")
	require.Equal(t, 1, f.alarms())
}

// TestCase46QuietHoldsNoAlarm: at night people hear of break glass, and of the rest in the
// morning; what is decided by then is not asked any more.
func TestCase46QuietHoldsNoAlarm(t *testing.T) {
	s := mailtest.Start(t, nil, "")
	f := newFixture(t, s.Addr)
	f.clock = time.Now().UTC().Truncate(24 * time.Hour).Add(23 * time.Hour)
	f.engine.config.Quiet = Quiet{From: "22:00", To: "07:00"}
	f.submits()
	decided := f.submits()
	f.submits(broken)
	f.handles()
	require.Equal(t, "sent 2 notices, 0 are tried again", f.sends())
	require.NoError(t, f.ledger.Advance(t.Context(), access.Transition{RequestID: decided.ID, To: access.StateCancelled}))
	f.clock = f.clock.Add(8 * time.Hour)
	f.sends()
	require.ElementsMatch(t, []string{"security@example.com", "watch@example.com", "dba@example.com"}, addressesOf(s.Mails()))
}

// TestTwoEngines share the work, and send nothing twice.
func TestTwoEngines(t *testing.T) {
	s := mailtest.Start(t, nil, "")
	f := newFixture(t, s.Addr)
	for range 30 {
		f.submits(func(r *access.Request) { r.Requester.ID, r.Requester.Email = access.NewRequestID(), "" })
	}
	var both sync.WaitGroup
	for range 2 {
		both.Go(func() {
			f.handles()
			f.sends()
		})
	}
	both.Wait()
	seen := map[string]bool{}
	for _, m := range s.Mails() {
		id := m.Header.Get("Message-Id")
		require.False(t, seen[id])
		seen[id] = true
	}
	require.Len(t, seen, 30)
}

var _ channel.Channel = mail.Mail{}

// TestCase48ForgedRowsOfTheOutbox: somebody who writes to the ledger's database has Ramp send
// nothing but what is true to those who may hear it.
func TestCase48ForgedRowsOfTheOutbox(t *testing.T) {
	s := mailtest.Start(t, nil, "")
	f := newFixture(t, s.Addr)
	r, seq := f.submits(), int64(4711)
	row := func(k access.EventKind, why, address string, change ...func(*ledger.Notice)) {
		seq++
		n := ledger.Notice{Seq: seq, RequestID: r.ID, Kind: k, Channel: mailChannel, Address: address, Why: why, Urgent: true, CreatedAt: f.clock, DueAt: f.clock}
		n.ID = noticeID(addressed{channel: mailChannel, address: address, why: why, of: k}, access.Event{Seq: n.Seq, RequestID: r.ID})
		for _, c := range change {
			c(&n)
		}
		require.NoError(t, f.ledger.AddNotices(t.Context(), n))
	}
	row(access.EventRequestCreated, "your session ends today.\n\nLog in at https://ramp.evil.example/login", "dba@example.com")
	row(access.EventRequestCreated, whyApprover, "ceo@bank.example")
	row(access.EventRequestCreated, whyAlarm, "watch@example.com")
	row(access.EventRequestCreated, whyContract, "dba@example.com")
	row(access.EventGlassBroken, whyAlarm, "watch@example.com")
	row(access.EventAccessEnded, whyRequester, "alice@example.com")
	row(access.EventActRefused, whyAlarm, "watch@example.com")
	row("made up", whyAlarm, "watch@example.com")
	row(access.EventAccessOverdue, whyAlarm, "watch@example.com", func(n *ledger.Notice) { n.ID = "x@evil.example>\r\nBcc: all@example.com\r\nX: <y" })
	row(access.EventAccessOverdue, whyAlarm, "watch@example.com", func(n *ledger.Notice) { n.Channel, n.ID = "pager", "other" })
	f.sends()
	require.Empty(t, s.Mails())
	require.Equal(t, 3, f.alarms(), "of rows that would say what must not be missed")
	row(access.EventRequestCreated, whyApprover, "dba@example.com")
	f.sends()
	require.Equal(t, []string{"dba@example.com"}, addressesOf(s.Mails()), "it is true, and they may decide it")
	c, err := f.ledger.NoticeCounts(t.Context())
	require.NoError(t, err)
	require.Zero(t, c.Waiting)
}

// TestWhoLeftHearsNoMore: between writing a notice down and sending it a night may pass.
func TestWhoLeftHearsNoMore(t *testing.T) {
	s := mailtest.Start(t, nil, "")
	f := newFixture(t, s.Addr)
	f.submits()
	f.handles()
	f.engine.config.Groups = nil
	f.sends()
	require.Empty(t, s.Mails())
}

// TestClaimsOutlastSending: no second process sends what the first one is still sending to
// a server that lets it wait.
func TestClaimsOutlastSending(t *testing.T) {
	require.Less(t, atOnce/parallel*(sendWithin+10*time.Second), claimFor)
}
