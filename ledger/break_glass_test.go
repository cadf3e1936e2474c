package ledger_test

import (
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/ledger"
)

var glassSuite = map[string]func(b fixture){
	"Case43 break glass": func(b fixture) {
		person := access.Person{ID: "lena", Kind: access.KindHuman}
		ask := func(p access.Person, contract string) (string, error) {
			s := b.submission(func(s *ledger.Submission) {
				s.Request.Requester, s.Request.Contract = p, contract
				s.Request.Plan.BreakGlass = &access.BreakGlass{Reviewers: []string{"security"}, ReviewBy: at.Add(time.Hour)}
			})
			_, err := b.Submit(ctx, s)
			return s.Request.ID, err
		}
		id, err := ask(person, "one")
		require.NoError(b, err)
		require.NoError(b, b.AppendEvent(ctx, access.Event{At: at, RequestID: id, Kind: access.EventGrantOpened, Actor: access.ActorRamp}))
		events, _, err := b.Timeline(ctx, id)
		require.NoError(b, err)
		require.Equal(b, access.EventRequestCreated, events[0].Kind, "a pack's events begin so")
		require.Equal(b, access.EventGlassBroken, events[1].Kind, "told before anything else happens")
		_, err = ask(access.Person{ID: "lena-bot", Kind: access.KindAgent, OnBehalfOf: "lena"}, "another")
		require.Equal(b, "review_missing", access.IssuesOf(err)[0].Code, "not again, under any contract and account")
		h, err := b.History(ctx, person, "another", at)
		require.NoError(b, err)
		require.Equal(b, []string{id}, h.Unreviewed)
		due, _, err := b.Requests(ctx, ledger.RequestFilter{ToReview: true, Requester: "lena"})
		require.NoError(b, err)
		require.Len(b, due, 1)
		require.True(b, due[0].ReviewDue())

		// Somebody with write access to the database writes one that nobody signed.
		b.writes(`UPDATE requests SET review = '{"by":{"id":"mallory"},"justified":true}' WHERE id = '%s'`, id)
		_, err = ask(person, "another")
		require.Equal(b, access.CodeForbidden, access.CodeOf(err), "a column is no review")
		due, _, err = b.Requests(ctx, ledger.RequestFilter{ToReview: true, Requester: "lena"})
		require.NoError(b, err)
		require.Len(b, due, 1, "reviewers still have it to review")
		for _, taken := range []string{"state = 'failed', active_at = NULL", "requester_id = 'x', requester_key = 'x', human_key = 'x', email_key = ''"} {
			b.writes(`UPDATE requests SET `+taken+` WHERE id = '%s'`, id)
			_, err = ask(person, "another")
			require.Equal(b, "review_missing", access.IssuesOf(err)[0].Code, "%s by SQL", taken)
			due, _, err = b.Requests(ctx, ledger.RequestFilter{ToReview: true})
			require.NoError(b, err)
			require.Contains(b, idsOf(due), id, "%s by SQL", taken)
		}
		b.writes(`UPDATE requests SET requester_id = 'lena', requester_key = 'lena', human_key = 'lena' WHERE id = '%s'`, id)

		review := access.Review{RequestID: id, By: access.Person{ID: "carol"}, Justified: true, Comment: "the database was down", At: at.Add(time.Minute)}
		require.NoError(b, b.Review(ctx, review, []byte(`{}`)))
		second := review
		second.By.ID, second.Justified = "mallory", false
		require.Equal(b, access.CodeConflict, access.CodeOf(b.Review(ctx, second, []byte(`{}`))), "the first one stands")
		r, err := b.Request(ctx, id)
		require.NoError(b, err)
		require.Equal(b, "carol", r.Review.By.ID)
		require.False(b, r.ReviewDue())
		_, err = ask(person, "another")
		require.NoError(b, err)

		plain := b.submission()
		_, err = b.Submit(ctx, plain)
		require.NoError(b, err)
		review.RequestID = plain.Request.ID
		require.Equal(b, access.CodeConflict, access.CodeOf(b.Review(ctx, review, []byte(`{}`))), "there is nothing to review")
	},
	"Case43 break glass by another account of one human": func(b fixture) {
		ask := func(p access.Person) error {
			_, err := b.Submit(ctx, b.submission(func(s *ledger.Submission) {
				s.Request.Requester = p
				s.Request.Plan.BreakGlass = &access.BreakGlass{Reviewers: []string{"security"}, ReviewBy: at.Add(time.Hour)}
			}))
			return err
		}
		require.NoError(b, ask(access.Person{ID: "mona", Email: "mona@example.com", Kind: access.KindHuman}))
		require.Error(b, ask(access.Person{ID: "mona-admin", Email: "Mona@example.com", Kind: access.KindHuman}), "of the same address")
		require.Error(b, ask(access.Person{ID: "Mona", Kind: access.KindHuman}), "in other letters")
		require.NoError(b, ask(access.Person{ID: "m.ito", Kind: access.KindHuman}))
		require.NoError(b, b.LinkAccount(ctx, "m.ito", "mika", access.Event{At: at, Kind: access.EventAccountLinked, Actor: "oscar"}))
		require.Error(b, ask(access.Person{ID: "mika", Kind: access.KindHuman}), "linked since")
	},
}

func idsOf(list []access.Request) (ids []string) {
	for _, r := range list {
		ids = append(ids, r.ID)
	}
	return ids
}
