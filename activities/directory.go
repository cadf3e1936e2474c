package activities

import (
	"context"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/evidence"
)

// directorySnapshot asks about everybody in a plan and its decisions.
func directorySnapshot(ctx context.Context, d access.Directory, proof evidence.Authorized) (access.DirectorySnapshot, error) {
	if d == nil {
		return access.DirectorySnapshot{}, nil
	}
	ids := proof.Plan.Requester.Identities()
	for _, dec := range proof.Decisions {
		ids = append(ids, dec.Approver.Identities()...)
	}
	roll, err := d.DirectorySnapshot(ctx, ids...)
	if err != nil {
		return access.DirectorySnapshot{}, access.Errorf(access.CodeUnavailable, "the directory does not answer: %w", err)
	}
	return roll, nil
}

// lostApprovals says of each approval that no longer counts why it does not.
func lostApprovals(proof evidence.Authorized, roll access.DirectorySnapshot) []string {
	var out []string
	for _, d := range proof.Decisions {
		if d.Verdict != access.Approve {
			continue
		}
		rule, requester := proof.Plan.Rule, proof.Plan.Requester
		if rule.MayDecide(requester, d.Approver) != nil {
			continue // it never counted
		}
		still, err := roll.Restrict(d.Approver)
		switch {
		case err != nil:
			out = append(out, d.Approver.ID+" has left")
		case rule.MayDecide(requester, still) != nil:
			out = append(out, d.Approver.ID+" is no longer among the approvers")
		}
	}
	return out
}
