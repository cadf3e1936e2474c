package evidence

import (
	"fmt"
	"slices"

	"ramp.dev/ramp/access"
)

// exact refuses what would let one statement be written in two ways.
func exact(e Envelope) error {
	if len(e.Signatures) != 1 || e.Signatures[0].KeyID == "" || !canonical(e.Signatures[0].Sig) || !canonical(e.Payload) {
		return failed("an envelope is not written as Ramp does")
	}
	return nil
}

func (a *auditor) checkPlan() (string, error) {
	if a.Version != PackVersion {
		return "", failed("this is not a %q", PackVersion)
	}
	if err := exact(a.Pack.Plan); err != nil {
		return "", err
	}
	var err error
	if a.plan, err = a.servers.Plan(a.Pack.Plan); err != nil {
		return "", err
	}
	if a.plan.RequestID != a.RequestID {
		return "", failed("the plan is for request %s", a.plan.RequestID)
	}
	return fmt.Sprintf("%s for %s, %s, digest %s", a.plan.Contract, a.plan.Requester.ID, a.plan.Duration, a.plan.Digest), nil
}

// checkStatements verifies each statement with the keys of those who may make
// one of its type, and sorts them.
func (a *auditor) checkStatements() (string, error) {
	for i, e := range a.Statements {
		err := exact(e)
		if err == nil {
			err = a.take(e)
		}
		if err != nil {
			return "", failed("statement %d: %w", i+1, err)
		}
	}
	return fmt.Sprintf("%d statements: %d decisions, %d openings, %d closings", len(a.Statements), len(a.decisions), len(a.opened), len(a.closed)), nil
}

func (a *auditor) take(e Envelope) error {
	request, digest := "", a.plan.Digest
	switch e.PayloadType {
	case TypeDecision:
		d, err := a.servers.Decision(e)
		if err != nil {
			return err
		}
		request, digest = d.RequestID, d.PlanDigest
		a.decisions, a.signed = append(a.decisions, d), append(a.signed, e)
	case TypeEvaluation:
		v, _, err := verified[access.Evaluation](a.servers, e, TypeEvaluation)
		if err != nil {
			return err
		}
		request, digest = v.RequestID, v.PlanDigest
		a.evaluations = append(a.evaluations, v)
	case TypeExtension:
		o, err := a.servers.Extension(e)
		if err != nil {
			return err
		}
		request, digest = o.RequestID, o.PlanDigest
		a.extensions = append(a.extensions, o)
	case TypeReceipt:
		r, _, err := verified[access.Receipt](a.workers, e, TypeReceipt)
		if err != nil {
			return failed("a worker's receipt: %w", err)
		}
		request = r.RequestID
		by := map[access.Act]map[string]access.Receipt{access.ActOpened: a.opened, access.ActClosed: a.closed}[r.Act]
		if _, twice := by[r.Grant]; twice || by == nil {
			return failed("grant %s is %q twice, or in no way there is", access.Clip(r.Grant, 60), r.Act)
		}
		by[r.Grant] = r
	default:
		return failed("a statement of type %q belongs to no pack", access.Clip(e.PayloadType, 60))
	}
	if request != a.plan.RequestID || digest != a.plan.Digest {
		return failed("it is about another request or plan")
	}
	return nil
}

// checkManifest holds the pack against the server's list of what belongs to it:
// a denial that was taken out would leave no other trace.
func (a *auditor) checkManifest() (string, error) {
	if err := exact(a.Manifest); err != nil {
		return "", err
	}
	m, _, err := verified[access.Manifest](a.servers, a.Manifest, TypeManifest)
	if err != nil {
		return "", err
	}
	a.manifest = m
	var statements []string
	for _, e := range a.Statements {
		d, err := DigestOfPayload(e)
		if err != nil {
			return "", err
		}
		statements = append(statements, d)
	}
	var leaves []int64
	for _, e := range a.Events {
		leaves = append(leaves, e.Leaf)
	}
	switch {
	case m.RequestID != a.plan.RequestID || m.PlanDigest != a.plan.Digest:
		return "", failed("the manifest is of another pack")
	case !slices.Equal(m.Statements, statements):
		return "", failed("the statements are not those that the server listed")
	case !slices.Equal(m.Leaves, leaves):
		return "", failed("the events are not those that the server listed")
	}
	return fmt.Sprintf("%d statements and %d events, as of %s", len(statements), len(leaves), stamp(m.At)), nil
}

func (a *auditor) checkContract() (string, error) {
	if DigestOf([]byte(a.Contract.Text)) != a.plan.ContractVersion {
		return "", failed("the text is not that of version %s", access.Clip(a.plan.ContractVersion, 80))
	}
	if a.Contract.Name != a.plan.Contract {
		return "", failed("the plan was made under %q", access.Clip(a.plan.Contract, 80))
	}
	return "version " + a.plan.ContractVersion, nil
}

func (a *auditor) checkEvaluation() (string, error) {
	if len(a.evaluations) != 1 {
		return "", failed("there are %d evaluations, not one", len(a.evaluations))
	}
	if e := a.evaluations[0]; e.Contract != a.plan.Contract || e.ContractVersion != a.plan.ContractVersion {
		return "", failed("it is of another contract")
	}
	return "the server said why, condition by condition", nil
}
