package app

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/sirupsen/logrus"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/ledger"
)

// DropConfig says when bodies are dropped: what people did, wrote and decided. Zero is
// never.
type DropConfig struct {
	// Requests is how long after a request has ended everything but its outline goes.
	Requests time.Duration
	// Events is how long events about no request keep who acted and what they said, of the
	// kinds that access.EventKind.Droppable names.
	Events time.Duration
}

// dropLedger finds what may be dropped, and drops it.
type dropLedger interface {
	Request(ctx context.Context, id string) (access.Request, error)
	Droppable(ctx context.Context, before time.Time, most int) ([]string, error)
	EventsOf(ctx context.Context, requests []string) ([]access.Event, error)
	DroppableEvents(ctx context.Context, before time.Time, most int) ([]access.Event, error)
	LateEvents(ctx context.Context, before time.Time, most int) ([]access.Event, error)
	Drop(ctx context.Context, d ledger.Drop) error
}

// removalSigner signs which bodies a policy removes.
type removalSigner interface {
	SignRemoval(r access.Removal) (stored []byte, digest string, err error)
}

// dropper drops bodies by policy. Each removal is signed, and an event of the log tells of
// it; hashes stay, so that the log verifies (docs/threats.md, case 129).
type dropper struct {
	config DropConfig
	ledger dropLedger
	signer removalSigner
	audit  *auditor
	log    logrus.FieldLogger
	now    clock
	failed atomic.Bool
}

const (
	dropEvery = time.Hour
	// dropEvents and dropRequests bound one removal: the log is written by nobody else
	// meanwhile, and its signed statement is read whole.
	dropEvents   = 1000
	dropRequests = 50
	// dropConflicts bounds how often in one round another server may be first.
	dropConflicts = 100
)

// DropBodies drops what is due until ctx ends, at the start and then each hour. Every
// server does: of two that drop the same, the ledger takes the first.
func (d *dropper) DropBodies(ctx context.Context) {
	if d.config == (DropConfig{}) {
		return
	}
	repeat(ctx, dropEvery, func() {
		err := d.dropDue(ctx)
		d.failed.Store(err != nil && ctx.Err() == nil)
		if err != nil && ctx.Err() == nil {
			d.log.WithError(err).Error("not all could be dropped that is to be dropped by policy; it is tried again")
		}
	})
}

// DropFailed reports whether something that is to be dropped could not be, the last time.
func (d *dropper) DropFailed() bool { return d.failed.Load() }

// dropDue drops everything that is due, one removal after the other. What was altered in
// the database is kept, since it is evidence; the error says how much that is.
func (d *dropper) dropDue(ctx context.Context) error {
	altered := map[string]bool{}
	for _, drop := range []func(context.Context, map[string]bool) (more bool, err error){d.dropRequests, d.dropLate, d.dropOthers} {
		for more, conflicts := true, 0; more; {
			var err error
			more, err = drop(ctx, altered)
			if access.CodeOf(err) == access.CodeConflict && conflicts < dropConflicts { // another server was first, or it has changed: it is read again
				more = true
				conflicts++
				continue
			}
			if err != nil {
				return err
			}
		}
	}
	if len(altered) > 0 {
		return access.Errorf(access.CodeEvidence, "%d requests and events are kept, since they are not what was recorded: somebody has written to the ledger's database", len(altered))
	}
	return nil
}

// dropRequests drops all but the outline of some requests that are over.
func (d *dropper) dropRequests(ctx context.Context, altered map[string]bool) (more bool, err error) {
	if d.config.Requests == 0 {
		return false, nil
	}
	before := d.now().Add(-d.config.Requests)
	ids, err := d.ledger.Droppable(ctx, before, dropRequests+len(altered))
	if err != nil {
		return false, err
	}
	var batch removal
	kept := len(altered)
	for _, id := range ids {
		if altered[id] || len(batch.events) >= dropEvents {
			continue
		}
		r, err := d.ledger.Request(ctx, id)
		if err != nil {
			return false, err
		}
		events, err := d.ledger.EventsOf(ctx, []string{id})
		if err != nil {
			return false, err
		}
		check := d.audit.verifyTimeline(ctx, events)
		if check.Problem != "" && len(check.Altered) == 0 {
			return false, access.Errorf(access.CodeEvidence, "nothing is dropped: %s", check.Problem)
		}
		outline, err := access.Removed(r, events)
		if err != nil || len(r.Altered) > 0 || len(check.Altered) > 0 {
			altered[id] = true
			d.log.WithField("request", id).WithField("problems", r.Altered).WithError(err).Error("a request is kept that is to be dropped: the ledger's database has something else of it than was recorded")
			continue
		}
		// Refused acts of late stay for their time, and so do more than one removal is of: they
		// are late events.
		old := slices.DeleteFunc(events, func(e access.Event) bool { return e.Kind.Refusal() && !e.At.Before(before) })
		if err := allBefore(old, before); err != nil {
			return false, err
		}
		batch.requests = append(batch.requests, outline)
		batch.events = append(batch.events, old[:min(len(old), dropEvents)]...)
	}
	more, err = d.drop(ctx, batch, fmt.Sprintf("Requests that ended more than %s ago.", days(d.config.Requests)))
	return more || len(altered) > kept, err
}

// dropLate drops events about requests that were dropped before.
func (d *dropper) dropLate(ctx context.Context, altered map[string]bool) (more bool, err error) {
	if d.config.Requests == 0 {
		return false, nil
	}
	events, err := d.ledger.LateEvents(ctx, d.now().Add(-d.config.Requests), dropEvents+len(altered))
	if err != nil {
		return false, err
	}
	kept, dropped := len(altered), map[string]bool{}
	for _, e := range events {
		if _, known := dropped[e.RequestID]; known {
			continue
		}
		r, err := d.ledger.Request(ctx, e.RequestID)
		if err != nil {
			return false, err
		}
		if dropped[r.ID] = r.Dropped != nil && len(r.Altered) == 0; !dropped[r.ID] {
			d.log.WithField("request", r.ID).WithField("problems", r.Altered).Error("events of a request are kept: the ledger's database says that it was dropped, and no server has signed that")
		}
	}
	for _, e := range events {
		if !dropped[e.RequestID] {
			altered[strconv.FormatInt(e.Seq, 10)] = true
		}
	}
	more, err = d.dropEvents(ctx, events, altered, fmt.Sprintf("Events of requests that were dropped, from more than %s ago.", days(d.config.Requests)))
	return more || len(altered) > kept, err
}

// dropOthers drops the bodies of events about no request.
func (d *dropper) dropOthers(ctx context.Context, altered map[string]bool) (more bool, err error) {
	if d.config.Events == 0 {
		return false, nil
	}
	events, err := d.ledger.DroppableEvents(ctx, d.now().Add(-d.config.Events), dropEvents+len(altered))
	if err != nil {
		return false, err
	}
	return d.dropEvents(ctx, events, altered, fmt.Sprintf("Events about no request, from more than %s ago.", days(d.config.Events)))
}

// allBefore returns an error of code conflict if an event that was verified is not from before
// a time: what a search in the database found for old is not so by the log, since somebody
// changed its times while it was searched, or something has happened since.
func allBefore(events []access.Event, before time.Time) error {
	for _, e := range events {
		if !e.At.Before(before) {
			return access.Refuse(access.CodeConflict, "not_old", "event %d is not as old as the ledger's database said when it was searched", e.Seq)
		}
	}
	return nil
}

func (d *dropper) dropEvents(ctx context.Context, events []access.Event, altered map[string]bool, policy string) (more bool, err error) {
	events = slices.DeleteFunc(events, func(e access.Event) bool { return altered[strconv.FormatInt(e.Seq, 10)] })
	if len(events) == 0 {
		return false, nil
	}
	check := d.audit.verifyTimeline(ctx, events)
	if check.Problem != "" && len(check.Altered) == 0 {
		return false, access.Errorf(access.CodeEvidence, "nothing is dropped: %s", check.Problem)
	}
	for _, n := range check.Altered {
		altered[strconv.FormatInt(n, 10)] = true
	}
	events = slices.DeleteFunc(events, func(e access.Event) bool { return altered[strconv.FormatInt(e.Seq, 10)] })
	more, err = d.drop(ctx, removal{events: events}, policy)
	return more || len(check.Altered) > 0, err
}

// removal is what one removal is of.
type removal struct {
	requests []access.RemovedRequest
	events   []access.Event
}

// drop signs one removal and does it. It reports whether there was anything to do.
func (d *dropper) drop(ctx context.Context, of removal, policy string) (did bool, err error) {
	// What was dropped already stays as it is.
	of.events = slices.DeleteFunc(of.events, func(e access.Event) bool { return e.Dropped != nil })
	if len(of.events) == 0 {
		return false, nil
	}
	slices.SortFunc(of.events, func(a, b access.Event) int { return int(a.Seq - b.Seq) })
	at, _, err := d.audit.checkpoint(ctx)
	if err != nil {
		return false, err
	}
	signed := access.Removal{Log: at.Origin, Policy: policy, At: d.now().Truncate(time.Microsecond), Requests: of.requests}
	drop := ledger.Drop{At: signed.At}
	for _, e := range of.events {
		signed.Remains = append(signed.Remains, e.Remains())
		drop.Seqs = append(drop.Seqs, e.Seq)
	}
	if err := signed.Allowed(); err != nil {
		return false, err
	}
	for _, r := range of.requests {
		drop.Requests = append(drop.Requests, r.ID)
	}
	var digest string
	if drop.Record, digest, err = d.signer.SignRemoval(signed); err != nil {
		return false, err
	}
	first, last := of.events[0].Seq, of.events[len(of.events)-1].Seq
	drop.Event = access.Event{At: signed.At, Kind: access.EventBodiesDropped, Actor: access.ActorRamp, Key: access.KeyRemoval(digest), Message: policy,
		Detail: map[string]string{access.DetailRemoval: digest, "events": strconv.Itoa(len(of.events)), "requests": strconv.Itoa(len(of.requests)),
			"first": strconv.FormatInt(first, 10), "last": strconv.FormatInt(last, 10)}}
	return true, d.ledger.Drop(ctx, drop)
}

// days writes how long something is kept.
func days(d time.Duration) string {
	n := int(d / (24 * time.Hour))
	if n == 1 {
		return "a day"
	}
	return strconv.Itoa(n) + " days"
}
