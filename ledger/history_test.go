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
}
