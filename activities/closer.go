package activities

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/sirupsen/logrus"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/ledger"
)

// Closer ends the grants of one target whose time is over, as the ledger has it,
// whether or not Temporal has come to it, or runs at all. It opens nothing and needs
// no proof. It closes as CloseGrant does, in the same flight if both come at once,
// and records what a workflow would record.
type Closer struct {
	*Targets
	Due    DueLedger
	Target string
	// Clock is what ends are judged by: not this machine's, which may be wrong
	// (docs/threats.md, case 34).
	Clock func(context.Context) (time.Time, error)
	Log   logrus.FieldLogger
	// Only is whether a due grant is this closer's; nil: each is.
	Only func(context.Context, access.Grant) bool

	mu     sync.Mutex
	inHand map[string]bool // grants that this closer is closing
	failed map[string]int  // how often each could not be closed
}

// DueLedger is what a Closer needs of the ledger beside what closing needs.
type DueLedger interface {
	DueGrants(ctx context.Context, target string, now, before time.Time, most int) ([]ledger.GrantRecord, error)
	BeginExpiry(ctx context.Context, name string, now, until time.Time) (begun bool, outcome access.Outcome, err error)
	Postpone(ctx context.Context, name string, until time.Time) error
}

const (
	// closerAfter is how long after its end a grant is left to its workflow. On a quiet
	// day that has closed it by then.
	closerAfter = 250 * time.Millisecond

	closerLooks   = time.Second // how often the ledger is asked, at least
	closerPage    = 100         // grants that are read at once
	closerAtOnce  = 16          // grants that are closed at once; each waits for its turn on the target
	closerAttempt = 45 * time.Second
	closerHolds   = 15 * time.Second // for how long other workers leave it to this one, which may have died
	closerBackOff = 30 * time.Second // the longest pause between two attempts
)

// Run works until ctx ends. Whatever goes wrong, it goes on.
func (c *Closer) Run(ctx context.Context) {
	var closing sync.WaitGroup
	defer closing.Wait()
	slots := make(chan struct{}, closerAtOnce)
	for wait := time.Duration(0); ; {
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
		due, next, err := c.look(ctx)
		if wait = next; err != nil {
			wait = closerLooks
			if ctx.Err() == nil {
				c.Log.WithError(err).WithField("target", c.Target).Warn("cannot ask the ledger what is due; it is asked again")
			}
		}
		for _, row := range due {
			select {
			case slots <- struct{}{}:
			case <-ctx.Done():
				return
			}
			c.take(row.Name)
			closing.Go(func() {
				defer func() { c.drop(row.Name); <-slots }()
				c.end(ctx, row)
			})
		}
		if len(due) > 0 {
			wait = 0 // there may be more
		}
	}
}

// look returns what is due now and not in hand, and when to look again.
func (c *Closer) look(ctx context.Context) (due []ledger.GrantRecord, next time.Duration, err error) {
	now, err := c.Clock(ctx)
	if err != nil {
		return nil, closerLooks, err
	}
	rows, err := c.Due.DueGrants(ctx, c.Target, now, now.Add(closerLooks-closerAfter), closerPage)
	next = closerLooks
	for _, row := range rows {
		if c.has(row.Name) {
			continue
		}
		if left := dueAt(row).Sub(now); left > 0 {
			next = min(next, left)
			continue
		}
		if c.Only != nil && !c.Only(ctx, row.Grant) {
			continue
		}
		due = append(due, row)
	}
	return due, next, err
}

// OpenedHere reports whether this worker has signed that it opened a grant on this target. It
// then holds the credential by which that grant is closed, whatever the servers say of its
// key.
func (c *Closer) OpenedHere(ctx context.Context, g access.Grant) bool {
	statements, err := c.Ledger.Statements(ctx, g.RequestID)
	if err != nil {
		return false // it is asked again at the next look
	}
	return slices.ContainsFunc(statements, func(b []byte) bool {
		e, err := evidence.ReadEnvelope(b)
		return err == nil && c.Workers.VerifyOpening(e, g) == nil
	})
}

// dueAt is when a closer ends a grant.
func dueAt(row ledger.GrantRecord) time.Time {
	if row.Status == ledger.GrantIntended {
		return row.ExpiresAt.Add(ledger.OpeningMayLast)
	}
	return row.ExpiresAt.Add(closerAfter)
}

// end closes one grant, and puts it off if that fails.
func (c *Closer) end(ctx context.Context, row ledger.GrantRecord) {
	ctx, cancel := context.WithTimeout(ctx, closerAttempt)
	defer cancel()
	now, err := c.Clock(ctx)
	if err != nil {
		c.rest(ctx)
		return
	}
	begun, outcome, err := c.Due.BeginExpiry(ctx, row.Name, now, now.Add(closerHolds))
	if err != nil {
		c.rest(ctx)
		return
	}
	if !begun {
		return // closed, extended, or in another worker's hand
	}
	if row.Damaged {
		c.Log.WithFields(logrus.Fields{"target": c.Target, "grant": row.Name}).
			Error("the ledger's row of this grant is damaged: somebody has changed the database; the grant is closed")
	}
	var steps []access.Transition
	if outcome != "" {
		steps = append(steps, access.Ended(row.RequestID, outcome, c.now()))
	}
	if err = c.closeGrant(ctx, row.Grant, steps...); err == nil {
		c.recovered(row.Name)
		return
	}
	pause := c.backOff(row.Name)
	c.Log.WithError(err).WithFields(logrus.Fields{"target": c.Target, "grant": row.Name}).
		Warn("a grant whose time is over could not be closed; it is tried again in " + pause.String())
	// The attempt's own time may be over. If this is not recorded, the grant is tried
	// again when this worker no longer holds it.
	soon, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordWithin)
	defer cancel()
	_ = c.Due.Postpone(soon, row.Name, now.Add(pause))
}

// rest keeps a ledger that fails from being asked without a pause.
func (c *Closer) rest(ctx context.Context) {
	timer := time.NewTimer(closerLooks)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

func (c *Closer) has(grant string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.inHand[grant]
}

func (c *Closer) take(grant string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.inHand == nil {
		c.inHand, c.failed = map[string]bool{}, map[string]int{}
	}
	c.inHand[grant] = true
}

func (c *Closer) drop(grant string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.inHand, grant)
}

// backOff notes that a grant could not be closed, and returns for how long to leave
// it alone.
func (c *Closer) backOff(grant string) time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.failed[grant]++
	return min(closerBackOff, 500*time.Millisecond<<min(c.failed[grant]-1, 10))
}

func (c *Closer) recovered(grant string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.failed, grant)
}
