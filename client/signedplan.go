package client

import (
	"encoding/base64"
	"encoding/json"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/internal/strictjson"
)

// readSigned returns a request with the plan that its signed bytes say, and the digest
// of those: what a person reads, and decides on, is then the same thing (docs/threats.md,
// case 53). Errors are CodeEvidence.
func readSigned(r access.Request) (access.Request, error) {
	payload, err := base64.StdEncoding.DecodeString(r.SignedPlan)
	if err != nil {
		return r, access.Errorf(access.CodeEvidence, "the signed plan is not in base64")
	}
	var plan access.Plan
	if err := strictjson.UnmarshalOpen(payload, &plan); err != nil {
		return r, access.Errorf(access.CodeEvidence, "the signed plan: %w", err)
	}
	plan.Digest = evidence.DigestOf(payload)
	switch {
	case plan.RequestID != r.ID:
		return r, access.Errorf(access.CodeEvidence, "the signed plan is that of request %s", access.Clip(plan.RequestID, 40))
	case plan.Digest != r.Plan.Digest || !same(plan, r.Plan) || !same(plan.Requester, r.Requester) || plan.Contract != r.Contract:
		return r, access.Errorf(access.CodeEvidence, "the response describes another plan than the one that was signed; nothing was decided")
	}
	r.Plan, r.Requester = plan, plan.Requester
	if r.Asked != nil {
		return readAsked(r)
	}
	return r, nil
}

// readAsked is readSigned for the extension that is asked for.
func readAsked(r access.Request) (access.Request, error) {
	payload, err := base64.StdEncoding.DecodeString(r.Asked.Signed)
	if err != nil {
		return r, access.Errorf(access.CodeEvidence, "the signed order to extend is not in base64")
	}
	var order access.ExtensionOrder
	if err := strictjson.UnmarshalOpen(payload, &order); err != nil {
		return r, access.Errorf(access.CodeEvidence, "the signed order to extend: %w", err)
	}
	order.Digest = evidence.DigestOf(payload)
	until := order.From.Add(order.Adds.Std())
	if order.RequestID != r.ID || order.PlanDigest != r.Plan.Digest || !same(order, r.Asked.Order) || !until.Equal(r.Asked.Until) {
		return r, access.Errorf(access.CodeEvidence, "the response describes another extension than the one that was signed; nothing was decided")
	}
	r.Asked.Order = order
	return r, nil
}

func same(a, b any) bool {
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && string(x) == string(y)
}
