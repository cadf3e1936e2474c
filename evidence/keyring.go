package evidence

import (
	"context"
	"crypto"
	"slices"

	"github.com/secure-systems-lab/go-securesystemslib/dsse"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/passkey"
)

// Keyring holds the public keys whose statements are trusted. Several may be
// trusted at once, so that a new signer's key is trusted everywhere before it
// signs, and an old one until the requests that it signed have ended. The zero
// Keyring trusts nobody.
type Keyring struct {
	keys     []trustedKey
	passkeys Passkeys
	asSigned bool // passkeys were verified when the server signed, and are not again
}

// trustedKey is a public key, and of a worker's the targets for which it counts;
// all if there are none.
type trustedKey struct {
	pub     crypto.PublicKey
	targets []string
}

// Passkeys says which people's own keys are enrolled.
type Passkeys interface {
	Current() (passkey.Set, error)
}

// WithPasskeys returns the keyring, which then also verifies approvals with these
// passkeys. A keyring without them accepts no approval of a plan that wants one.
func (k Keyring) WithPasskeys(p Passkeys) Keyring {
	k.passkeys = p
	return k
}

// PasskeysAsSigned returns the keyring, which then takes a server's signature as proof that
// an approval carried the approver's own. It is for what was approved long ago: whose
// passkey was taken out of the file since has approved all the same.
func (k Keyring) PasskeysAsSigned() Keyring {
	k.asSigned = true
	return k
}

// NewKeyring returns a keyring that trusts the given keys.
func NewKeyring(keys ...crypto.PublicKey) Keyring {
	var k Keyring
	for _, pub := range keys {
		k = k.With(pub)
	}
	return k
}

// With returns the keyring that also trusts a key: in whatever it signs, or where
// targets are named, in what it signs about those alone. A worker that serves one
// target, and is captured, then says nothing of another's (docs/threats.md, case 54).
func (k Keyring) With(pub crypto.PublicKey, targets ...string) Keyring {
	k.keys = append(slices.Clone(k.keys), trustedKey{pub, targets})
	return k
}

// ForTarget returns the keyring without the keys that do not count for a target.
func (k Keyring) ForTarget(target string) Keyring {
	k.keys = slices.DeleteFunc(slices.Clone(k.keys), func(t trustedKey) bool {
		return len(t.targets) > 0 && !slices.Contains(t.targets, target)
	})
	return k
}

// Empty reports whether no key is trusted.
func (k Keyring) Empty() bool { return len(k.keys) == 0 }

// Keys returns the public keys that are trusted, in the order in which they were added.
func (k Keyring) Keys() []crypto.PublicKey {
	out := make([]crypto.PublicKey, len(k.keys))
	for i, key := range k.keys {
		out[i] = key.pub
	}
	return out
}

// LoadKeyring reads files of PEM public keys. Errors are CodeInvalid.
func LoadKeyring(paths ...string) (Keyring, error) {
	var k Keyring
	for _, path := range paths {
		pub, err := LoadPublicKey(path)
		if err != nil {
			return Keyring{}, err
		}
		k = k.With(pub)
	}
	return k, nil
}

// verified decodes a statement whose signature is valid under a trusted key.
func verified[T any](k Keyring, e Envelope, wantType string) (T, []byte, error) {
	var zero T
	if len(k.keys) == 0 {
		return zero, nil, access.Errorf(access.CodeEvidence, "no key is trusted")
	}
	verifiers := make([]dsse.Verifier, len(k.keys))
	for i, key := range k.keys {
		verifiers[i] = verifierKey{key.pub}
	}
	ev, err := dsse.NewEnvelopeVerifier(verifiers...)
	if err != nil {
		return zero, nil, access.Errorf(access.CodeEvidence, "keys: %w", err)
	}
	if _, err := ev.Verify(context.Background(), &e); err != nil {
		return zero, nil, access.Errorf(access.CodeEvidence, "the signature is not valid under any trusted key")
	}
	return decode[T](e, wantType)
}

// VerifyPlan verifies a plan's signature and returns the plan, with its digest.
// Errors are CodeEvidence.
func (k Keyring) VerifyPlan(e Envelope) (access.Plan, error) {
	plan, payload, err := verified[access.Plan](k, e, TypePlan)
	if err != nil {
		return access.Plan{}, err
	}
	plan.Digest = DigestOf(payload)
	return plan, nil
}

// VerifyDecision verifies a decision's signature and returns the decision. Errors
// are CodeEvidence.
func (k Keyring) VerifyDecision(e Envelope) (access.Decision, error) {
	d, _, err := verified[access.Decision](k, e, TypeDecision)
	return d, err
}

// VerifyExtension verifies the signature of an order to extend and returns the
// order. Errors are CodeEvidence.
func (k Keyring) VerifyExtension(e Envelope) (access.ExtensionOrder, error) {
	o, payload, err := verified[access.ExtensionOrder](k, e, TypeExtension)
	if err == nil {
		o.Digest = DigestOf(payload)
	}
	return o, err
}

// VerifyExtensionDecision verifies the signature of a decision on an order to extend,
// and returns the decision. Errors are CodeEvidence.
func (k Keyring) VerifyExtensionDecision(e Envelope) (access.Decision, error) {
	d, _, err := verified[access.Decision](k, e, TypeExtensionDecision)
	return d, err
}

// VerifyReview verifies the signature of a review of a use of break glass and returns
// the review. Errors are CodeEvidence.
func (k Keyring) VerifyReview(e Envelope) (access.Review, error) {
	r, _, err := verified[access.Review](k, e, TypeReview)
	return r, err
}

// VerifyEnd verifies the signature of an order to end and returns it, for people to read: what
// ends access does not wait for it (access.EndOrder). Errors are CodeEvidence.
func (k Keyring) VerifyEnd(e Envelope) (access.EndOrder, error) {
	o, _, err := verified[access.EndOrder](k, e, TypeEnd)
	return o, err
}

// VerifyNotBegun returns the statement that a grant was never begun. Errors are CodeEvidence.
func (k Keyring) VerifyNotBegun(e Envelope) (access.NotBegun, error) {
	v, _, err := verified[access.NotBegun](k, e, TypeNotBegun)
	return v, err
}

// VerifyEvaluation verifies the signature of what a contract's conditions gave for a request
// and returns it. Errors are CodeEvidence.
func (k Keyring) VerifyEvaluation(e Envelope) (access.Evaluation, error) {
	made, _, err := verified[access.Evaluation](k, e, TypeEvaluation)
	return made, err
}

// VerifyPickUp verifies the signature of a pick-up order and returns the order.
// Errors are CodeEvidence.
func (k Keyring) VerifyPickUp(e Envelope) (access.PickUpOrder, error) {
	o, _, err := verified[access.PickUpOrder](k, e, TypePickUp)
	return o, err
}

// Authorized is what a plan and its decisions prove, with what else was signed about
// the request.
type Authorized struct {
	access.Signed                   // its Plan is the plan as it was approved: see access.Plan.Narrowed
	Counted       []access.Decision // those that the rule counts, with the groups that their people still have
	Stages        []access.StageStatus
	Tally         access.Tally
}

// Authorize verifies a plan and decisions and counts them. One bad signature, or
// one decision about another plan, makes the whole prove nothing (docs/threats.md,
// cases 9 and 10): an attacker who put it there is not trusted about the rest. Errors are
// CodeEvidence, those of Passkeys, and of package passkey.
func (k Keyring) Authorize(plan Envelope, decisions []Envelope) (Authorized, error) {
	p, err := k.VerifyPlan(plan)
	if err != nil {
		return Authorized{}, err
	}
	a := Authorized{Signed: access.Signed{Plan: p, Decisions: []access.Decision{}}}
	for _, e := range decisions {
		d, err := k.VerifyDecision(e)
		if err != nil {
			return Authorized{}, err
		}
		if err := p.Rule.Counts(p, p.Digest, d); access.CodeOf(err) == access.CodeEvidence {
			return Authorized{}, err
		}
		a.Decisions = append(a.Decisions, d)
	}
	if err := checkLogins(p, a.Decisions); err != nil {
		return Authorized{}, err
	}
	if err := k.checkPasskeys(p, a.Decisions); err != nil {
		return Authorized{}, err
	}
	a.count(a.Decisions)
	return a, nil
}

// Recount counts the decisions again with what a directory says of those who
// decided (docs/threats.md, case 6). Decisions stays as it was signed.
func (a Authorized) Recount(s access.DirectorySnapshot) Authorized {
	a.Directory = s
	a.count(s.FilterDecisions(a.Plan, a.Decisions))
	return a
}

func (a *Authorized) count(decisions []access.Decision) {
	a.Tally, a.Stages = a.Plan.Rule.Tally(a.Plan, a.Plan.Digest, decisions)
	a.Counted = slices.DeleteFunc(slices.Clone(decisions), func(d access.Decision) bool { return a.Plan.Rule.Counts(a.Plan, a.Plan.Digest, d) != nil })
	if a.Tally == access.TallySatisfied {
		a.Plan = a.AsApproved()
	}
}

// checkLogins verifies that everybody had logged in as recently as the plan
// wants. An honest server signs nothing else, so that one plan
// or approval without it spoils the whole.
func checkLogins(p access.Plan, decisions []access.Decision) error {
	if err := p.AllowsRequest(); err != nil {
		return access.Errorf(access.CodeEvidence, "the plan was requested without the login of the last %s that it wants", p.StepUp)
	}
	for _, d := range decisions {
		if err := p.Rule.Counts(p, p.Digest, d); access.MaxAgeOf(err) > 0 {
			return access.Errorf(access.CodeEvidence, "%s approved without the login of the last %s that the plan wants", d.Approver.ID, p.Rule.StepUp)
		}
	}
	return nil
}

// checkPasskeys verifies the approvers' own signatures where the plan wants them:
// the server's signature says only that the server claims who approved. Denials
// need none, since they open nothing.
func (k Keyring) checkPasskeys(p access.Plan, decisions []access.Decision) error {
	if !p.Rule.Passkey || k.asSigned {
		return nil
	}
	var enrolled *passkey.Set
	for _, d := range decisions {
		if d.Verdict != access.Approve {
			continue
		}
		if k.passkeys == nil {
			return access.Errorf(access.CodeEvidence, "the plan is approved with passkeys, and no enrolled ones are known here (keys.passkeys)")
		}
		if enrolled == nil {
			s, err := k.passkeys.Current()
			if err != nil {
				return err
			}
			enrolled = &s
		}
		if err := enrolled.Verify(d); err != nil {
			return err
		}
	}
	return nil
}
