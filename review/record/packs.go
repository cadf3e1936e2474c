package record

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/contracts"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/ledger"
	"ramp.dev/ramp/review"
)

// Packs returns the requests of evidence packs that were verified, in the order in which they
// were asked for, and the contracts under which they were made, each as the newest pack has
// it. A contract that is not whole without others, such as one with a base, is left out. Keys
// is all of the Reader that is needed. Errors are CodeEvidence.
func (r *Reader) Packs(ctx context.Context, packs []evidence.Pack) ([]review.Request, []review.Contract, error) {
	packs = slices.Clone(packs)
	asked := func(p evidence.Pack) access.Event {
		if len(p.Events) == 0 {
			return access.Event{}
		}
		return p.Events[0].Event
	}
	slices.SortStableFunc(packs, func(a, b evidence.Pack) int { return asked(a).At.Compare(asked(b).At) })
	owners, newest := map[string]string{}, map[string]review.Contract{}
	for _, p := range packs {
		if set, err := contracts.Parse(map[string][]byte{p.Contract.Name + ".yaml": []byte(p.Contract.Text)}); err == nil {
			for _, c := range Contracts(set, "") {
				newest[c.Name], owners[c.Name] = c, c.Owner
			}
		}
	}
	reader := *r
	reader.Owner = func(contract string) string { return owners[contract] }
	targets := pickUps{}
	var out []review.Request
	for _, p := range packs {
		row := ledger.ReviewedRequest{ID: p.RequestID, AskedAt: asked(p).At}
		var err error
		if row.Plan, err = json.Marshal(p.Plan); err != nil {
			return nil, nil, err
		}
		for _, s := range p.Statements {
			if s.PayloadType != evidence.TypeDecision && s.PayloadType != evidence.TypeReview {
				continue
			}
			b, err := json.Marshal(s)
			if err != nil {
				return nil, nil, err
			}
			row.Statements = append(row.Statements, b)
		}
		for _, e := range p.Events {
			row.Events = append(row.Events, e.Event)
		}
		one := reader.one(ctx, row)
		if one.err != nil || one.odd {
			return nil, nil, access.Errorf(access.CodeEvidence, "the pack of request %s does not hold what its events tell of: verify it with `ramp evidence verify`", access.Clip(p.RequestID, 40))
		}
		targets.learn(&one)
		out = append(out, one.request)
	}
	var list []review.Contract
	for _, c := range newest {
		list = append(list, c)
	}
	slices.SortFunc(list, func(a, b review.Contract) int { return cmp.Compare(a.Name, b.Name) })
	return out, list, nil
}
