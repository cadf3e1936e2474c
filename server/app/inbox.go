package app

import (
	"context"
	"crypto/sha256"
	"fmt"
	"sync"
	"time"

	"ramp.dev/ramp/access"
)

// inbox remembers how many requests wait for each person: every page says it.
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
	// maxWaiting bounds what CountWaiting counts.
	maxWaiting = 99
	// countedFor is how long a count is shown where no event is recorded: time alone brings
	// a request to those who are asked later, and lets one lapse. Lists are read each time.
	countedFor = time.Minute
)

// CountWaiting returns how many requests wait for p: those that p may decide and has not
// decided, and uses of break glass that p may review; up to 99 of either. It counts again
// when an event was recorded, and after a minute.
func (q *requests) CountWaiting(ctx context.Context, p access.Person) (int, error) {
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
	list, _, err := q.Requests(ctx, p, Query{ToDecide: true, Limit: maxWaiting})
	if err != nil {
		return 0, err
	}
	reviews, _, err := q.Requests(ctx, p, Query{ToReview: true, Limit: maxWaiting})
	if err != nil {
		return 0, err
	}
	n := len(list) + len(reviews)
	q.inbox.mu.Lock()
	defer q.inbox.mu.Unlock()
	if q.inbox.known == nil || len(q.inbox.known) >= maxKnown {
		q.inbox.known = map[[sha256.Size]byte]inboxCount{}
	}
	q.inbox.known[who] = inboxCount{events, now, n}
	return n, nil
}
