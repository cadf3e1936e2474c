package evidence

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"ramp.dev/ramp/access"
)

// checkApproval recounts the decisions that were there when access was opened;
// a later denial closes access, and takes nothing from what was opened before.
func (v *verifier) checkApproval() (string, error) {
	_, err := v.approval()
	if err != nil {
		return "", err
	}
	if len(v.opened) == 0 {
		outcome, _ := v.plan.Rule.Tally(v.plan, v.plan.Digest, v.decisions)
		return fmt.Sprintf("nothing was opened; the decisions leave the rule %s", outcome), nil
	}
	var who []string
	for _, d := range v.decisions {
		said := fmt.Sprintf("%s: %s at %s", d.Approver.ID, d.Verdict, access.FormatTime(d.At))
		if d.UpTo > 0 {
			said += fmt.Sprintf(", for %s at the most", d.UpTo)
		}
		if d.StartAt != nil {
			said += ", from " + access.FormatTime(*d.StartAt)
		}
		who = append(who, said)
	}
	if len(who) == 0 {
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

// approval returns when the rule was satisfied. It returns an error if something
// was opened and the rule was not satisfied.
func (v *verifier) approval() (time.Time, error) {
	for _, d := range v.decisions {
		if d.At.Before(v.plan.CreatedAt) {
			return time.Time{}, failf("a decision of %s is older than the plan", d.Approver.ID)
		}
	}
	if err := checkLogins(v.plan, v.decisions); err != nil {
		return time.Time{}, err
	}
	if err := v.servers.checkPasskeys(v.plan, v.decisions); err != nil {
		return time.Time{}, err
	}
	if len(v.opened) == 0 {
		return time.Time{}, nil
	}
	first := time.Time{}
	for _, r := range v.opened {
		if first.IsZero() || r.At.Before(first) {
			first = r.At
		}
	}
	var then []Envelope
	for i, d := range v.decisions {
		if !d.At.After(first.Add(access.ClockSkew)) {
			then = append(then, v.signed[i])
		}
	}
	proof, err := v.servers.Authorize(v.Pack.Plan, then)
	if err != nil {
		return time.Time{}, err
	}
	if proof.Tally == access.TallyDenied {
		// The denial may have come within access.ClockSkew.
		proof.SatisfiedAt = satisfiedAt(v.plan, proof.Decisions)
		if !satisfiedBefore(v.plan, proof.Decisions) {
			return time.Time{}, failf("it was opened though it was denied")
		}
	} else if proof.Tally != access.TallySatisfied {
		return time.Time{}, failf("it was opened though the rule was not satisfied (%s)", proof.Tally)
	}
	return proof.SatisfiedAt, nil
}

// satisfiedBefore reports whether some decisions, taken in the order of their
// times, satisfied the rule before one denied it.
func satisfiedBefore(p access.Plan, decisions []access.Decision) bool {
	byTime := slices.SortedStableFunc(slices.Values(decisions), func(a, b access.Decision) int { return a.At.Compare(b.At) })
	for n := range byTime {
		switch s, _ := p.Rule.Tally(p, p.Digest, byTime[:n+1]); s {
		case access.TallySatisfied:
			return true
		case access.TallyDenied:
			return false
		}
	}
	return p.Rule.Auto
}

// checkOpened compares what the workers opened with what was approved.
func (v *verifier) checkOpened() (string, error) {
	since, err := v.approval()
	if err != nil {
		return "", err
	}
	plan := v.plan.Narrowed(v.decisions, since)
	since = plan.EarliestStart(since)
	for _, name := range slices.Sorted(maps.Keys(v.opened)) {
		r := v.opened[name]
		i := slices.IndexFunc(v.plan.Grants, func(g access.PlannedGrant) bool { return g.Name == name })
		if i < 0 {
			return "", failf("grant %s is not in the plan", access.Clip(name, 60))
		}
		g := v.plan.Grants[i]
		switch {
		case r.Target != g.Target || r.Principal != v.plan.Principal || !sameEntitlement(r.Entitlement, g.Entitlement):
			return "", failf("grant %s is not what was approved", name)
		case r.Scope == nil:
			return "", failf("the receipt of grant %s does not say what it opened", name)
		case len(g.Scope.Differences(*r.Scope)) > 0:
			return "", failf("grant %s is not what approvers were shown: %s", name, strings.Join(g.Scope.Differences(*r.Scope), "; "))
		case r.At.Before(since.Add(-access.ClockSkew)):
			return "", failf("grant %s was opened at %s, before it was approved at %s", name, access.FormatTime(r.At), access.FormatTime(since))
		case r.ExpiresAt == nil || r.ExpiresAt.After(r.At.Add(plan.Duration.Std()+access.ClockSkew)):
			return "", failf("grant %s was opened for longer than %s", name, plan.Duration)
		}
	}
	if len(v.opened) == 0 {
		return "nothing was opened", nil
	}
	return fmt.Sprintf("%d of %d grants, after the approval at %s, for no longer than %s", len(v.opened), len(v.plan.Grants), access.FormatTime(since), plan.Duration), nil
}

func sameEntitlement(a, b access.Entitlement) bool {
	return len(a) == 0 && len(b) == 0 || reflect.DeepEqual(a, b)
}

func (v *verifier) checkExtensions() (string, error) {
	since, err := v.approval()
	if err != nil {
		return "", err
	}
	plan := v.plan.Narrowed(v.decisions, since)
	if err := plan.CheckExtensions(v.extensions); err != nil {
		return "", failf("an extension was not allowed: %w", err)
	}
	return fmt.Sprintf("orders to extend: %d; for %s in all", len(v.extensions), plan.ExtendedDuration(v.extensions)), nil
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
	open := v.openGrants()
	switch {
	case len(open) > 0 && v.manifest.State.Final():
		return "", failf("the request is %s, and there is no proof that %s is gone", v.manifest.State, strings.Join(open, ", "))
	case len(open) > 0:
		return strings.Join(open, ", ") + " not closed yet; the request was " + string(v.manifest.State), nil
	case len(v.closed) == 0:
		return "nothing was opened", nil
	}
	last := time.Time{}
	for _, r := range v.closed {
		if r.At.After(last) {
			last = r.At
		}
	}
	return fmt.Sprintf("grants read back as gone: %d, with no live session, the last at %s", len(v.closed), access.FormatTime(last)), nil
}
