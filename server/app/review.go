package app

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/evidence"
)

// reviewLedger records reviews.
type reviewLedger interface {
	Review(ctx context.Context, r access.Review, signed []byte) error
}

// reviewSigner signs a review.
type reviewSigner interface {
	SignReview(r access.Review) (evidence.Envelope, error)
}

// reviewer takes reviews of uses of break glass.
type reviewer struct {
	requests *requests
	// directory says which accounts are one human's now; nil: as they were signed.
	directory access.Directory
	ledger    reviewLedger
	signer    reviewSigner
	refused   refusals
	now       clock
}

// ReviewInput is what somebody says of a use of break glass.
type ReviewInput struct {
	Justified  bool
	Comment    string
	PlanDigest string // of the plan that was read
}

// Review records what somebody else than the requester says of a use of break glass;
// the first review stands, and one that is sent again returns it. It does not change the
// access: revoking does.
func (v *reviewer) Review(ctx context.Context, by access.Actor, id string, in ReviewInput) (access.Request, error) {
	r, err := v.requests.forAct(ctx, by, id, access.ActReview)
	if err != nil {
		return r, err
	}
	if err := checkText("comment", in.Comment); err != nil {
		return r, err
	}
	review := access.Review{RequestID: id, PlanDigest: in.PlanDigest, By: by.Person, Via: by.Via, Justified: in.Justified,
		Comment: strings.TrimSpace(in.Comment), At: v.now().Truncate(time.Microsecond)}
	plan, err := v.planOfNow(ctx, r)
	if err != nil {
		return r, err
	}
	if err := plan.AllowsReview(review); err != nil {
		return r, v.refused.record(ctx, by, id, access.ActReview, err)
	}
	if said := r.Review; said != nil && said.By.SameHuman(review.By) && said.Justified == review.Justified && said.Comment == review.Comment {
		return r, nil // sent again by somebody who had no response: it is recorded already
	}
	signed, err := v.signer.SignReview(review)
	if err != nil {
		return r, err
	}
	b, err := json.Marshal(signed)
	if err != nil {
		return r, err
	}
	if err := v.ledger.Review(ctx, review, b); err != nil {
		return r, v.refused.record(ctx, by, id, access.ActReview, err)
	}
	return v.requests.ledger.Request(ctx, id)
}

// planOfNow returns the plan with every account that is known to be its requester's now:
// one that was linked after they broke glass is theirs all the same. Somebody who has
// left is reviewed like everybody else.
func (v *reviewer) planOfNow(ctx context.Context, r access.Request) (access.Plan, error) {
	plan := r.Plan
	if v.directory == nil {
		return plan, nil
	}
	snapshot, err := v.directory.DirectorySnapshot(ctx, plan.Requester.Identities()...)
	if err != nil {
		return plan, access.Errorf(access.CodeUnavailable, "the directory cannot be read: %w", err)
	}
	plan.Requester = snapshot.WithAccounts(plan.Requester)
	return plan, nil
}
