package worker

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/ledger"
)

// TestCase53WhoHasLeftIsSigned: somebody who writes another requester into the ledger's
// columns neither keeps the access of who has left nor ends that of who has not; and
// one row that cannot be read keeps nobody's.
func TestCase53WhoHasLeftIsSigned(t *testing.T) {
	s := newSite(t, nil)
	s.ledger.UseNotary(evidence.NewNotary(s.signer, evidence.NewKeyring(s.signer.Public())), nil)
	require.NoError(t, s.ledger.SetDirectory(t.Context(), ledger.DirectoryMode{Enabled: true}))
	users := map[string]ledger.User{}
	for _, id := range []string{"alice", "carol", "dave"} {
		u, err := s.ledger.AddUser(t.Context(), ledger.User{PersonID: id, UserName: id, Active: true, Attributes: "{}"}, time.Now())
		require.NoError(t, err)
		users[id] = u
	}
	s.start()
	of := func(who string) func(*access.Plan) {
		return func(p *access.Plan) { p.Requester = access.Person{ID: who, Kind: access.KindHuman} }
	}
	hidden, blamed, damaged := s.asks(time.Hour), s.asks(time.Hour, of("carol")), s.asks(time.Hour, of("dave"))
	for _, a := range []asked{hidden, blamed, damaged} {
		a.awaits(access.StateActive)
	}
	says := func(a asked, who string) {
		s.sql(`UPDATE requests SET requester_id = ?, requester = json_set(requester, '$.id', ?), plan = json_set(plan, '$.requester.id', ?) WHERE id = ?`, who, who, who, a.id())
	}
	says(hidden, "carol")
	says(blamed, "alice")
	s.sql(`UPDATE requests SET requester = '{', plan = '{', created_at = 'x', review = '{' WHERE id = ?`, damaged.id())
	for _, who := range []string{"alice", "dave"} {
		_, err := s.ledger.UpdateUser(t.Context(), users[who].ID, time.Now(), func(u *ledger.User) error { u.Active = false; return nil })
		require.NoError(t, err)
	}
	for _, a := range []asked{hidden, damaged} {
		require.Equal(t, access.OutcomeOffboarded, a.awaits(access.StateEnded).Outcome)
	}
	require.Equal(t, access.StateActive, blamed.row().State)
	for _, a := range []asked{hidden, blamed, damaged} {
		s.eventually(func() bool { return len(a.events(access.EventRecordAltered)) > 0 }, "it is an alarm")
	}
}
