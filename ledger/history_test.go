package ledger_test

import (
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/ledger"
)

var histories = map[string]func(b fixture){
	"a history is one human's, under all accounts, and one contract's": func(b fixture) {
		person := access.Person{ID: "hana", Kind: access.KindHuman}
		agent := access.Person{ID: "hana-bot", Kind: access.KindAgent, OnBehalfOf: "hana"}
		linked := access.Person{ID: "h.ito", Kind: access.KindHuman, LinkedHumanID: "hana"}
		ask := func(p access.Person, contract string, ago time.Duration) {
			_, err := b.Submit(ctx, b.submission(func(s *ledger.Submission) {
				s.Request.Requester, s.Request.Contract, s.Request.CreatedAt = p, contract, at.Add(-ago)
			}))
			require.NoError(b, err)
		}
		ask(person, "histories", 3*time.Hour)
		ask(agent, "histories", 2*time.Hour)
		ask(linked, "histories", time.Hour)
		ask(person, "another", time.Hour)
		ask(person, "histories", access.HistoryReaches+time.Hour)
		ask(access.Person{ID: "ian", Kind: access.KindHuman}, "histories", time.Hour)
		for _, p := range []access.Person{person, linked} {
			h, err := b.History(ctx, p, "histories", at)
			require.NoError(b, err)
			require.Len(b, h.Uses, 3)
			require.Equal(b, at.Add(-time.Hour), h.Uses[0].At, "the newest first")
			require.Equal(b, 5, h.OpenInAll)
		}
	},
	"a request whose history is another by now is refused": func(b fixture) {
		person := access.Person{ID: "ivo", Kind: access.KindHuman}
		h, err := b.History(ctx, person, "once", at)
		require.NoError(b, err)
		ask := func(p access.Person, all bool) error {
			_, err := b.Submit(ctx, b.submission(func(s *ledger.Submission) {
				s.Request.Requester, s.Request.Contract, s.History, s.LimitsAll = p, "once", &h, all
			}))
			return err
		}
		require.NoError(b, ask(person, false))
		err = ask(person, false)
		require.Equal(b, access.CodeConflict, access.CodeOf(err))
		require.Equal(b, "asked_at_once", access.IssuesOf(err)[0].Code)
		require.NoError(b, ask(access.Person{ID: "jo", Kind: access.KindHuman}, false))
		require.Error(b, ask(access.Person{ID: "ken", Kind: access.KindHuman}, true), "openInAll is another, too")
	},
	"requests that came to nothing push no use out of a history": func(b fixture) {
		p := access.Person{ID: "quinn", Kind: access.KindHuman}
		s := b.submitted(func(s *ledger.Submission) { s.Request.Requester, s.Request.Contract = p, "quota" })
		require.NoError(b, b.IntendGrant(ctx, grant(s), at))
		require.NoError(b, b.MarkOpened(ctx, grant(s).Name, at, access.Activation(s.Request.ID, at, at.Add(time.Hour))))
		for i := range access.HistoryKeeps {
			c := b.submitted(func(s *ledger.Submission) {
				s.Request.Requester, s.Request.Contract, s.Request.CreatedAt = p, "quota", at.Add(time.Duration(i+1)*time.Second)
			})
			require.NoError(b, b.Advance(ctx, access.Transition{RequestID: c.Request.ID, At: at, To: access.StateCancelled}))
		}
		h, err := b.History(ctx, p, "quota", at.Add(time.Hour))
		require.NoError(b, err)
		used := 0
		for _, u := range h.Uses {
			if u.Length > 0 || !u.State.Final() {
				used++
			}
		}
		require.Equal(b, 1, used, "the access that is open now counts against quota, open and cooldown")
	},
}
