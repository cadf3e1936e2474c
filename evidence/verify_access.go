package evidence

import (
	"cmp"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"ramp.dev/ramp/access"
)

// checkApproval derives from the statements that were there when access was opened
// whether it could be; a later denial closes access, and takes nothing from what was
// opened before.
func (v *verifier) checkApproval() (string, error) {
	for _, d := range v.proof.Decisions {
		if d.At.Before(v.plan.CreatedAt) {
			return "", failf("a decision of %s is older than the plan", d.Approver.ID)
		}
	}
	if err := checkLogins(v.plan, v.proof.Decisions); err != nil {
		return "", err
	}
	if err := v.servers.checkPasskeys(v.plan, v.proof.Decisions); err != nil {
		return "", err
	}
	if len(v.opened) == 0 {
		tally, _ := v.plan.Rule.Tally(v.plan, v.plan.Digest, v.proof.Decisions)
		return fmt.Sprintf("nothing was opened; the decisions leave the rule %s", tally), nil
	}
	for _, name := range slices.Sorted(maps.Keys(v.opened)) {
		r := v.opened[name]
		if r.ExpiresAt == nil {
			return "", failf("grant %s was opened without an end", access.Clip(name, 60))
		}
		if err := v.proof.AsOf(r.At.Add(access.ClockSkew)).Term(name).WasOpened(r.At, *r.ExpiresAt); err != nil {
			return "", failf("grant %s: %w", access.Clip(name, 60), err)
		}
	}
	var who []string
	for _, d := range v.proof.Decisions {
		said := fmt.Sprintf("%s: %s at %s", d.Approver.ID, d.Verdict, access.FormatTime(d.At))
		if d.UpTo > 0 {
			said += fmt.Sprintf(", for %s at the most", d.UpTo)
		}
		if d.StartAt != nil {
			said += ", from " + access.FormatTime(*d.StartAt)
		}
		for _, f := range d.OnCall {
			said += ", " + f.String()
		}
		who = append(who, said)
	}
	switch {
	case v.plan.BreakGlass != nil:
		return "BREAK GLASS: nobody approved, as the contract allows in an emergency", nil
	case len(who) == 0:
		return "the contract approves by itself", nil
	}
	how := "distinct people who may decide, none of them the requester unless the contract says so"
	if v.plan.Rule.Passkey {
		how += "; each approval signed by the approver's own passkey"
	}
	if age := v.plan.Rule.StepUp; age > 0 {
		how += fmt.Sprintf("; each approver had logged in at most %s before", age)
	}
	return strings.Join(who, "; ") + "; " + how, nil
}

// checkOpened compares what the workers opened with what was approved.
func (v *verifier) checkOpened() (string, error) {
	opens, plan := time.Time{}, v.proof.AsApproved()
	for _, name := range slices.Sorted(maps.Keys(v.opened)) {
		r := v.opened[name]
		i := slices.IndexFunc(v.plan.Grants, func(g access.PlannedGrant) bool { return g.Name == name })
		if i < 0 {
			return "", failf("grant %s is not in the plan", access.Clip(name, 60))
		}
		g := v.plan.Grants[i]
		if r.Target != g.Target || r.Principal != v.plan.Principal || !sameEntitlement(r.Entitlement, g.Entitlement) {
			return "", failf("grant %s is not what was approved", name)
		}
		switch {
		case r.Scope == nil:
			return "", failf("the receipt of grant %s does not say what it opened", name)
		case len(g.Scope.Differences(*r.Scope)) > 0:
			return "", failf("grant %s is not what approvers were shown: %s", name, strings.Join(g.Scope.Differences(*r.Scope), "; "))
		}
		opens = v.proof.Term(name).Opens
	}
	if len(v.opened) == 0 {
		return "nothing was opened", nil
	}
	from := "after the approval at"
	if v.plan.BreakGlass != nil {
		from = "with BREAK GLASS, from"
	}
	return fmt.Sprintf("%d of %d grants, %s %s, for no longer than %s", len(v.opened), len(v.plan.Grants), from, access.FormatTime(opens), plan.Duration), nil
}

func sameEntitlement(a, b access.Entitlement) bool {
	return len(a) == 0 && len(b) == 0 || reflect.DeepEqual(a, b)
}

func (v *verifier) checkExtensions() (string, error) {
	decided, err := v.checkExtensionDecisions()
	if err != nil {
		return "", err
	}
	if len(v.proof.Extensions) == 0 {
		return "nobody ordered an extension", nil
	}
	if len(v.opened) == 0 {
		return "", failf("extensions were ordered of what was never opened")
	}
	until := time.Time{}
	for _, name := range slices.Sorted(maps.Keys(v.opened)) {
		if err := v.proof.CheckExtensions(name); err != nil {
			return "", failf("an extension was not allowed: %w", err)
		}
		if end := v.proof.Term(name).Until; end.After(until) {
			until = end
		}
	}
	unapproved := ""
	if n := v.unapproved(); n > 0 {
		unapproved = fmt.Sprintf(", %d of which not approved", n)
	}
	return fmt.Sprintf("orders to extend: %d%s; until %s%s", len(v.proof.Extensions), unapproved, access.FormatTime(until), decided), nil
}

// unapproved counts the orders to extend that nobody approved, or not enough people.
func (v *verifier) unapproved() (n int) {
	for _, o := range v.proof.Extensions {
		if approved, _ := v.proof.ExtensionApproved(o); approved.IsZero() {
			n++
		}
	}
	return n
}

// checkExtensionDecisions requires that each decision on an extension is on an order in
// the pack, and is proven as the plan's rule for extensions wants it. It returns who
// decided, in words.
func (v *verifier) checkExtensionDecisions() (string, error) {
	var who []string
	for _, d := range v.proof.ExtensionDecisions {
		i := slices.IndexFunc(v.proof.Extensions, func(o access.ExtensionOrder) bool { return o.Digest == d.PlanDigest })
		if i < 0 || !v.plan.AsksForExtensions() {
			return "", failf("%s decided an extension that is not in the pack, or that nobody decides", d.Approver.ID)
		}
		if err := v.servers.checkExtensionPasskey(v.plan, d); err != nil {
			return "", err
		}
		who = append(who, fmt.Sprintf("%s: %s extension %d at %s", d.Approver.ID, d.Verdict, v.proof.Extensions[i].Number, access.FormatTime(d.At)))
	}
	if len(who) == 0 {
		return "", nil
	}
	return "; " + strings.Join(who, "; "), nil
}

func (v *verifier) openGrants() []string {
	var open []string
	for _, name := range slices.Sorted(maps.Keys(v.opened)) {
		if _, ok := v.closed[name]; !ok {
			open = append(open, name)
		}
	}
	return open
}

// checkClosed requires that each receipt of a closing has a read-back that found
// nothing, and that a request which has ended has one for every opening.
func (v *verifier) checkClosed() (string, error) {
	for _, name := range slices.Sorted(maps.Keys(v.closed)) {
		r, was := v.closed[name], v.opened[name]
		if r.Found == nil || r.Found.Open || r.Found.Sessions != 0 {
			return "", failf("grant %s was not read back as gone", name)
		}
		if g, err := v.plan.Grant(name, time.Time{}); err != nil || g.Target != r.Target {
			return "", failf("grant %s is not in the plan, or was closed elsewhere", access.Clip(name, 60))
		}
		if !was.At.IsZero() && (r.At.Before(was.At.Add(-access.ClockSkew)) || r.Target != was.Target) {
			return "", failf("grant %s was closed before it was opened, or elsewhere", name)
		}
	}
	if err := v.checkNotBegun(); err != nil {
		return "", err
	}
	open := v.openGrants()
	switch {
	case len(open) > 0 && v.manifest.State.Final():
		return "", failf("the request is %s, and there is no proof that %s is gone", v.manifest.State, strings.Join(open, ", "))
	case len(open) > 0:
		v.goesOn = true
		return strings.Join(open, ", ") + " not closed yet; the request was " + string(v.manifest.State), nil
	case len(v.closed) == 0:
		return "nothing was opened" + v.neverBegun(), nil
	}
	last := time.Time{}
	for _, r := range v.closed {
		if r.At.After(last) {
			last = r.At
		}
	}
	if v.plan.Lasting() {
		return fmt.Sprintf("grants closed: %d, the last at %s; what they took into force stays", len(v.closed), access.FormatTime(last)) + v.neverBegun(), nil
	}
	return fmt.Sprintf("grants read back as gone: %d, with no live session, the last at %s", len(v.closed), access.FormatTime(last)) + v.neverBegun(), nil
}

// checkNotBegun requires that of a grant which a server calls never begun no worker says,
// and no event of the log, that it was.
func (v *verifier) checkNotBegun() error {
	for _, n := range v.notBegun {
		if g, err := v.plan.Grant(n.Grant, time.Time{}); err != nil || g.Target != n.Target {
			return failf("grant %s, which the server says was never begun, is not in the plan, or is of another target", access.Clip(n.Grant, 60))
		}
		_, opened := v.opened[n.Grant]
		begun := func(e LoggedEvent) bool {
			return e.Event.Detail["grant"] == n.Grant && (e.Event.Kind == access.EventGrantIntended || e.Event.Kind == access.EventGrantOpened)
		}
		if opened || slices.ContainsFunc(v.Events, begun) {
			return failf("the server says that grant %s was never begun, and it was", n.Grant)
		}
	}
	return nil
}

// neverBegun says in words how many grants were never begun.
func (v *verifier) neverBegun() string {
	if len(v.notBegun) == 0 {
		return ""
	}
	return fmt.Sprintf("; grants never begun, by the log: %d", len(v.notBegun))
}

// outlasting is how long access outlasted its end.
type outlasting struct {
	by     time.Duration // 0: it did not
	due    time.Time     // when it had to be over
	closed time.Time     // when it was read back as gone; zero: it was not, as of the pack
}

// latest returns the grant that outlasted its end longest (docs/threats.md, case 56). Ending takes
// a moment, for which each target has a bound: what ended within it was in time.
func (v *verifier) latest() outlasting {
	var worst outlasting
	for name, opened := range v.opened {
		due := v.proof.Term(name).End()
		if due.Before(opened.At) {
			due = opened.At // ended while it was being opened
		}
		gone, closed := v.manifest.At, time.Time{}
		if r, ok := v.closed[name]; ok {
			gone, closed = r.At, r.At
		}
		if by := gone.Sub(due); by > endsWithin(opened) && by > worst.by {
			worst = outlasting{by, due, closed}
		}
	}
	return worst
}

// mostBound is the longest bound of ending that a receipt is believed: the worker
// that signs it also ends what it opened.
const mostBound = 5 * time.Minute

func endsWithin(r access.Receipt) time.Duration {
	return min(cmp.Or(r.EndsWithin.Std(), time.Minute), mostBound)
}
