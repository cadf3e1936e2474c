package access

import (
	"slices"
	"time"
)

// Asked is an order to extend that waits until people have decided it, as the plan
// wants. Access goes on to its present end meanwhile.
type Asked struct {
	Order     ExtensionOrder `json:"order"` // with its digest
	Until     time.Time      `json:"until"` // the end that it would lead to; UTC
	Tally     Tally          `json:"tally"`
	Stages    []StageStatus  `json:"stages"`
	Decisions []Decision     `json:"decisions"`
	// Signed are the exact bytes that were signed, in base64: their SHA-256 is the
	// digest on which people decide.
	Signed  string `json:"signed,omitempty"`
	Attempt int    `json:"attempt"` // how many were asked for from this end
	// Envelope is the signed order as the ledger stores it.
	Envelope []byte `json:"-"`
}

// Decided returns when it was last decided.
func (a *Asked) Decided() (at time.Time) {
	for _, d := range a.Decisions {
		at = maxTime(at, d.At)
	}
	return at
}

// Open reports whether people may still decide it.
func (a *Asked) Open(now time.Time) bool {
	return a != nil && a.Tally == TallyUndecided && now.Before(a.Order.From)
}

// ForExtension returns the plan by whose rule an order to extend is decided: of the same
// requester, by the rule for extensions, from when it was ordered until the end that it
// starts from. Its digest is the order's, so that a decision is on exactly this
// extension. The plan must have a rule for extensions.
func (p Plan) ForExtension(o ExtensionOrder) Plan {
	return Plan{Digest: o.Digest, RequestID: p.RequestID, Contract: p.Contract, ContractVersion: p.ContractVersion, Requester: p.Requester,
		Reason: o.Reason, Duration: o.Adds, CreatedAt: o.At, PendingUntil: o.From, Rule: *p.Extend.Rule}
}

// AsksForExtensions reports whether each extension is decided by people.
func (p Plan) AsksForExtensions() bool { return p.Extend != nil && p.Extend.Rule != nil }

// ExtensionApproved returns when an order to extend was approved, the zero time if it
// was not, and what all decisions on it add up to. Where the plan has no rule for
// extensions they were approved with it. Once approved, an extension stays, as what was
// opened stays: who wants it to end ends the access.
func (s Signed) ExtensionApproved(o ExtensionOrder) (time.Time, Tally) {
	if !s.Plan.AsksForExtensions() {
		return o.At, TallySatisfied
	}
	on := Signed{Plan: s.Plan.ForExtension(o), Directory: s.Directory}
	for _, d := range s.ExtensionDecisions {
		// Nobody approves half of an order: it would be another one.
		if d.PlanDigest == o.Digest && o.Digest != "" && (d.Verdict != Approve || !d.narrows()) {
			on.Decisions = append(on.Decisions, d)
		}
	}
	approved, denied, tally := on.settled()
	if denied != nil && !denied.At.After(approved) {
		approved = time.Time{}
	}
	return approved, tally
}

// Ask returns the latest order to extend that starts from the present end and was not
// made use of, as people decide it; nil if there is none. The latest is the last in
// Extensions, which are in the order of the log: a server whose clock is slow signs an
// earlier time than the order before it has.
func (s Signed) Ask(extensions int, from time.Time) *Asked {
	if !s.Plan.AsksForExtensions() {
		return nil
	}
	var last *ExtensionOrder
	attempt := 0
	for i, o := range s.Extensions {
		if s.Plan.checkOrder(o.RequestID, o.PlanDigest, o.By) != nil || o.Number != extensions+1 || !o.From.Equal(from) {
			continue
		}
		attempt++
		last = &s.Extensions[i]
	}
	if last == nil {
		return nil
	}
	plan := s.Plan.ForExtension(*last)
	out := &Asked{Order: *last, Until: last.From.Add(last.Adds.Std()).UTC(), Decisions: []Decision{}, Attempt: attempt}
	for _, d := range s.ExtensionDecisions {
		if d.PlanDigest == last.Digest {
			out.Decisions = append(out.Decisions, d)
		}
	}
	slices.SortStableFunc(out.Decisions, func(a, b Decision) int { return a.At.Compare(b.At) })
	out.Tally, out.Stages = plan.Rule.Tally(plan, plan.Digest, out.Decisions)
	return out
}

// ExtensionAsked returns the transition that records an order to extend which people
// decide, with its signed statement.
func ExtensionAsked(o ExtensionOrder, envelope []byte) Transition {
	key := KeyExtensionAsked(o)
	return Transition{RequestID: o.RequestID, At: o.At, Statements: []Statement{{Key: key, Envelope: envelope}},
		Events: []Event{{At: o.At, Kind: EventExtensionAsked, Actor: o.By.ID, Message: o.Reason, Key: key,
			Detail: o.Via.Detail(map[string]string{"adds": o.Adds.String(), "until": FormatTime(o.From.Add(o.Adds.Std())), "orderDigest": o.Digest})}}}
}

// ExtensionDecided returns the transition that records a decision on an order to
// extend, with its signed statement.
func ExtensionDecided(d Decision, envelope []byte) Transition {
	key := KeyExtensionDecision(d)
	return Transition{RequestID: d.RequestID, At: d.At, Statements: []Statement{{Key: key, Envelope: envelope}},
		Events: []Event{{At: d.At, Kind: EventExtensionDecided, Actor: d.Approver.ID, Message: d.Comment, Key: key,
			Detail: d.Via.Detail(map[string]string{"decision": string(d.Verdict), "orderDigest": d.PlanDigest})}}}
}
