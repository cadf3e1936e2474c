package record

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/internal/plaintext"
	"ramp.dev/ramp/ledger"
	"ramp.dev/ramp/review"
)

// Ledger is what is read.
type Ledger interface {
	ReviewPage(ctx context.Context, after int64, most int) (page []ledger.ReviewedRequest, last int64, err error)
	Refusals(ctx context.Context, from, until time.Time, visit func(access.Event) error) error
	SeqBefore(ctx context.Context, at time.Time) (int64, error)
	LastSeq(ctx context.Context) (int64, error)
	Statements(ctx context.Context, requestID string) ([][]byte, error)
	Entries(ctx context.Context, from, to int64) ([]ledger.Entry, error)
	HashReader(ctx context.Context) tlog.HashReader
	Removal(ctx context.Context, event int64) ([]byte, error)
	Tree(ctx context.Context) (ledger.Tree, error)
}

// Verifier verifies what is read; evidence.Keyring is one.
type Verifier interface {
	VerifyPlan(e evidence.Envelope) (access.Plan, error)
	VerifyDecision(e evidence.Envelope) (access.Decision, error)
	VerifyReview(e evidence.Envelope) (access.Review, error)
	VerifyEvaluation(e evidence.Envelope) (access.Evaluation, error)
	evidence.RemovalVerifier
}

// Reader reads requests. It is safe for concurrent use.
type Reader struct {
	Ledger Ledger
	Keys   Verifier // by the keys of the servers whose statements count
	// TeamAttribute is the attribute of a person that names their team; "" is none.
	TeamAttribute string
	// Owner returns the group that owns a contract, "" where it is not known; may be nil.
	Owner func(contract string) string
	// Checkpoint returns what was signed of the log as it stands. Its error is CodeEvidence where
	// the log no longer holds what was signed before. With nil the events are read as they are in
	// the database.
	Checkpoint func(context.Context) (evidence.Checkpoint, error)
}

// pageSize is how many requests are read at once: few enough that several pages are held
// while they are verified.
const pageSize = 200

// Read adds to a review all requests that were asked for since the beginning of its history
// and before until, and the refusals of the period. It returns how many events the log had,
// and what could not be read. It holds the requests of a few pages, and of one hour, at a
// time.
func (r *Reader) Read(ctx context.Context, m *review.Maker, period review.Period) (logSize int64, problems []Problem, err error) {
	if logSize, err = r.Ledger.LastSeq(ctx); err != nil {
		return 0, nil, err
	}
	if problems, err = r.verifyLog(ctx, m.Begins()); err != nil {
		return 0, nil, err
	}
	targets := pickUps{}
	var unsigned, missing, odd, dropped lost
	err = r.each(ctx, m.Begins(), period.To, r.one, func(p read) {
		switch {
		case p.missing:
			missing.add(p.request.ID)
		case p.dropped:
			dropped.add(p.request.ID)
		case p.err != nil:
			unsigned.add(p.request.ID)
		default:
			if p.odd {
				odd.add(p.request.ID)
			}
			targets.learn(&p)
			m.Add(p.request)
		}
	})
	if err != nil {
		return 0, nil, err
	}
	problems = slices.Concat(problems, dropped.inWords("What was recorded of %s in this time was dropped by policy, and the review has no more of it than this"),
		missing.inWords("The log tells of %s that the ledger no longer has"),
		unsigned.inWords("Of %s in the ledger the plan is not one that Ramp signed, and the review has no more of it than this"),
		odd.inWords("Of %s the events, decisions and reviews in the ledger are not just those that the log tells of; those that Ramp signed were read"))
	return logSize, problems, r.Ledger.Refusals(ctx, period.From, period.To, func(e access.Event) error {
		m.Refuse(refusalOf(e))
		return nil
	})
}

// Problem is something that could not be read.
type Problem struct {
	Sentence string // for owners too: it names no request of others
	Named    string // the same with the requests that it is about, for security
}

// lost are requests that could not be read.
type lost struct {
	n     int
	first []string
}

func (l *lost) add(id string) {
	if l.n++; len(l.first) < 5 {
		l.first = append(l.first, id)
	}
}

func (l *lost) inWords(format string) []Problem {
	if l.n == 0 {
		return nil
	}
	names := strings.Join(l.first, ", ")
	if l.n > len(l.first) {
		names += " and others"
	}
	said := fmt.Sprintf(format, plaintext.Count(l.n, "request"))
	return []Problem{{said + ".", said + ": " + names + "."}}
}

// read is one request as it was read.
type read struct {
	request review.Request
	plan    access.Plan
	kinds   map[string]string // of minted credentials, by target
	missing bool
	dropped bool  // by policy, as a server has signed
	odd     bool  // its statements are not those that the log tells of
	err     error // its plan is not one that Ramp signed
}

// clockSlack is how far the clocks of two servers may be apart.
const clockSlack = time.Hour

// each reads the requests that were asked for between two times, and calls visit with each as
// verified returns it, in the order of these times: that of the log is another where clocks
// differ. Pages are verified beside each other, and visited one after the other.
func (r *Reader) each(ctx context.Context, from, until time.Time, verified func(context.Context, ledger.ReviewedRequest) read, visit func(read)) error {
	after, err := r.Ledger.SeqBefore(ctx, from)
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	type page struct {
		list []read
		err  error
	}
	pages := make(chan chan page, runtime.GOMAXPROCS(0))
	go func() {
		defer close(pages)
		for {
			list, last, err := r.Ledger.ReviewPage(ctx, after, pageSize)
			done := make(chan page, 1)
			select {
			case pages <- done:
			case <-ctx.Done():
				return
			}
			if err != nil {
				done <- page{err: err}
				return
			}
			go func() {
				p := page{list: make([]read, len(list))}
				for i, one := range list {
					p.list[i] = verified(ctx, one)
				}
				done <- p
			}()
			if len(list) < pageSize || over(list, until) {
				return
			}
			after = last
		}
	}()
	var waiting []read // until no earlier one can come
	var newest time.Time
	for next := range pages {
		p := <-next
		if p.err != nil {
			return p.err
		}
		for _, one := range p.list {
			if at := one.request.AskedAt; !at.Before(from) && at.Before(until) {
				waiting = append(waiting, one)
				if at.After(newest) {
					newest = at
				}
			}
		}
		slices.SortStableFunc(waiting, func(a, b read) int { return a.request.AskedAt.Compare(b.request.AskedAt) })
		n := 0
		for ; n < len(waiting) && waiting[n].request.AskedAt.Before(newest.Add(-clockSlack)); n++ {
			visit(waiting[n])
		}
		waiting = append([]read{}, waiting[n:]...) // what was visited is kept no longer
	}
	for _, one := range waiting {
		visit(one)
	}
	return ctx.Err()
}

// over reports whether a page is behind the end of a period. All of it must be: clocks of
// servers differ, and one event whose time somebody changed in the database must not hide
// what follows.
func over(list []ledger.ReviewedRequest, until time.Time) bool {
	return !slices.ContainsFunc(list, func(r ledger.ReviewedRequest) bool { return !r.AskedAt.After(until.Add(clockSlack)) })
}

// pickUps are the kinds of the credentials that targets hand out, as far as the log has
// shown them.
type pickUps map[string]string

// learn notes what a request says of its targets, and whether it could be used without a
// credential, by what is known of them until then.
func (k pickUps) learn(p *read) {
	for target, kind := range p.kinds {
		k[target] = kind
	}
	kinds := access.CredentialKinds()
	needs := len(p.request.Targets) > 0
	for _, t := range p.request.Targets {
		needs = needs && kinds[k[t]].Only
	}
	p.request.NeedsPickUp = needs
}
