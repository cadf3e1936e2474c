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
var getsThrough = map[string]string{}

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
