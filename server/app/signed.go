package app

import (
	"context"
	"encoding/base64"
	"slices"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/ledger"
	"ramp.dev/ramp/ledger/verified"
)

// signedLedger is the ledger, with requests as they were signed.
type signedLedger struct {
	Ledger
	signed *verified.Requests
}

// Request returns one request as it was signed; see ledger.Ledger.
func (l signedLedger) Request(ctx context.Context, id string) (access.Request, error) {
	return l.signed.Request(ctx, id)
}

// Requests lists requests as they were signed; see verified.Requests.
func (l signedLedger) Requests(ctx context.Context, f ledger.RequestFilter) ([]access.Request, string, error) {
	return l.signed.Requests(ctx, f)
}

// mostReads bounds how many pages of rows one search reads.
const mostReads = 20

// SearchRequests lists requests as they were signed; see ledger.Ledger. What is not of the
// contract or the target by what was signed is left out; what was altered stays, and says
// so. In the place of what is left out the next rows are read, so that whoever writes a
// contract's name into many rows hides none behind them; a page may still have fewer than
// asked for, or none, and go on at its cursor.
func (l signedLedger) SearchRequests(ctx context.Context, f ledger.RequestSearch) (out []access.Request, next string, err error) {
	if f.Limit <= 0 {
		f.Limit = 50
	}
	isFor := func(g access.PlannedGrant) bool { return g.Target == f.Target }
	limit := min(f.Limit, 1000)
	out = []access.Request{}
	for range mostReads {
		f.Limit = limit - len(out)
		items, after, err := l.Ledger.SearchRequests(ctx, f)
		if err != nil {
			return nil, "", err
		}
		if items, err = l.signed.AsSigned(ctx, items); err != nil {
			return nil, "", err
		}
		out = append(out, slices.DeleteFunc(items, func(r access.Request) bool {
			return len(r.Altered) == 0 && (f.Contract != "" && r.Contract != f.Contract || f.Target != "" && !slices.ContainsFunc(r.Plan.Grants, isFor))
		})...)
		if next = after; next == "" || len(out) == limit {
			break
		}
		f.Cursor = next
	}
	return out, next, nil
}

// Unstarted lists requests whose workflow is not known to exist, as they were signed;
// see ledger.Ledger. One whose plan nobody signed is left out, and is an alarm.
func (l signedLedger) Unstarted(ctx context.Context, before time.Time) ([]ledger.Submission, error) {
	list, err := l.Ledger.Unstarted(ctx, before)
	if err != nil {
		return nil, err
	}
	out := []ledger.Submission{}
	for _, s := range list {
		signed, err := l.signed.AsSigned(ctx, []access.Request{s.Request})
		if err != nil {
			return nil, err
		}
		if s.Request = signed[0]; s.Request.Plan.Digest != "" {
			out = append(out, s)
		}
	}
	return out, nil
}

// signedPlan returns the bytes of the plan that was signed, in base64.
func signedPlan(r access.Request) string {
	e, err := evidence.ReadEnvelope(r.PlanEnvelope)
	if err != nil || r.Plan.Digest == "" {
		return ""
	}
	payload, err := e.DecodeB64Payload()
	if err != nil {
		return ""
	}
	return base64.StdEncoding.EncodeToString(payload)
}
