package passkey

import (
	"fmt"
	"slices"

	"github.com/go-webauthn/webauthn/protocol"

	"ramp.dev/ramp/access"
)

// Issues of a decision that is not proven.
const (
	IssueNeeded  = access.IssuePasskeyNeeded // there is no assertion
	IssueUnknown = "passkey_unknown"         // no key of that person
	IssueInvalid = "passkey_invalid"         // the key is theirs, and did not sign this
)

const maxAssertion = 4096 // bytes of each part

// Verify proves that the approver of d has given exactly this verdict on
// exactly this plan with a key that was theirs at that time: the challenge, the
// origin, the name that the key is bound to, that the user was there and was
// verified, and the signature. Errors are CodeForbidden with the issue Needed or
// Unknown, and CodeEvidence with the issue Invalid.
func (s Set) Verify(d access.Decision) error {
	if d.Passkey == nil {
		return refuse(access.CodeForbidden, IssueNeeded, "this plan is approved with a passkey, in the browser; the approval carries none")
	}
	key, err := s.find(d)
	if err != nil {
		return err
	}
	if err := s.verify(d, key); err != nil {
		return refuse(access.CodeEvidence, IssueInvalid, "the passkey of %s did not sign this approval: %s", access.Clip(d.Approver.HumanID(), 60), err)
	}
	return nil
}

func (s Set) find(d access.Decision) (Key, error) {
	person := d.Approver.HumanID()
	for _, k := range s.People[person] {
		if k.ID != d.Passkey.CredentialID {
			continue
		}
		if !k.counts(d.At) {
			return Key{}, refuse(access.CodeForbidden, IssueUnknown, "passkey %q of %s was not enrolled at %s", k.Name, access.Clip(person, 60), d.At.UTC().Format("2006-01-02"))
		}
		return k, nil
	}
	return Key{}, refuse(access.CodeForbidden, IssueUnknown, "this passkey is not enrolled for %s", access.Clip(person, 60))
}

func (s Set) verify(d access.Decision, k Key) error {
	id, okID := decodeBase64URL(k.ID, maxCredential)
	public, okPublic := decodeBase64URL(k.PublicKey, maxPublicKey)
	auth, okAuth := decodeBase64URL(d.Passkey.AuthenticatorData, maxAssertion)
	data, okData := decodeBase64URL(d.Passkey.ClientDataJSON, maxAssertion)
	sig, okSig := decodeBase64URL(d.Passkey.Signature, maxAssertion)
	if !okID || !okPublic || !okAuth || !okData || !okSig {
		return fmt.Errorf("a part is not base64url without padding, or is too long")
	}
	parsed, err := protocol.CredentialAssertionResponse{
		PublicKeyCredential: protocol.PublicKeyCredential{RawID: id,
			Credential: protocol.Credential{ID: k.ID, Type: string(protocol.PublicKeyCredentialType)}},
		AssertionResponse: protocol.AuthenticatorAssertionResponse{AuthenticatorData: auth, Signature: sig,
			AuthenticatorResponse: protocol.AuthenticatorResponse{ClientDataJSON: data}},
	}.Parse()
	if err != nil {
		return detailed(err)
	}
	const appID, crossOrigin, verified, present = "", false, true, true
	err = parsed.Verify(Base64URL(Challenge(d.RequestID, d.PlanDigest, d.Verdict)), s.RPID, appID, []string{s.Origin}, nil, nil,
		protocol.TopOriginExplicitVerificationMode, crossOrigin, verified, present, public, protocol.SignaturePolicy{})
	if err != nil {
		return detailed(err)
	}
	return nil
}

// KeysOf are the keys of one person that count at the moment the Set is of.
func (s Set) KeysOf(person string) []Key { return slices.Clone(s.People[person]) }

// detailed returns an error that says which check failed: the library's own text
// names only the kind.
func detailed(err error) error {
	e, ok := err.(*protocol.Error)
	switch {
	case !ok:
		return err
	case e.DevInfo == "":
		return fmt.Errorf("%s", access.Clip(e.Details, 200))
	}
	return fmt.Errorf("%s: %s", access.Clip(e.Details, 100), access.Clip(e.DevInfo, 200))
}

func refuse(code access.Code, name, format string, args ...any) error {
	return access.Refuse(code, name, format, args...)
}
