package contracts

import (
	"slices"
	"strings"

	"ramp.dev/ramp/access"
)

// Recorded is a request as it was signed when it was made.
type Recorded struct {
	Plan    access.Plan
	History *access.History // nil: the contract read none then
}

// BacktestReport is how contracts would have decided recorded requests.
type BacktestReport struct {
	Requests int              `json:"requests"`
	Changes  []BacktestChange `json:"changes"`
}

// BacktestChange is one request that would have been decided differently.
type BacktestChange struct {
	RequestID string `json:"requestId"`
	Contract  string `json:"contract"`
	Requester string `json:"requester"`
	Source    string `json:"source"` // where the record was read
	Kind      string `json:"kind"`   // impossible, easier, harder, different
	Before    string `json:"before"`
	After     string `json:"after"`
}

// Backtest adds to a report how a recorded request would be decided under the set.
func (s *Set) Backtest(report *BacktestReport, source string, r Recorded) {
	report.Requests++
	p := r.Plan
	before, after := verdictOf(Evaluation{Result: Allowed, Draft: p}), verdict{text: "refused: there is no such contract"}
	if c, there := s.Find(p.Contract); there {
		in := Input{Person: p.Requester, Now: p.CreatedAt, History: r.History, Facts: p.Facts, Inventories: inventoriesOf(p), Request: access.RequestInput{Contract: p.Contract, Params: p.Params,
			Duration: p.Duration.String(), Reason: p.Reason, Ticket: p.Ticket, StartAt: p.StartAt, BreakGlass: p.BreakGlass != nil}}
		after = verdictOf(c.Evaluate(in))
	}
	if !before.same(after) {
		was, is := before.inWords(after)
		report.Changes = append(report.Changes, BacktestChange{RequestID: p.RequestID, Contract: p.Contract, Requester: p.Requester.ID, Source: source,
			Kind: before.to(after), Before: was, After: is})
	}
}

// inventoriesOf returns what an evaluation read of inventories: the choice that was made,
// of each that was known.
func inventoriesOf(p access.Plan) (out []*access.Inventory) {
	for _, c := range p.Choices {
		if !c.Known() {
			continue
		}
		name := access.InventoryName{Target: c.Target, List: c.List}
		i := access.FindInventory(out, name)
		if i == nil {
			i = &access.Inventory{Target: c.Target, List: c.List, At: c.At, Digest: c.Inventory}
			out = append(out, i)
		}
		if _, there := i.Find(c.Value); !there {
			i.Choices = append(i.Choices, c.Choice)
			slices.SortFunc(i.Choices, func(a, b access.Choice) int { return strings.Compare(a.Value, b.Value) })
		}
	}
	return out
}
