package activities

import (
	"context"
	"time"

	"go.temporal.io/sdk/activity"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/activities/api"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/internal/failpoint"
	"ramp.dev/ramp/ledger"
)

// OpenGrant opens one grant of a plan whose signatures and decisions it has
// verified. Idempotent by the grant's name; a grant that was closed is never opened
// again. A fault after which no attempt comes before the end of access is the last: the next
// attempt could only say that the time is over, and people would not learn why.
func (t *Targets) OpenGrant(ctx context.Context, in api.OpenGrantInput) (api.OpenGrantResult, error) {
	defer heartbeat(ctx)()
	g, err := t.authorizeGrant(ctx, in)
	var res api.OpenGrantResult
	if err == nil {
		res, err = t.openGrant(ctx, g, in)
	}
	if err == nil {
		return res, nil
	}
	request := requestOf(in.Plan, in.Of)
	recordRefusal(ctx, t.Ledger, request, access.EventActRefused, access.ActOpen.Of(in.Grant), err)
	if t.isLastAttempt(ctx, request, in, g.ExpiresAt, err) {
		return res, api.ToTemporalFinal(err)
	}
	return res, api.ToTemporal(err)
}

// isLastAttempt reports whether an opening that failed would be tried again only after the
// end of access. end is zero where the attempt failed before it was known.
func (t *Targets) isLastAttempt(ctx context.Context, request string, in api.OpenGrantInput, end time.Time, err error) bool {
	if end.IsZero() && !in.FromOpening {
		end = in.ExpiresAt
	}
	if row, missing := t.grantRow(ctx, request, in.Grant); end.IsZero() && missing == nil {
		end = row.ExpiresAt
	}
	next := t.now().Add(api.OpensAgainAfter(activity.GetInfo(ctx).Attempt, err) + leastOpen)
	return !end.IsZero() && next.After(end)
}

// leastOpen is the shortest access for which an opening is tried again.
const leastOpen = time.Second

func (t *Targets) openGrant(ctx context.Context, g access.Grant, in api.OpenGrantInput) (api.OpenGrantResult, error) {
	bounds, err := t.Broker.Bounds(g.Target)
	if err != nil {
		return api.OpenGrantResult{}, err
	}
	if !t.now().Before(g.ExpiresAt) {
		return api.OpenGrantResult{}, t.cameTooLate(ctx, g)
	}
	if err := t.Ledger.IntendGrant(ctx, g, t.now()); err != nil {
		return api.OpenGrantResult{}, err
	}
	failpoint.Here(failpoint.OpenIntended)
	if err := t.Broker.Grant(ctx, g); err != nil {
		return api.OpenGrantResult{}, err
	}
	failpoint.Here(failpoint.OpenGranted)
	steps, err := t.openedReceipt(ctx, g, bounds.Ending)
	if err != nil {
		return api.OpenGrantResult{}, err
	}
	missing, left, err := t.leftOut(ctx, g)
	if err != nil {
		return api.OpenGrantResult{}, err
	}
	steps = append(steps, left...)
	now := t.now()
	if in.OnlyGrant {
		steps = append(steps, access.Activation(g.RequestID, now, g.ExpiresAt))
	}
	res := api.OpenGrantResult{EndingBound: bounds.Ending}
	if !g.ExpiresAt.Equal(in.ExpiresAt) {
		res.ExpiresAt = g.ExpiresAt
	}
	if err := t.Ledger.MarkOpened(ctx, g.Name, now, steps...); err != nil {
		return res, err
	}
	if len(missing) > 0 {
		go t.recordJoined(ctx, g, missing)
	}
	return res, nil
}

// cameTooLate says why a grant was not open before its time was over. An attempt that fails
// and says so is followed by another only if that one begins before the end. So where this is
// not the first attempt, the one before never said anything: its worker stopped, or hung.
func (t *Targets) cameTooLate(ctx context.Context, g access.Grant) error {
	end, target := access.FormatTime(g.ExpiresAt), access.Clip(g.Target, 60)
	if _, err := t.grantRow(ctx, g.RequestID, g.Name); err == nil || activity.GetInfo(ctx).Attempt > 1 {
		return access.Errorf(access.CodeUnavailable, "the time for it was over, at %s, before %s was open: the target's worker did not respond until then", end, target)
	}
	return access.Errorf(access.CodeUnavailable, "the time for it was over, at %s, before the turn of %s came: what is opened before it took that long", end, target)
}

// authorizeGrant derives the grant from signed statements. Only its end comes from
// the workflow, and may not be later than what was approved.
func (t *Targets) authorizeGrant(ctx context.Context, in api.OpenGrantInput) (access.Grant, error) {
	plan, err := signedPlan(ctx, t.Ledger, in.Plan, in.Of)
	if err != nil {
		return access.Grant{}, err
	}
	proof, err := t.authorizeDecided(ctx, plan, in.Decided, in.Decisions...)
	if err != nil {
		return access.Grant{}, err
	}
	if proof, err = t.applyDirectory(ctx, proof); err != nil {
		return access.Grant{}, err
	}
	end, err := t.firstEnd(ctx, proof, in)
	if err != nil {
		return access.Grant{}, err
	}
	g, err := proof.Plan.Grant(in.Grant, end)
	if err == nil {
		err = t.requirePasskeyApprovals(g.Target, proof)
	}
	if err == nil {
		err = t.verifyScope(ctx, proof.Plan, g)
	}
	if err == nil {
		err = t.verifyChoices(ctx, proof.Plan, g)
	}
	return g, err
}

// firstEnd returns the end with which a grant is opened, if it may be opened now: never
// later than its length from now by this worker's own clock, whatever the message says,
// and never later than the ledger has it already, from an attempt that was cut off.
func (t *Targets) firstEnd(ctx context.Context, proof evidence.Authorized, in api.OpenGrantInput) (time.Time, error) {
	now, term := t.now(), proof.Term(in.Grant)
	most := now.Truncate(time.Second).Add(proof.Plan.Duration.Std())
	end := in.ExpiresAt
	if in.FromOpening {
		end = fromOpening(ctx, most, proof.Plan, term)
	}
	if err := term.AllowsOpening(now, end); err != nil {
		return time.Time{}, err
	}
	if most.Before(end) {
		end = most
	}
	row, err := t.grantRow(ctx, proof.Plan.RequestID, in.Grant)
	switch {
	case access.CodeOf(err) == access.CodeNotFound && in.FromOpening && !now.Before(end) && now.Before(term.First):
		return end, access.Errorf(access.CodeUnavailable, "more time than the access lasts has passed since Temporal started this attempt; the next attempt counts from its own start")
	case access.CodeOf(err) == access.CodeNotFound:
		return end, nil
	case err == nil && row.ExpiresAt.Before(end):
		return row.ExpiresAt, nil
	}
	return end, err
}

// fromOpening returns the end of access that begins now. most is its end by this
// worker's clock; by Temporal's it may be earlier, and then counts: a worker whose clock
// is fast keeps nothing open for longer.
func fromOpening(ctx context.Context, most time.Time, plan access.Plan, term access.Term) time.Time {
	end := most
	for _, no := range []time.Time{activity.GetInfo(ctx).StartedTime.UTC().Truncate(time.Second).Add(plan.Duration.Std()), term.First} {
		if no.Before(end) {
			end = no
		}
	}
	return end
}

// grantRow returns one grant as the ledger has it. Errors are also CodeNotFound.
func (t *Targets) grantRow(ctx context.Context, requestID, name string) (ledger.GrantRecord, error) {
	rows, err := t.Ledger.Grants(ctx, ledger.GrantFilter{RequestID: requestID})
	if err != nil {
		return ledger.GrantRecord{}, err
	}
	for _, r := range rows {
		if r.Name == name && r.Damaged {
			return r, access.Errorf(access.CodeEvidence, "the ledger's row of grant %s is damaged", access.Clip(name, 60))
		}
		if r.Name == name {
			return r, nil
		}
	}
	return ledger.GrantRecord{}, access.Errorf(access.CodeNotFound, "the ledger has no grant %s", access.Clip(name, 60))
}
