package desk

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
func (d *Desk) checkPasskey(dec access.Decision) error {
	if d.Passkeys == nil {
		return issue(access.CodeForbidden, passkey.Needed, "this plan is approved with a passkey, and %s", noPasskeys)
	}
	s, err := d.Passkeys.Current()
	if err != nil {
		return err
	}
	return s.Verify(dec)
}

// Ceremony is what a page needs to ask a person's device for a signature.
type Ceremony struct {
	Problem   string   // why it cannot; then nothing else is set
	Challenge string   // base64url, as all below
	RPID      string   // the name that keys are bound to
	Keys      []string // the person's credential ids
}

// Ceremony is for approving one request; nil where its plan wants no passkey.
func (d *Desk) Ceremony(p access.Person, r access.Request) *Ceremony {
	if !r.Plan.Rule.Passkey {
		return nil
	}
	s, problem := d.passkeys()
	if problem != "" {
		return &Ceremony{Problem: problem}
	}
	return &Ceremony{Challenge: passkey.Text(passkey.Challenge(r.ID, r.Plan.Digest, access.Approve)), RPID: s.RPID, Keys: idsOf(s, p)}
}

func (d *Desk) passkeys() (s passkey.Set, problem string) {
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
	for _, k := range s.Of(p.Human()) {
		ids = append(ids, k.ID)
	}
	return ids
}

// Enrolment is what the page of somebody's passkeys shows.
type Enrolment struct {
	Ceremony
	Person     string        // the id under which the person counts
	User       string        // the same, as authenticators keep it
	Enrolled   []passkey.Key // that count now
	Algorithms []int         // COSE, the best first
	Direct     bool          // a new key counts at once; development only
}

// Enrolment is for making a key.
func (d *Desk) Enrolment(p access.Person) Enrolment {
	s, problem := d.passkeys()
	if problem != "" {
		return Enrolment{Ceremony: Ceremony{Problem: problem}, Person: p.Human()}
	}
	challenge := passkey.EnrolmentChallenge(p.Human())
	return Enrolment{Ceremony: Ceremony{Challenge: passkey.Text(challenge), RPID: s.RPID, Keys: idsOf(s, p)},
		Person: p.Human(), User: passkey.Text(challenge), Enrolled: slices.Clone(s.Of(p.Human())),
		Algorithms: passkey.Algorithms(), Direct: d.EnrolPasskey != nil}
}

// Enrol verifies a key that a person's device has made, and answers its entry
// for the file of passkeys. It counts once people have put it there: whoever
// captures a server must not be able to enrol a key for somebody else. In
// development it is put there at once. Errors are CodeForbidden for programs,
// CodeConflict without passkeys, CodeInvalid.
func (d *Desk) Enrol(ctx context.Context, p access.Person, name string, response []byte) (entry string, err error) {
	switch {
	case p.Kind != access.KindHuman:
		return "", d.refused(ctx, p, "", "enrol a passkey", issue(access.CodeForbidden, "approver_not_human", "only people have passkeys"))
	case d.Passkeys == nil:
		return "", issue(access.CodeConflict, "passkeys_off", "%s", noPasskeys)
	}
	s, err := d.Passkeys.Current()
	if err != nil {
		return "", err
	}
	k, err := s.Enrol(p.Human(), name, response, d.now())
	if err != nil {
		return "", err
	}
	if d.EnrolPasskey != nil {
		if err := d.EnrolPasskey(p.Human(), k); err != nil {
			return "", err
		}
	}
	if err := d.Ledger.Record(ctx, access.Event{At: d.now(), Kind: access.EventPasskeyMade, Actor: p.ID,
		Message: k.Name, Detail: map[string]string{"credential": k.ID, "publicKey": k.PublicKey}}); err != nil {
		return "", err
	}
	return passkey.Entry(p.Human(), k)
}
