package app

import (
	"context"
	"time"

	"ramp.dev/ramp/access"
)

// askLedgerWithin bounds the question whether the ledger is why nobody answered.
const askLedgerWithin = 2 * time.Second

// unanswered returns what an error of a request's workflow means for the person who
// acted: that the request is over, where there is no workflow, or one with its last steps
// to do; that nothing can be recorded, where no worker responded for that reason
// (docs/threats.md, case 84).
func (q *requests) unanswered(ctx context.Context, err error, r access.Request) error {
	switch access.CodeOf(err) {
	case access.CodeNotFound:
		if r.State.Final() {
			return access.Refuse(access.CodeConflict, "wrong_state", "the request is %s", r.State)
		}
		return access.Refuse(access.CodeConflict, "wrong_state", "the request is over, or not started yet; look at it again")
	case access.CodeConflict:
		// The ledger may have the end already while the workflow has its last steps to do.
		if r.State.Final() && len(access.IssuesOf(err)) == 0 {
			return access.Refuse(access.CodeConflict, "wrong_state", "the request is %s", r.State)
		}
	case access.CodeUnavailable:
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), askLedgerWithin)
		defer cancel()
		if ledger := q.ledger.Ping(ctx); ledger != nil && len(access.IssuesOf(ledger)) > 0 {
			return ledger
		}
	}
	return err
}
