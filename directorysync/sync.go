// Package directorysync keeps unfinished requests in step with the directory: those of
// people who have left are ended, and decisions are counted again where an approval no
// longer counts. It is a consumer of the feed, and runs as one standing job.
//
// It compares what is with what should be, at every change of the directory and
// from time to time, so that nothing is lost when a process dies between a
// change and its effect, and it may run twice at once.
package directorysync

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sirupsen/logrus"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/feed"
	"ramp.dev/ramp/ledger"
)

// Ledger is what a Sync needs of the ledger. Requests are given as they were signed.
type Ledger interface {
	feed.Cursors
	access.Directory
	Directory(ctx context.Context) (ledger.DirectoryMode, error)
	Requests(ctx context.Context, f ledger.RequestFilter) (items []access.Request, next string, err error)
}

// Runs tells requests' workflows what has changed. Errors are also of code
// not_found: no such workflow runs.
type Runs interface {
	// Offboard records an order to end a request, since its requester has left, and
	// then tells the request's workflow.
	Offboard(ctx context.Context, order access.EndOrder) error
	// Recount asks a request to count its decisions again.
	Recount(ctx context.Context, requestID string) error
}

// Sync compares unfinished requests with the directory. Make one with New.
type Sync struct {
	ledger Ledger
	runs   Runs
	log    logrus.FieldLogger
	now    func() time.Time
	every  time.Duration

	mu   sync.Mutex           // one comparison after the other
	sent map[string]time.Time // by message and request, when it was last sent
	last atomic.Int64         // when this process last compared, in nanoseconds
}

// New returns a Sync that has sent nothing yet.
func New(l Ledger, r Runs, log logrus.FieldLogger) *Sync {
	return &Sync{ledger: l, runs: r, log: log, now: time.Now, every: compareEvery, sent: map[string]time.Time{}}
}

const (
	// compareEvery finds what no event tells of: a request that was submitted
	// while its requester left, or whose workflow did not run yet.
	compareEvery = 10 * time.Second
	// sendAgain is when a message is sent again that has shown no effect.
	sendAgain = 5 * time.Minute
	// missed is how many intervals without a comparison make Watch compare.
	missed = 3
	// failWithin bounds how long one comparison tries messages that fail.
	failWithin = time.Minute
)

// Run works until ctx ends. report is given a sentence about each comparison.
func (s *Sync) Run(ctx context.Context, f *feed.Feed, report func(string)) {
	var consuming sync.WaitGroup
	consuming.Go(func() { f.Consume(ctx, s.ledger, s, feed.FromNow) })
	defer consuming.Wait()
	tick := time.NewTicker(s.every)
	defer tick.Stop()
	for {
		compared, err := s.Compare(ctx)
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			s.log.WithError(err).Error("unfinished requests could not be compared with the directory; it is tried again")
			compared = "failing: " + access.Clip(err.Error(), 200)
		}
		report(compared)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// Watch compares by itself, until ctx ends, whenever nothing else had this process
// compare for three intervals: because another one does the standing job, or because
// somebody who may write to Temporal's namespace keeps all of them from it (docs/threats.md, case 59).
func (s *Sync) Watch(ctx context.Context) {
	s.last.Store(time.Now().UnixNano())
	tick := time.NewTicker(s.every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if time.Since(time.Unix(0, s.last.Load())) < missed*s.every {
			continue
		}
		if _, err := s.Compare(ctx); err != nil && ctx.Err() == nil {
			s.log.WithError(err).Warn("this worker could not compare unfinished requests with the directory by itself; it tries again")
		}
	}
}

// Name implements feed.Consumer.
func (s *Sync) Name() string { return "directory-sync" }

// Handle implements feed.Consumer: when people or groups have changed, requests
// are compared at once.
func (s *Sync) Handle(ctx context.Context, events []access.Event) error {
	changed := []access.EventKind{access.EventPersonAdded, access.EventPersonChanged, access.EventPersonLeft, access.EventGroupChanged}
	if !slices.ContainsFunc(events, func(e access.Event) bool { return slices.Contains(changed, e.Kind) }) {
		return nil
	}
	_, err := s.Compare(ctx)
	return err
}

// comparison is one look at all unfinished requests.
type comparison struct {
	requests, offboarded, recounted int
	due                             map[string]bool // messages that are still due, sent now or before
}

// Compare compares all unfinished requests once, and says in a sentence what it found. A
// request that cannot be told holds up no other; its error is returned at the end.
func (s *Sync) Compare(ctx context.Context) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	mode, err := s.ledger.Directory(ctx)
	if err != nil {
		return "", err
	}
	if !mode.Enabled {
		s.last.Store(time.Now().UnixNano())
		return "no directory is in force", nil
	}
	c := comparison{due: map[string]bool{}}
	var failed []error
	failing := time.Duration(0)
	f := ledger.RequestFilter{Limit: 200, States: []access.State{access.StatePending, access.StateApproved, access.StateScheduled,
		access.StateGranting, access.StateActive}}
	for more := true; more; more = f.Cursor != "" {
		var list []access.Request
		if list, f.Cursor, err = s.ledger.Requests(ctx, f); err != nil {
			return "", err
		}
		snapshot, err := s.ledger.DirectorySnapshot(ctx, people(list)...)
		if err != nil {
			return "", err
		}
		for _, r := range list {
			began := time.Now()
			if err := s.compareOne(ctx, &c, r, snapshot); err != nil {
				failed = append(failed, fmt.Errorf("request %s: %w", r.ID, err))
				failing += time.Since(began)
			}
			if ctx.Err() != nil || failing > failWithin {
				return "", errors.Join(failed...)
			}
		}
	}
	for message := range s.sent {
		if !c.due[message] {
			delete(s.sent, message)
		}
	}
	s.last.Store(time.Now().UnixNano())
	if len(failed) > 0 {
		return "", errors.Join(failed...)
	}
	return fmt.Sprintf("compared %d unfinished requests with the directory: %d to end, %d to count again", c.requests, c.offboarded, c.recounted), nil
}

// people returns the ids of all requesters and approvers.
func people(list []access.Request) []string {
	var ids []string
	for _, r := range list {
		if r.Requester.ID == "" {
			continue
		}
		ids = append(ids, r.Requester.Identities()...)
		for _, d := range r.Decisions {
			ids = append(ids, d.Approver.Identities()...)
		}
	}
	return slices.Compact(slices.Sorted(slices.Values(ids)))
}

func (s *Sync) compareOne(ctx context.Context, c *comparison, r access.Request, snapshot access.DirectorySnapshot) error {
	c.requests++
	if r.Plan.RequestID != r.ID || r.Plan.Digest == "" {
		return nil // nobody signed its plan: nothing opens for it, and what is open is closed
	}
	if _, err := snapshot.Restrict(r.Requester); hasLeft(err) {
		c.offboarded++
		return s.send(c, "offboard "+r.ID, func(at time.Time) error {
			return s.runs.Offboard(ctx, access.EndOrder{RequestID: r.ID, PlanDigest: r.Plan.Digest, Kind: access.EndOffboard,
				By: access.ActorDirectory, Via: access.ViaDirectory, Reason: whyLeft(r.Requester, err), At: at})
		})
	}
	if r.State != access.StatePending || len(r.Decisions) == 0 {
		return nil
	}
	_, stages := r.Plan.Rule.Tally(r.Plan, r.Plan.Digest, snapshot.FilterDecisions(r.Plan, r.Decisions))
	if slices.EqualFunc(stages, r.Stages, func(a, b access.StageStatus) bool { return slices.Equal(a.Approved, b.Approved) }) {
		return nil
	}
	c.recounted++
	return s.send(c, "recount "+r.ID, func(time.Time) error { return s.runs.Recount(ctx, r.ID) })
}

// send sends a message, unless it was sent lately. A request whose workflow does
// not run is over, or not started yet: then it is due at the next comparison.
func (s *Sync) send(c *comparison, message string, send func(at time.Time) error) error {
	c.due[message] = true
	now := s.now().UTC()
	if now.Sub(s.sent[message]) < sendAgain {
		return nil
	}
	err := send(now)
	if access.CodeOf(err) == access.CodeNotFound {
		return nil
	}
	if err == nil {
		s.sent[message] = now
	}
	return err
}

// hasLeft reports whether the directory says that a person has left, or holds
// a record of them that is not believed: it may hide that they have left.
// One whom it does not know may still come.
func hasLeft(err error) bool {
	issues := access.IssuesOf(err)
	return len(issues) == 1 && (issues[0].Code == access.IssuePersonInactive || issues[0].Code == access.IssuePersonUnproven)
}

func whyLeft(p access.Person, err error) string {
	if issues := access.IssuesOf(err); issues[0].Code == access.IssuePersonUnproven {
		return access.Clip(issues[0].Message, 300) + "."
	}
	return p.HumanID() + " has left."
}
