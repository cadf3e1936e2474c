package record

import (
	"context"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/contracts"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/review"
	"ramp.dev/ramp/review/change"
)

// Input is what a report is made of, beside the ledger.
type Input struct {
	Period     review.Period
	Thresholds review.Thresholds
	Contracts  *contracts.Set // in force
	Files      access.ContractFiles
	Proposals  string         // the contract under which contracts are proposed; "" is none
	Last       *review.Report // of the period before; nil: there is none
	Marks      []access.Event // in which people said what they think of findings
	Now        time.Time
}

// maxProposals bounds the proposals of a report whose files are edited and that are tried:
// those of the findings with the highest scores. Comparing contracts takes seconds of each.
const maxProposals = 10

// Report makes a report, with its proposals as patches. It reports false where there was no
// request at all, neither in the period nor in its history.
func (r *Reader) Report(ctx context.Context, in Input) (review.Report, bool, error) {
	m := review.New(Contracts(in.Contracts, in.Proposals), in.Period, in.Thresholds)
	size, problems, err := r.Read(ctx, m, in.Period)
	if err != nil {
		return review.Report{}, false, err
	}
	out := m.Report()
	out.MadeAt, out.LogSize = in.Now, size
	unread, err := r.complete(ctx, in, out.Findings)
	if err != nil {
		return review.Report{}, false, err
	}
	for _, p := range append(problems, unread...) {
		out.SayTo(p.Sentence, p.Named)
	}
	out.Remember(in.Last, MarksOf(in.Marks))
	return out, !m.Empty(), nil
}

// tried is one proposal that is tried on recorded requests.
type tried struct {
	proposal *review.Proposal
	set      *contracts.Set      // that contract alone
	contract *contracts.Contract // as it would be; nil: it would be gone
	left     int                 // how many more requests are tried
}

// maxTried bounds the requests on which one proposal is tried.
const maxTried = 2000

// complete adds to the proposals of findings their patches, and what would have become of
// the requests of the period. It returns what of these could not be read.
func (r *Reader) complete(ctx context.Context, in Input, findings []review.Finding) ([]Problem, error) {
	try := map[string][]*tried{} // by contract
	n := 0
	for i := range findings {
		for _, p := range findings[i].Proposals() {
			if n++; n > maxProposals {
				p.Problem = "The report has patches for its first proposals only."
				continue
			}
			if set := change.Complete(in.Files, in.Contracts, p); set != nil {
				// Of the others nothing is asked, and ten whole sets take as much memory as all else.
				t := &tried{proposal: p, set: &contracts.Set{}, left: maxTried}
				if c, there := set.Find(p.Contract); there {
					t.contract, t.set.Contracts = c, []*contracts.Contract{c}
				}
				try[p.Contract] = append(try[p.Contract], t)
			}
		}
	}
	if len(try) == 0 {
		return nil, nil
	}
	var failed error
	var unread lost
	err := r.each(ctx, in.Period.From, in.Period.To, r.planned, func(p read) {
		for _, t := range try[p.request.Contract] {
			if p.err != nil || p.missing || failed != nil || t.left == 0 {
				continue
			}
			t.left--
			recorded := contracts.Recorded{Plan: p.plan}
			if t.contract != nil && t.contract.ReadsHistory() {
				var known bool
				if recorded.History, known, failed = r.history(ctx, p); failed != nil {
					return
				}
				if !known {
					unread.add(p.request.ID)
					return
				}
			}
			change.Tried(t.proposal, t.set, recorded)
		}
	})
	if err == nil {
		err = failed
	}
	return unread.inWords("On %s no proposal was tried: their evaluations in the ledger are not ones that Ramp signed"), err
}

// history returns what was known of the requester's earlier requests when a request was
// made, nil where nothing was read. It reports false where the ledger has no evaluation of
// the request that Ramp signed. Errors are those of reading the ledger.
func (r *Reader) history(ctx context.Context, p read) (h *access.History, known bool, err error) {
	rows, err := r.Ledger.Statements(ctx, p.request.ID)
	if err != nil {
		return nil, false, err
	}
	for _, b := range rows {
		e, err := evidence.ReadEnvelope(b)
		if err != nil || e.PayloadType != evidence.TypeEvaluation {
			continue
		}
		if made, err := r.Keys.VerifyEvaluation(e); err == nil && made.RequestID == p.request.ID && made.PlanDigest == p.plan.Digest {
			return made.History, true, nil
		}
	}
	return nil, false, nil
}

// The details of the event about a mark.
const (
	DetailFinding = "finding"
	DetailMark    = "mark"
)

// MarksOf returns what people said last of each finding.
func MarksOf(events []access.Event) map[string]review.Mark {
	out := map[string]review.Mark{}
	for _, e := range events {
		out[e.Detail[DetailFinding]] = review.Mark{Kind: review.MarkKind(e.Detail[DetailMark]), By: e.Actor, Reason: e.Message, At: e.At, Event: e.Seq}
	}
	return out
}
