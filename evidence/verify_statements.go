package evidence

import (
	"fmt"
	"slices"

	"ramp.dev/ramp/access"
)

// requireCanonical refuses an envelope that is not in canonical form, so that one
// statement has one text.
func requireCanonical(e Envelope) error {
	if len(e.Signatures) != 1 || e.Signatures[0].KeyID == "" || !canonical(e.Signatures[0].Sig) || !canonical(e.Payload) {
		return failf("the envelope is not in canonical form")
	}
	return nil
}

func (v *verifier) checkPlan() (string, error) {
	if v.Version != PackVersion {
		return "", failf("this is not a %q", PackVersion)
	}
	if err := requireCanonical(v.Pack.Plan); err != nil {
		return "", err
	}
	var err error
	if v.plan, err = v.servers.VerifyPlan(v.Pack.Plan); err != nil {
		return "", err
	}
	v.proof.Plan = v.plan
	if v.plan.RequestID != v.RequestID {
		return "", failf("the plan is for request %s", v.plan.RequestID)
	}
	return fmt.Sprintf("%s for %s, %s, digest %s", v.plan.Contract, v.plan.Requester.ID, v.plan.Duration, v.plan.Digest), nil
}

// checkStatements verifies each statement with the keys of those who may make
// one of its type, and sorts them.
func (v *verifier) checkStatements() (string, error) {
	for i, e := range v.Statements {
		err := requireCanonical(e)
		if err == nil {
			err = v.sortStatement(e)
		}
		if err != nil {
			return "", failf("statement %d: %w", i+1, err)
		}
	}
	return fmt.Sprintf("%d in all; decisions: %d, openings: %d, closings: %d", len(v.Statements), len(v.proof.Decisions), len(v.opened), len(v.closed)), nil
}

// sortStatement verifies one statement with the keys of those who may make one of
// its type, and adds it to the others of the type.
func (v *verifier) sortStatement(e Envelope) error {
	switch e.PayloadType {
	case TypeDecision:
		return take(v, e, v.servers, &v.proof.Decisions, func(d access.Decision) (string, string) { return d.RequestID, d.PlanDigest })
	case TypeEvaluation:
		return take(v, e, v.servers, &v.evaluations, func(m access.Evaluation) (string, string) { return m.RequestID, m.PlanDigest })
	case TypeExtension:
		if err := take(v, e, v.servers, &v.proof.Extensions, func(o access.ExtensionOrder) (string, string) { return o.RequestID, o.PlanDigest }); err != nil {
			return err
		}
		digest, err := PayloadDigest(e)
		v.proof.Extensions[len(v.proof.Extensions)-1].Digest = digest
		return err
	case TypeExtensionDecision: // on which order, checkExtensions looks at
		return take(v, e, v.servers, &v.proof.ExtensionDecisions, func(d access.Decision) (string, string) { return d.RequestID, v.plan.Digest })
	case TypeEnd:
		if err := take(v, e, v.endedBy(e), &v.proof.Ends, func(o access.EndOrder) (string, string) { return o.RequestID, o.PlanDigest }); err != nil {
			return failf("an order to end: %w", err)
		}
		return nil
	case TypeConfirmation:
		return take(v, e, v.servers, &v.proof.Confirmations, func(c access.Confirmation) (string, string) { return c.RequestID, c.PlanDigest })
	case TypeNotBegun:
		return take(v, e, v.servers, &v.notBegun, func(n access.NotBegun) (string, string) { return n.RequestID, n.PlanDigest })
	case TypeReview:
		return take(v, e, v.servers, &v.reviews, func(r access.Review) (string, string) { return r.RequestID, r.PlanDigest })
	case TypeReceipt:
		return v.takeReceipt(e)
	default:
		return failf("a statement of type %q belongs to no pack", access.Clip(e.PayloadType, 60))
	}
}

// take verifies a statement and adds it to those of its type; of returns the request
// and the plan that it is about.
func take[T any](v *verifier, e Envelope, keys Keyring, into *[]T, of func(T) (request, digest string)) error {
	s, _, err := verified[T](keys, e, e.PayloadType)
	if err != nil {
		return err
	}
	if request, digest := of(s); request != v.plan.RequestID || digest != v.plan.Digest {
		return failf("it is about another request or plan")
	}
	*into = append(*into, s)
	return nil
}

// endedBy returns the keys of those who may have given an order to end: servers and,
// that somebody has left, workers whose key counts for every target of the plan. A
// worker of one target that is captured could otherwise date an order back, so that
// access on another target is proven to have ended late (docs/threats.md, case 56).
func (v *verifier) endedBy(e Envelope) Keyring {
	keys := v.servers
	o, _, err := decode[access.EndOrder](e, TypeEnd)
	if err != nil || o.Kind != access.EndOffboard || o.By != access.ActorDirectory {
		return keys
	}
	workers := v.workers
	for _, g := range v.plan.Grants {
		workers = workers.ForTarget(g.Target)
	}
	for _, k := range workers.keys {
		keys = keys.With(k.pub)
	}
	return keys
}

func (v *verifier) takeReceipt(e Envelope) error {
	claimed, _, err := decode[access.Receipt](e, TypeReceipt)
	if err != nil {
		return failf("a worker's receipt: %w", err)
	}
	var receipts []access.Receipt
	if err := take(v, e, v.workers.ForTarget(claimed.Target), &receipts, func(r access.Receipt) (string, string) { return r.RequestID, v.plan.Digest }); err != nil {
		return failf("a worker's receipt: %w", err)
	}
	r := receipts[0]
	by := map[access.ReceiptKind]map[string]access.Receipt{access.ReceiptOpened: v.opened, access.ReceiptClosed: v.closed}[r.Kind]
	if _, twice := by[r.Grant]; twice || by == nil {
		return failf("grant %s has two receipts of kind %q, or that kind does not exist", access.Clip(r.Grant, 60), r.Kind)
	}
	by[r.Grant] = r
	if r.Kind == access.ReceiptOpened {
		v.proof.Openings = append(v.proof.Openings, r)
	}
	return nil
}

// checkManifest compares the pack with the server's signed list of what belongs to
// it: a denial that was taken out would leave no other trace.
func (v *verifier) checkManifest() (string, error) {
	if err := requireCanonical(v.Manifest); err != nil {
		return "", err
	}
	m, _, err := verified[access.Manifest](v.servers, v.Manifest, TypeManifest)
	if err != nil {
		return "", err
	}
	v.manifest = m
	var statements []string
	for _, e := range v.Statements {
		d, err := PayloadDigest(e)
		if err != nil {
			return "", err
		}
		statements = append(statements, d)
	}
	var leaves []int64
	for _, e := range v.Events {
		leaves = append(leaves, e.Leaf)
	}
	switch {
	case m.RequestID != v.plan.RequestID || m.PlanDigest != v.plan.Digest:
		return "", failf("the manifest is of another pack")
	case !slices.Equal(m.Statements, statements):
		return "", failf("the statements are not those that the server listed")
	case !slices.Equal(m.Leaves, leaves):
		return "", failf("the events are not those that the server listed")
	}
	return fmt.Sprintf("%d statements and %d events, as of %s", len(statements), len(leaves), access.FormatTime(m.At)), nil
}

func (v *verifier) checkContract() (string, error) {
	if DigestOf([]byte(v.Contract.Text)) != v.plan.ContractVersion {
		return "", failf("the text is not that of version %s", access.Clip(v.plan.ContractVersion, 80))
	}
	if v.Contract.Name != v.plan.Contract {
		return "", failf("the plan was made under %q", access.Clip(v.plan.Contract, 80))
	}
	return "version " + v.plan.ContractVersion, nil
}

func (v *verifier) checkEvaluation() (string, error) {
	if len(v.evaluations) != 1 {
		return "", failf("there are %d evaluations, not one", len(v.evaluations))
	}
	if e := v.evaluations[0]; e.Contract != v.plan.Contract || e.ContractVersion != v.plan.ContractVersion {
		return "", failf("it is of another contract")
	}
	return "the server stated the result of each condition", nil
}
