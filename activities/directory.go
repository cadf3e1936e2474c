package activities

import (
	"context"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/evidence"
)

// applyDirectory counts the decisions again by what the directory says now: nothing
// opens for somebody who has left, nor by the approval of somebody who may no
// longer approve (docs/threats.md, case 6).
func (t *Targets) applyDirectory(ctx context.Context, proof evidence.Authorized) (evidence.Authorized, error) {
	people, err := directorySnapshot(ctx, t.Directory, proof)
	if err != nil {
		return proof, err
	}
	if _, err := people.Restrict(proof.Plan.Requester); err != nil {
		return proof, err
	}
	return proof.Recount(people), nil
}

// directorySnapshot asks the directory about everybody in a plan and its decisions.
// Where the directory does not respond, nothing is decided or opened.
func directorySnapshot(ctx context.Context, d access.Directory, proof evidence.Authorized) (access.DirectorySnapshot, error) {
	if d == nil {
		return access.DirectorySnapshot{}, nil
	}
	ids := proof.Plan.Requester.Identities()
	for _, dec := range proof.Decisions {
		ids = append(ids, dec.Approver.Identities()...)
	}
	people, err := d.DirectorySnapshot(ctx, ids...)
	if err != nil {
		return access.DirectorySnapshot{}, access.Errorf(access.CodeUnavailable, "the directory does not answer: %w", err)
	}
	return people, nil
}

// lostApprovals returns, for each approval that no longer counts, why it does not.
func lostApprovals(proof evidence.Authorized, people access.DirectorySnapshot) []string {
	var out []string
	for _, d := range proof.Decisions {
		if d.Verdict != access.Approve {
			continue
		}
		rule, requester, waited := proof.Plan.Rule, proof.Plan.Requester, d.At.Sub(proof.Plan.CreatedAt)
		if rule.MayDecide(access.Approve, requester, d.Voter(), waited) != nil {
			continue // it never counted
		}
		current, err := people.Restrict(d.Approver)
		switch {
		case err != nil && access.IssuesOf(err)[0].Code == access.IssuePersonInactive:
			out = append(out, d.Approver.ID+" has left")
		case err != nil:
			out = append(out, access.IssuesOf(err)[0].Message)
		case current.SameHuman(people.WithAccounts(requester)) && !rule.SelfApproval:
			out = append(out, d.Approver.ID+" is the requester, as accounts were linked since")
		case rule.MayDecide(access.Approve, requester, current.OnCallBy(d.OnCall, d.At), waited) != nil:
			out = append(out, d.Approver.ID+" is no longer among the approvers")
		}
	}
	return out
}
