package record

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/evidence"
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
}

// Verifier verifies what is read; evidence.Keyring is one.
type Verifier interface {
	VerifyPlan(e evidence.Envelope) (access.Plan, error)
	VerifyDecision(e evidence.Envelope) (access.Decision, error)
	VerifyReview(e evidence.Envelope) (access.Review, error)
}

// Reader reads requests. It is safe for concurrent use.
type Reader struct {
	Ledger Ledger
	Keys   Verifier // by the keys of the servers whose statements count
	// TeamAttribute is the attribute of a person that names their team; "" is none.
	TeamAttribute string
	// Owner returns the group that owns a contract, "" where it is not known; may be nil.
	Owner func(contract string) string
}

// pageSize is how many requests are read at once: few enough that several pages are held
// while they are verified.
const pageSize = 200

// Read adds to a review all requests that were asked for since the beginning of its history
// and before until, and the refusals of the period. It returns how many events the log had,
// and what could not be read, in sentences. It holds a few pages of requests at a time.
func (r *Reader) Read(ctx context.Context, m *review.Maker, period review.Period) (logSize int64, problems []string, err error) {
	if logSize, err = r.Ledger.LastSeq(ctx); err != nil {
		return 0, nil, err
	}
	targets := pickUps{}
	var unsigned, missing, odd lost
	err = r.each(ctx, m.Begins(), period.To, func(p read) {
		switch {
		case p.missing:
			missing.add(p.request.ID)
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
	problems = slices.Concat(missing.inWords("The log tells of %s that the ledger no longer has: %s."),
		unsigned.inWords("Of %s in the ledger the plan is not one that Ramp signed, and the review has no more of it than this: %s."),
		odd.inWords("Of %s the decisions and reviews in the ledger are not just those that the log tells of; those that Ramp signed were read: %s."))
	return logSize, problems, r.Ledger.Refusals(ctx, period.From, period.To, func(e access.Event) error {
		m.Refuse(refusalOf(e))
		return nil
	})
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

func (l *lost) inWords(format string) []string {
	if l.n == 0 {
		return nil
	}
	names := ""
	for i, id := range l.first {
		if i > 0 {
			names += ", "
		}
		names += id
	}
	if l.n > len(l.first) {
		names += " and others"
	}
	return []string{fmt.Sprintf(format, counted(l.n, "request"), names)}
}

func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// read is one request as it was read.
type read struct {
	request review.Request
	plan    access.Plan
	kinds   map[string]string // of minted credentials, by target
	missing bool
	odd     bool  // its statements are not those that the log tells of
	err     error // its plan is not one that Ramp signed
}

// each reads the requests that were asked for between two times, in the order of the log,
// and calls visit with each. Pages are verified beside each other, and visited one after the
// other.
func (r *Reader) each(ctx context.Context, from, until time.Time, visit func(read)) error {
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
			go func() { done <- page{list: r.verified(list)} }()
			// Clocks of servers differ: the page after one that is just over may have earlier times.
			if len(list) < pageSize || list[0].AskedAt.After(until.Add(time.Hour)) {
				return
			}
			after = last
		}
	}()
	for next := range pages {
		p := <-next
		if p.err != nil {
			return p.err
		}
		for _, one := range p.list {
			if at := one.request.AskedAt; !at.Before(from) && at.Before(until) {
				visit(one)
			}
		}
	}
	return ctx.Err()
}

func (r *Reader) verified(list []ledger.ReviewedRequest) []read {
	out := make([]read, len(list))
	for i, one := range list {
		out[i] = r.one(one)
	}
	return out
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
