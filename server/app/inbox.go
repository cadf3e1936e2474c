package app

import (
	"context"
	"crypto/sha256"
	"fmt"
	"sync"
	"time"

	"ramp.dev/ramp/access"
)

// inbox remembers how many requests wait for each person's decision: every page says it.
type inbox struct {
	mu    sync.Mutex
	known map[[sha256.Size]byte]inboxCount // by all that is known of the person
}

type inboxCount struct {
	events int64 // in the log, before it was counted
	at     time.Time
	n      int
}

const (
	// maxToDecide bounds what CountToDecide counts.
	maxToDecide = 99
	// countedFor is how long a count is shown where no event is recorded: time alone brings
	// a request to those who are asked later, and lets one lapse. Lists are read each time.
	countedFor = time.Minute
)

// CountToDecide returns how many pending requests p may decide and has not
// decided, up to 99. It counts again when an event was recorded, and after a minute.
func (q *requests) CountToDecide(ctx context.Context, p access.Person) (int, error) {
	events, err := q.ledger.LastSeq(ctx)
	if err != nil {
		return 0, err
	}
	// Groups, accounts and what is not sure of them are part of the person.
	who, now := sha256.Sum256(fmt.Appendf(nil, "%#v", p)), q.now()
	q.inbox.mu.Lock()
	c, known := q.inbox.known[who]
	q.inbox.mu.Unlock()
	if age := now.Sub(c.at); known && c.events == events && age >= 0 && age < countedFor {
		return c.n, nil
	}
	list, _, err := q.Requests(ctx, p, Query{ToDecide: true, Limit: maxToDecide})
	if err != nil {
		return 0, err
	}
	q.inbox.mu.Lock()
	defer q.inbox.mu.Unlock()
	if q.inbox.known == nil || len(q.inbox.known) >= maxKnown {
		q.inbox.known = map[[sha256.Size]byte]inboxCount{}
	}
	q.inbox.known[who] = inboxCount{events, now, len(list)}
	return len(list), nil
}
