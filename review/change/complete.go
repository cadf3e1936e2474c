package change

import (
	"fmt"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/contracts"
	"ramp.dev/ramp/review"
)

// The bounds of what a report says of one proposal.
const (
	maxEffects = 12
	maxChanged = 20
	maxLine    = 300
	maxPatch   = 20_000
)

// Complete adds to a proposal its patch and what it would change, in words. It returns the
// contracts as they would be, nil where the proposal cannot be made; Problem then says why.
func Complete(files access.ContractFiles, current *contracts.Set, p *review.Proposal) *contracts.Set {
	after, set, err := Apply(files, current, *p)
	if err != nil {
		p.Problem = access.Clip(err.Error(), maxLine)
		return nil
	}
	p.Patch = access.Clip(contracts.TextDiff(files, after), maxPatch)
	lines := set.FieldChanges(current)
	for _, c := range set.Diff(current) {
		lines = append(lines, c.String())
	}
	for i, line := range lines {
		if i == maxEffects {
			p.Effects = append(p.Effects, fmt.Sprintf("and %d more", len(lines)-i))
			break
		}
		p.Effects = append(p.Effects, access.Clip(line, maxLine))
	}
	return set
}

// Tried adds to a proposal what would have become of a recorded request under the contracts
// as they would be.
func Tried(p *review.Proposal, set *contracts.Set, r contracts.Recorded) {
	var report contracts.BacktestReport
	set.Backtest(&report, "ledger", r)
	p.Tried += report.Requests
	for _, c := range report.Changes {
		if p.Otherwise++; len(p.Changed) < maxChanged {
			p.Changed = append(p.Changed, access.Clip(fmt.Sprintf("%s by %s: %s; then %s, now %s", c.RequestID, c.Requester, contracts.Change{Kind: c.Kind}.What(), c.Before, c.After), maxLine))
		}
	}
}
