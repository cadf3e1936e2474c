package app

import (
	"context"
	"slices"

	"github.com/sirupsen/logrus"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/contracts"
	"ramp.dev/ramp/passkey"
)

// Passkeys are the enrolled passkeys of all people.
type Passkeys interface {
	Current() (passkey.Set, error)
}

// passkeys makes challenges for people's devices, and enrols new keys.
type passkeys struct {
	file    Passkeys
	enrol   func(person string, k passkey.Key) error
	events  eventAppender
	refused refusals
	log     logrus.FieldLogger
	now     clock
}

// noPasskeys is why a server without a file of passkeys cannot help.
const noPasskeys = "no passkeys are set up here (keys.passkeys; in development, ramp dev --listen localhost:8080)"

// verify checks the passkey of a decision. The worker checks it too, and it is
// the worker's check that counts; this one is early, while the person is there.
func (k *passkeys) verify(d access.Decision) error {
	if k.file == nil {
		return access.Refuse(access.CodeForbidden, passkey.IssueNeeded, "this plan is approved with a passkey, and %s", noPasskeys)
	}
	s, err := k.file.Current()
	if err != nil {
		return err
	}
	return s.Verify(d)
}

// PasskeyChallenge is what a page needs to request a signature of a person's
// device.
type PasskeyChallenge struct {
	Problem   string   // why it cannot; then nothing else is set
	Challenge string   // base64url, as all below
	RPID      string   // the relying party's name, to which keys are bound
	Keys      []string // the person's credential ids
}

// PasskeyChallenge returns the challenge for approving one request; nil where
// its plan requires no passkey.
func (k *passkeys) PasskeyChallenge(p access.Person, r access.Request) *PasskeyChallenge {
	return k.challenge(p, r.ID, r.Plan.Rule, r.Plan.Digest)
}

// ExtensionChallenge returns the challenge for approving the extension that is asked
// for; nil where it requires no passkey.
func (k *passkeys) ExtensionChallenge(p access.Person, r access.Request) *PasskeyChallenge {
	return k.challenge(p, r.ID, *r.Plan.Extend.Rule, r.Asked.Order.Digest)
}

func (k *passkeys) challenge(p access.Person, id string, rule access.Rule, digest string) *PasskeyChallenge {
	if !rule.Passkey {
		return nil
	}
	s, problem := k.current()
	if problem != "" {
		return &PasskeyChallenge{Problem: problem}
	}
	return &PasskeyChallenge{Challenge: passkey.Base64URL(passkey.Challenge(id, digest, access.Approve)), RPID: s.RPID, Keys: keyIDs(s, p)}
}

// PasskeyProblem returns why nobody can approve what is offered here, where passkeys are
// missing; "" where people can approve, or need no passkey.
func (k *passkeys) PasskeyProblem(o contracts.Offer) string {
	if !o.Approval.Passkey {
		return ""
	}
	_, problem := k.current()
	return problem
}

// current returns the passkeys, or why there are none.
func (k *passkeys) current() (s passkey.Set, problem string) {
	if k.file == nil {
		return s, noPasskeys
	}
	s, err := k.file.Current()
	if err != nil {
		k.log.WithError(err).Error("the file of passkeys cannot be used")
		return s, "the file of passkeys cannot be used at the moment; the log says why"
	}
	return s, ""
}

func keyIDs(s passkey.Set, p access.Person) []string {
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
	Enrolled   []passkey.Key // those that count now
	Algorithms []int         // COSE, the best first
	Direct     bool          // a new key counts at once; development only
}

// Enrolment returns the challenge for making a key.
func (k *passkeys) Enrolment(p access.Person) Enrolment {
	s, problem := k.current()
	if problem != "" {
		return Enrolment{PasskeyChallenge: PasskeyChallenge{Problem: problem}, Person: p.HumanID()}
	}
	challenge := passkey.Base64URL(passkey.EnrolmentChallenge(p.HumanID()))
	return Enrolment{PasskeyChallenge: PasskeyChallenge{Challenge: challenge, RPID: s.RPID, Keys: keyIDs(s, p)},
		Person: p.HumanID(), User: challenge, Enrolled: slices.Clone(s.KeysOf(p.HumanID())),
		Algorithms: passkey.Algorithms(), Direct: k.enrol != nil}
}

// Enrol verifies a key that a person's device has made, and returns its entry
// for the file of passkeys. It counts once people have put it there: anybody who
// captures a server must not be able to enrol a key for somebody else. In
// development it is put there at once. Errors are CodeForbidden for programs,
// CodeConflict without passkeys, CodeInvalid.
func (k *passkeys) Enrol(ctx context.Context, by access.Actor, name string, response []byte) (entry string, err error) {
	person := by.Person.HumanID()
	switch {
	case by.Person.Kind != access.KindHuman:
		return "", k.refused.record(ctx, by, "", access.ActEnrolPasskey, access.Refuse(access.CodeForbidden, "approver_not_human", "only people have passkeys"))
	case k.file == nil:
		return "", access.Refuse(access.CodeConflict, "passkeys_off", "%s", noPasskeys)
	}
	s, err := k.file.Current()
	if err != nil {
		return "", err
	}
	key, err := s.Enrol(person, name, response, k.now())
	if err != nil {
		return "", err
	}
	if k.enrol != nil {
		if err := k.enrol(person, key); err != nil {
			return "", err
		}
	}
	e := by.Event(access.EventPasskeyCreated, k.now())
	e.Message, e.Detail["credential"], e.Detail["publicKey"] = key.Name, key.ID, key.PublicKey
	if err := k.events.AppendEvent(ctx, e); err != nil {
		return "", err
	}
	return passkey.FileEntry(person, key)
}
