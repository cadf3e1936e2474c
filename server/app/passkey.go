package app

import (
	"context"
	"slices"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/passkey"
)

// Passkeys says which keys are whose now.
type Passkeys interface {
	Current() (passkey.Set, error)
}

// noPasskeys is why a server without them cannot help.
const noPasskeys = "no passkeys are set up here (keys.passkeys; in development, ramp dev --listen localhost:8080)"

// checkPasskey is what the worker checks too. Here it is checked early, for an
// answer while the person is still there; it is the worker's that counts.
func (d *App) checkPasskey(dec access.Decision) error {
	if d.Passkeys == nil {
		return issue(access.CodeForbidden, passkey.IssueNeeded, "this plan is approved with a passkey, and %s", noPasskeys)
	}
	s, err := d.Passkeys.Current()
	if err != nil {
		return err
	}
	return s.Verify(dec)
}

// PasskeyChallenge is what a page needs to ask a person's device for a signature.
type PasskeyChallenge struct {
	Problem   string   // why it cannot; then nothing else is set
	Challenge string   // base64url, as all below
	RPID      string   // the name that keys are bound to
	Keys      []string // the person's credential ids
}

// PasskeyChallenge is for approving one request; nil where its plan wants no passkey.
func (d *App) PasskeyChallenge(p access.Person, r access.Request) *PasskeyChallenge {
	if !r.Plan.Rule.Passkey {
		return nil
	}
	s, problem := d.passkeys()
	if problem != "" {
		return &PasskeyChallenge{Problem: problem}
	}
	return &PasskeyChallenge{Challenge: passkey.Base64URL(passkey.Challenge(r.ID, r.Plan.Digest, access.Approve)), RPID: s.RPID, Keys: idsOf(s, p)}
}

func (d *App) passkeys() (s passkey.Set, problem string) {
	if d.Passkeys == nil {
		return s, noPasskeys
	}
	s, err := d.Passkeys.Current()
	if err != nil {
		d.Log.WithError(err).Error("the file of passkeys cannot be used")
		return s, "the file of passkeys cannot be used at the moment; the log says why"
	}
	return s, ""
}

func idsOf(s passkey.Set, p access.Person) []string {
	ids := []string{}
	for _, k := range s.KeysOf(p.HumanID()) {
		ids = append(ids, k.ID)
	}
	return ids
}

// Enrolment is what the page of somebody's passkeys shows.
type Enrolment struct {
	PasskeyChallenge
	Person     string        // the id under which the person counts
	User       string        // the same, as authenticators keep it
	Enrolled   []passkey.Key // that count now
	Algorithms []int         // COSE, the best first
	Direct     bool          // a new key counts at once; development only
}

// Enrolment is for making a key.
func (d *App) Enrolment(p access.Person) Enrolment {
	s, problem := d.passkeys()
	if problem != "" {
		return Enrolment{PasskeyChallenge: PasskeyChallenge{Problem: problem}, Person: p.HumanID()}
	}
	challenge := passkey.EnrolmentChallenge(p.HumanID())
	return Enrolment{PasskeyChallenge: PasskeyChallenge{Challenge: passkey.Base64URL(challenge), RPID: s.RPID, Keys: idsOf(s, p)},
		Person: p.HumanID(), User: passkey.Base64URL(challenge), Enrolled: slices.Clone(s.KeysOf(p.HumanID())),
		Algorithms: passkey.Algorithms(), Direct: d.EnrolPasskey != nil}
}

// Enrol verifies a key that a person's device has made, and answers its entry
// for the file of passkeys. It counts once people have put it there: whoever
// captures a server must not be able to enrol a key for somebody else. In
// development it is put there at once. Errors are CodeForbidden for programs,
// CodeConflict without passkeys, CodeInvalid.
func (d *App) Enrol(ctx context.Context, p access.Person, name string, response []byte) (entry string, err error) {
	switch {
	case p.Kind != access.KindHuman:
		return "", d.recordRefusal(ctx, p, "", "enrol a passkey", issue(access.CodeForbidden, "approver_not_human", "only people have passkeys"))
	case d.Passkeys == nil:
		return "", issue(access.CodeConflict, "passkeys_off", "%s", noPasskeys)
	}
	s, err := d.Passkeys.Current()
	if err != nil {
		return "", err
	}
	k, err := s.Enrol(p.HumanID(), name, response, d.now())
	if err != nil {
		return "", err
	}
	if d.EnrolPasskey != nil {
		if err := d.EnrolPasskey(p.HumanID(), k); err != nil {
			return "", err
		}
	}
	if err := d.Ledger.AppendEvent(ctx, access.Event{At: d.now(), Kind: access.EventPasskeyCreated, Actor: p.ID,
		Message: k.Name, Detail: map[string]string{"credential": k.ID, "publicKey": k.PublicKey}}); err != nil {
		return "", err
	}
	return passkey.FileEntry(p.HumanID(), k)
}
