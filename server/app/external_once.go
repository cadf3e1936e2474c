package app

import (
	"context"
	"time"

	"github.com/sirupsen/logrus"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/ledger"
)

// ExternalActs remembers which messages of other programs were taken.
type ExternalActs interface {
	AddExternalAct(ctx context.Context, a ledger.ExternalAct) (added bool, err error)
	ExternalActDone(ctx context.Context, id string) (bool, error)
	ClaimExternalAct(ctx context.Context, id string, now, until time.Time) (claimed bool, err error)
	RetryExternalAct(ctx context.Context, id, problem string, due time.Time) error
	CloseExternalAct(ctx context.Context, id, outcome string, at time.Time) error
	ForgetExternalActs(ctx context.Context, service string, before time.Time) error
}

// ExternalMessage is a message of another program by which one of its users acts.
type ExternalMessage struct {
	ID      string // begins with the service; no two messages have one
	What    string // what it is for people: message or comment
	User    ledger.ExternalUser
	Request string     // on which the user acts; "" for none
	Act     access.Act // what the user does
}

const (
	// actKept is how long messages are remembered: longer than one may be old.
	actKept = time.Hour
	// actClaimed is how long a message is one delivery's, and actWithin how long that may
	// take with it: the process may die, and then the message is sent again.
	actClaimed = time.Minute
	actWithin  = 40 * time.Second
)

// DoOnce does what a message says, unless that was done or is being done: a program may
// send a message again of which it had no response, and somebody may play back one that
// they saw, many times at an instant (docs/threats.md, cases 109 and 111). Errors are those
// of do, CodeConflict for a message that was taken, and CodeUnavailable for one that is
// being taken.
func (a *App) DoOnce(ctx context.Context, acts ExternalActs, m ExternalMessage, log logrus.FieldLogger, do func(context.Context) error) error {
	now := time.Now().UTC()
	if _, err := acts.AddExternalAct(ctx, ledger.ExternalAct{ID: m.ID, Service: m.User.Service, ReceivedAt: now}); err != nil {
		return err
	}
	if done, err := acts.ExternalActDone(ctx, m.ID); err != nil {
		return err
	} else if done {
		return a.RefuseExternal(ctx, m.User, m.Request, m.Act, access.Refuse(access.CodeConflict, "hook_replay", "this %s was taken already", m.What))
	}
	claimed, err := acts.ClaimExternalAct(ctx, m.ID, now, now.Add(actClaimed))
	if err != nil {
		return err
	}
	if !claimed {
		return access.Refuse(access.CodeUnavailable, "hook_being_taken", "this %s is being taken at this moment; send it again to learn what became of it", m.What)
	}
	acting, cancel := context.WithTimeout(ctx, actWithin)
	err = do(acting)
	cancel()
	kept := context.WithoutCancel(ctx) // what was done is recorded, also where the sender has gone
	log = log.WithField("service", m.User.Service)
	if MayRepeat(err) {
		// It was not done, and may be sent again; without this, once the claim is over.
		if again := acts.RetryExternalAct(kept, m.ID, string(access.CodeOf(err)), now); again != nil {
			log.WithError(again).Warnf("a %s that was not taken can be sent again in a minute only", m.What)
		}
		return err
	}
	outcome := "done"
	if err != nil {
		outcome = "refused"
	}
	if closing := acts.CloseExternalAct(kept, m.ID, outcome, now); closing != nil {
		return closing
	}
	if forgetting := acts.ForgetExternalActs(kept, m.User.Service, now.Add(-actKept)); forgetting != nil {
		log.WithError(forgetting).Warnf("%ss that are long over could not be forgotten; it is tried again with the next one", m.What)
	}
	return err
}
