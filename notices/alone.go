package notices

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/ledger"
)

// Why somebody hears of what happened apart from a request, as notices say it.
const (
	whyLinked   = "somebody who was signed in as you did it"
	whyOperator = "this address hears of what goes wrong with Ramp itself"
)

// concernsNoRequest reports whether notices of an event say what happened, and not where a
// request stands: somebody can act as a person in another program, a receiver of events is
// behind, the log lacks witnesses, a week has no review, a notice did not arrive, or something
// urgent is about no request. They wait for no quiet hours to end, nobody can switch them off,
// and not to arrive is an alarm, but for the one that says that another did not.
func concernsNoRequest(k access.EventKind, request string) bool {
	switch k {
	case access.EventExternalLinked, access.EventSinkBehind, access.EventNoticeUndelivered, access.EventLogUnwitnessed, access.EventReviewOverdue:
		return true
	}
	return request == "" && k.Urgent()
}

// aboutEvent names what a notice is of. A receiver that stands where it stood is behind
// once a day, though the event is recorded each hour, and that notices of one kind about one
// request do not arrive is heard of once an hour: a mailbox that is filled is not read.
func aboutEvent(ev access.Event) string {
	at := ev.At.UTC()
	switch ev.Kind {
	case access.EventSinkBehind:
		return fmt.Sprintf("sink %s after %s on %s", ev.Detail["sink"], ev.Detail["after"], at.Format(time.DateOnly))
	case access.EventLogUnwitnessed:
		return fmt.Sprintf("unwitnessed, disputed by %s, on %s", ev.Detail["disputed"], at.Format(time.DateOnly))
	case access.EventReviewOverdue:
		return fmt.Sprintf("review until %s overdue on %s", ev.Detail[access.DetailUntil], at.Format(time.DateOnly))
	case access.EventNoticeUndelivered:
		return fmt.Sprintf("undelivered %s at %s", ev.Detail["of"], at.Format("2006-01-02 15h"))
	}
	return fmt.Sprint("event ", ev.Seq)
}

// handleAlone writes down who hears of an event that concerns no request.
func (e *Engine) handleAlone(ctx context.Context, ev access.Event) (int, error) {
	now := e.now().UTC()
	if (ev.Kind == access.EventSinkBehind || ev.Kind == access.EventLogUnwitnessed) && now.Sub(ev.At) > staleTime {
		return 0, nil // one that still is is recorded each hour
	}
	to, err := e.hearersAlone(ctx, ev)
	if err != nil {
		return 0, err
	}
	if len(to) == 0 {
		return 0, e.alarm(ctx, "", fmt.Sprint("of event ", ev.Seq), ev.Kind, "nobody who must hear of it has an address here", now)
	}
	var list []ledger.Notice
	for _, a := range to {
		list = append(list, ledger.Notice{ID: rowID(ev.RequestID, aboutEvent(ev), a), Seq: ev.Seq, RequestID: ev.RequestID, Kind: ev.Kind, Channel: a.channel,
			Address: a.address, Why: a.why, Urgent: true, CreatedAt: now, DueAt: now})
	}
	return len(list), e.ledger.AddNotices(ctx, list...)
}

// hearersAlone returns who hears of an event that concerns no request: of a link its
// person, of the rest those who watch alarms and those who run Ramp.
func (e *Engine) hearersAlone(ctx context.Context, ev access.Event) ([]addressed, error) {
	hearers := append(addresses(e.config.Alarms), addresses(e.config.Operators)...)
	for i := range hearers[len(e.config.Alarms):] {
		hearers[len(e.config.Alarms)+i].Why = whyOperator
	}
	if ev.Kind == access.EventExternalLinked {
		l, err := e.linkOf(ctx, ev)
		if err != nil {
			return nil, err
		}
		hearers = []hearer{{Person: l.person, Why: whyLinked}}
	}
	for i := range hearers {
		hearers[i].Of = ev.Kind
	}
	return e.resolver().resolve(ctx, hearers, access.Person{})
}

// linked is a link as a notice of it has it.
type linked struct {
	person access.Person        // whom it makes somebody
	link   *ledger.ExternalLink // nil: no server signed the link that the event names
	now    bool                 // it counts still
}

// linkOf returns the link that an event is about, as a server signed it last. Whoever got
// it may have taken it back at once: its person hears of it all the same, and the signed
// record has the address of their login.
func (e *Engine) linkOf(ctx context.Context, ev access.Event) (linked, error) {
	out := linked{person: access.Person{ID: ev.Actor}}
	u := ledger.ExternalUser{Service: ev.Detail["service"], Workspace: ev.Detail["workspace"], User: ev.Detail["user"]}
	link, now, err := e.ledger.LastExternalLink(ctx, u)
	if access.CodeOf(err) == access.CodeNotFound {
		return out, nil
	}
	if err == nil && access.FoldID(link.Person.ID) == access.FoldID(ev.Actor) {
		out = linked{link.Person, &link, now}
	}
	return out, err
}

// oneAlone sends a notice that concerns no request. The row must be of an event that the
// log has, to one who hears of it; what it says is Ramp's own sentence, since an event is
// signed by nobody.
func (e *Engine) oneAlone(ctx context.Context, n ledger.Notice) (sent bool, err error) {
	n.Urgent = true
	events, err := e.ledger.Events(ctx, ledger.EventFilter{After: n.Seq - 1, Limit: 1})
	if err != nil {
		return false, err
	}
	if len(events) == 0 || events[0].Seq != n.Seq || events[0].Kind != n.Kind || events[0].RequestID != n.RequestID {
		n.RequestID = "" // nothing says that there is such a request
		return false, e.refuse(ctx, n)
	}
	ev := events[0]
	to, err := e.hearersAlone(ctx, ev)
	if err != nil {
		return false, err
	}
	i := slices.IndexFunc(to, func(a addressed) bool {
		return a.channel == n.Channel && strings.EqualFold(a.address, n.Address) && rowID(ev.RequestID, aboutEvent(ev), a) == n.ID
	})
	through, known := e.channels[n.Channel]
	if i < 0 || !known {
		return false, e.refuse(ctx, n)
	}
	n.Why = to[i].why
	l, err := e.letterAlone(ctx, ev, n.Why, e.config.zone(to[i].zone))
	if err != nil {
		return false, err
	}
	m := l.mail(n)
	if n.Channel == serviceChannel {
		m = l.shared(n)
	}
	return e.through(ctx, through, n, m)
}
