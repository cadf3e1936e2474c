package e2e

import (
	"fmt"
	"sync"
	"testing"
)

// The opponents of tools/opponents against a real installation: a worker that
// nobody deployed, an administrator of Temporal's namespace, a writer of the
// ledger's database. Each attack says what the opponent does and what must hold
// afterwards: nothing is open beyond what was signed and approved, nothing outlives
// its end and the target's bound, nobody gets another's authority, nothing false is
// proven or shown as done.

// attack is one thing that an opponent does.
type attack struct {
	of   int    // row of docs/threats.md
	does string // what the opponent does, in a few words
	// try does it, and returns what the opponent got by it; nil if nothing.
	try func(t *trial) error
}

// getsThrough are the attacks against which there is no whole defence yet, with what
// is missing. An attack that is in this list and is repelled fails its test, so that
// the line goes when the defence comes.
var getsThrough = map[string]string{
	// 49, 57: an order to end, and a denial, are in the ledger before they are answered.
	"puts its own workflow in a request's place, which ignores that it is revoked":          "an order to end is a message to the workflow only",
	"puts its own workflow in a request's place, which ignores a denial":                    "a denial is a message to the workflow only",
	"starts a request again as active while it is being revoked":                            "an order to end is a message to the workflow only",
	"puts its own workflow in a request's place, which ignores that its requester has left": "that somebody has left is a message to the workflow only",
	// 50: it takes the cookie, too, and lasts no longer than the session would have.
	"puts back a session that was signed out": "a sealed session's row says nothing of whether it was ended",
	// 55: the end is a function of what was signed.
	"replays an order to extend with ever later ends: ssh":                                 "an order to extend fits more than once",
	"replays an order to extend with ever later ends: vault":                               "an order to extend fits more than once",
	"replays an order to extend with ever later ends: aws":                                 "an order to extend fits more than once",
	"opens by hand for longer than was approved: ssh":                                      "the end that the message names is taken within the clocks' tolerance",
	"opens by hand for longer than was approved: aws":                                      "the end that the message names is taken within the clocks' tolerance",
	"moves the end by nine minutes: ssh":                                                   "an end in the ledger is taken within the ten minutes that an opening may take",
	"moves the end by nine minutes: vault":                                                 "an end in the ledger is taken within the ten minutes that an opening may take",
	"moves the end by nine minutes: aws":                                                   "an end in the ledger is taken within the ten minutes that an opening may take",
	"puts its own workflow in a request's place, which says that it was extended for ever": "the server passes on the end that the workflow names",
	// 60, 61
	"deletes the denial of a scheduled request, and has it opened by hand": "nothing says that no decision is missing",
	"holds an approval back for 17 minutes":                                "only the end is held against the ten minutes, not the opening",
}

// trial is one attack on an installation that others may attack at the same time.
type trial struct {
	*site
	*installation // with the test of this attack
}

// faces tries attacks on an installation, all at the same time.
func (s *site) faces(t *testing.T, attacks []attack) {
	var all sync.WaitGroup
	for _, a := range attacks {
		all.Go(func() { s.face(t, a) })
	}
	all.Wait()
}

// face tries one attack.
func (s *site) face(t *testing.T, a attack) {
	t.Run(fmt.Sprintf("Case%02d %s", a.of, a.does), func(t *testing.T) {
		in := *s.installation
		in.T = t
		got := a.try(&trial{site: s, installation: &in})
		missing, known := getsThrough[a.does]
		switch {
		case got != nil && known:
			t.Logf("gets through, as is known (%s): %v", missing, got)
		case got != nil:
			t.Errorf("the opponent got: %v", got)
		case known:
			t.Errorf("is listed as getting through (%s), and is repelled: take the line out of getsThrough", missing)
		}
	})
}
