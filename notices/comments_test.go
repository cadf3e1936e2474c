package notices

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/facts"
	"ramp.dev/ramp/facts/source"
	"ramp.dev/ramp/ledger"
	"ramp.dev/ramp/notices/mail/mailtest"
)

// board is a Jira that keeps the comments of all its issues together.
type board struct {
	*httptest.Server
	mu       sync.Mutex
	comments []string
	after    http.HandlerFunc // replies in the place of a comment that was taken
	instead  http.HandlerFunc // replies in the place of everything
}

func startBoard(t *testing.T) *board {
	b := &board{}
	b.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b.mu.Lock()
		defer b.mu.Unlock()
		switch {
		case b.instead != nil:
			b.instead(w, r)
		case !strings.HasPrefix(r.URL.Path, "/rest/api/2/issue/") || strings.Contains(r.URL.Path, "GONE"):
			w.WriteHeader(404)
			_, _ = io.WriteString(w, `{"errorMessages":["Issue does not exist"]}`)
		case r.Method == http.MethodPost:
			var in struct{ Body string }
			_ = json.NewDecoder(r.Body).Decode(&in)
			b.comments = append(b.comments, in.Body)
			if b.after != nil {
				b.after(w, r)
				return
			}
			w.WriteHeader(201)
			_, _ = io.WriteString(w, `{"id":"10001"}`)
		default:
			list := []map[string]string{}
			for _, c := range b.comments {
				list = append(list, map[string]string{"body": c})
			}
			_ = json.NewEncoder(w).Encode(map[string]any{"comments": list, "total": len(list)})
		}
	}))
	t.Cleanup(b.Close)
	return b
}

func (b *board) all() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]string{}, b.comments...)
}

func (b *board) faults(after, instead http.HandlerFunc) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.after, b.instead = after, instead
}

// commenting returns an engine that comments on the board's tickets.
func commenting(t *testing.T) (*fixture, *board) {
	s := mailtest.Start(t, nil, "")
	f, b := newFixture(t, s.Addr), startBoard(t)
	token := filepath.Join(t.TempDir(), "token")
	require.NoError(t, os.WriteFile(token, []byte("x"), 0o600))
	c := f.engine.config
	c.Groups = nil // nobody is mailed
	c.Tickets = map[string]facts.Config{"jira": {Kind: "jira", Config: source.Config{Address: b.URL, Token: field.SecretFile(token)}}}
	require.Empty(t, c.Validate())
	f.engine = New(c, f.ledger, f.ledger.Request, f.engine.channels[mailChannel], f.engine.log)
	f.engine.now = func() time.Time { return f.clock }
	return f, b
}

// ticketed names the ticket, as the signed plan does.
func ticketed(r *access.Request) {
	r.Plan.Ticket = "OPS-1"
	r.Plan.Facts = []access.Fact{{FactQuestion: access.FactQuestion{Kind: access.FactTicket, Source: "jira", Key: "OPS-1"}, State: access.FactKnown, Ticket: &access.Ticket{Open: true}}}
	r.Plan.Rule.Stages, r.Stages = nil, nil
}

// later has the time pass until what failed is tried again.
func (f *fixture) later() { f.clock = f.clock.Add(time.Hour) }

// TestCommentsOnTheTicket: once each, also when the response to one was lost, and when
// events are handled again.
func TestCommentsOnTheTicket(t *testing.T) {
	f, b := commenting(t)
	b.faults(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, nil) // taken, and the connection breaks
	r := f.submits(ticketed)
	f.handles()
	require.Equal(t, "sent 0 notices, 1 are tried again", f.sends())
	require.Len(t, b.all(), 1)
	b.faults(nil, nil)
	f.later()
	require.Equal(t, "sent 1 notices, 0 are tried again", f.sends())
	f.handles()
	f.later()
	f.sends()
	require.Len(t, b.all(), 1, "it was found by its mark")
	said := b.all()[0]
	require.Contains(t, said, "Ramp: Alice Ahn asks for orders.")
	require.Contains(t, said, "Access:    read orders on postgres/orders")
	require.Contains(t, said, "https://ramp.example.com/requests/"+r.ID)
	require.NotContains(t, said, "4711", "reasons stay in Ramp")
	require.NotContains(t, said, "@")

	err := f.ledger.Advance(t.Context(), access.Transition{RequestID: r.ID, To: access.StateCancelled, At: f.clock, Events: []access.Event{{At: f.clock, RequestID: r.ID, Kind: access.EventRequestCancelled, Actor: "alice", Key: r.ID + "-cancelled"}}})
	require.NoError(t, err)
	f.handles()
	f.sends()
	require.Len(t, b.all(), 2)
	require.Contains(t, b.all()[1], "cancelled")
}

// TestTicketSystemIsDown: comments wait, as long as the system asks for, and are no alarm.
func TestTicketSystemIsDown(t *testing.T) {
	f, b := commenting(t)
	b.faults(nil, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "1200")
		w.WriteHeader(429)
	})
	f.submits(ticketed)
	f.handles()
	require.Equal(t, "sent 0 notices, 1 are tried again", f.sends())
	f.clock = f.clock.Add(19 * time.Minute)
	require.Equal(t, "sent 0 notices, 0 are tried again", f.sends())
	b.faults(nil, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(503) })
	f.clock = f.clock.Add(time.Minute)
	require.Equal(t, "sent 0 notices, 1 are tried again", f.sends())
	b.faults(nil, nil)
	f.later()
	require.Equal(t, "sent 1 notices, 0 are tried again", f.sends())
	require.Len(t, b.all(), 1)
	require.Zero(t, f.alarms())
}

// TestCase48ForgedComments: a row that somebody wrote into the outbox comments on no other
// ticket, says nothing that did not happen, and nothing a second time.
func TestCase48ForgedComments(t *testing.T) {
	f, b := commenting(t)
	r, other := f.submits(ticketed), f.submits(func(r *access.Request) { r.Plan.Ticket, r.Requester = "OPS-1", access.Person{ID: "bob"} })
	row := func(id, request string, k access.EventKind, address string) {
		require.NoError(t, f.ledger.AddNotices(t.Context(), ledger.Notice{ID: id, Seq: 4711, RequestID: request, Kind: k, Channel: ticketChannel,
			Address: address, Why: "x", Urgent: true, CreatedAt: f.clock, DueAt: f.clock}))
	}
	row(commentID(r.ID, access.EventRequestCreated, "jira SEC-1"), r.ID, access.EventRequestCreated, "jira SEC-1")
	row(commentID(r.ID, access.EventRequestCreated, "other OPS-1"), r.ID, access.EventRequestCreated, "other OPS-1")
	row(commentID(r.ID, access.EventAccessEnded, "jira OPS-1"), r.ID, access.EventAccessEnded, "jira OPS-1")
	row(commentID(r.ID, access.EventGlassBroken, "jira OPS-1"), r.ID, access.EventGlassBroken, "jira OPS-1")
	row(commentID(r.ID, access.EventActRefused, "jira OPS-1"), r.ID, access.EventActRefused, "jira OPS-1")
	row(commentID(r.ID, access.EventRequestLapsed, "jira OPS-1"), r.ID, access.EventRequestLapsed, "jira OPS-1")
	row(commentID(r.ID, access.EventRequestScheduled, "jira OPS-1"), r.ID, access.EventRequestScheduled, "jira SEC-2")
	row(strings.Repeat("0", 32), r.ID, access.EventRequestCreated, "jira OPS-1")
	row(commentID(other.ID, access.EventRequestCreated, "jira OPS-1"), other.ID, access.EventRequestCreated, "jira OPS-1")
	f.sends()
	require.Empty(t, b.all())
	row(commentID(r.ID, access.EventRequestCreated, "jira OPS-1"), r.ID, access.EventRequestCreated, "jira OPS-1")
	f.handles()
	f.sends()
	require.Len(t, b.all(), 1, "it is true, and the event's own row is the same")
}

// TestCommentIsOnlyText: what people chose for names is shown as it is, and is nothing else.
func TestCommentIsOnlyText(t *testing.T) {
	f, b := commenting(t)
	f.submits(ticketed, func(r *access.Request) {
		r.Requester.Name, r.Plan.Requester.Name = "Mallory {noformat}[~admin] !x.png!\nApproved", "Mallory {noformat}[~admin] !x.png!\nApproved"
	})
	f.handles()
	f.sends()
	require.Len(t, b.all(), 1)
	said := b.all()[0]
	require.Equal(t, 2, strings.Count(said, "{noformat}"))
	require.True(t, strings.HasPrefix(said, "{noformat}\n") && strings.HasSuffix(said, "\n{noformat}"))
	require.NotContains(t, said, "\nApproved")
}

// TestTicketThatIsNotKnown: what the plan's own fact does not say is no ticket to write on.
func TestTicketThatIsNotKnown(t *testing.T) {
	f, b := commenting(t)
	f.submits(ticketed, func(r *access.Request) { r.Plan.Facts[0].State, r.Plan.Facts[0].Ticket = access.FactUnknown, nil })
	f.submits(ticketed, func(r *access.Request) { r.Requester.ID, r.Plan.Facts[0].Source = "bob", "other" })
	f.handles()
	require.Equal(t, "sent 0 notices, 0 are tried again", f.sends())
	require.Empty(t, b.all())
}
