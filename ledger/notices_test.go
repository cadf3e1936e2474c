package ledger_test

import (
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/ledger"
)

var noticeSuite = map[string]func(b fixture){
	"what people chose is by their id, or an address that is theirs": func(b fixture) {
		choose := func(p access.Person, zone string) {
			c := access.NoticeChoice{Off: map[string][]access.NoticeTopic{"mail": {access.TopicHandled}}, Zone: zone}
			require.NoError(b, b.SetNoticeChoice(ctx, p, c, at, access.Event{At: at, Kind: access.EventNoticesChosen, Actor: p.ID}))
		}
		choose(access.Person{ID: "Alice", Email: "alice@example.com", EmailVerified: true}, "Europe/Berlin")
		choose(access.Person{ID: "alice", Email: "alice@example.com", EmailVerified: true}, "Asia/Tokyo")
		choose(access.Person{ID: "mallory", Email: "bob@example.com"}, "UTC")
		_, err := b.raw.Exec(`INSERT INTO notice_choices (person_key, email_key, choice, chosen_at) VALUES ('erin', '', '{', 1)`)
		require.NoError(b, err)
		got, err := b.NoticeChoices(ctx, "ALICE", "Alice@example.com", "bob@example.com", "erin", "", "nobody")
		require.NoError(b, err)
		require.Len(b, got, 2, "a row that cannot be read chooses nothing")
		for _, key := range []string{"alice", "alice@example.com"} {
			require.Equal(b, "Asia/Tokyo", got[key].Zone, "the last")
			require.False(b, got[key].Hears("mail", access.TopicHandled))
			require.True(b, got[key].Hears("mail", access.TopicRequests))
		}
		var events int
		require.NoError(b, b.raw.QueryRow(`SELECT count(*) FROM events WHERE kind = 'notices.chosen'`).Scan(&events))
		require.Equal(b, 3, events)
	},
	"notices that were sent are known until they are forgotten": func(b fixture) {
		for id, outcome := range map[string]ledger.NoticeOutcome{"sent 1": ledger.NoticeSent, "sent 2": ledger.NoticeMoot, "sent 3": ledger.NoticeGivenUp} {
			require.NoError(b, b.AddNotices(ctx, ledger.Notice{ID: id, RequestID: "sent", Kind: access.EventRequestCreated, Channel: "mail", Address: id, CreatedAt: at, DueAt: at}))
			require.NoError(b, b.CloseNotice(ctx, id, outcome, "", at))
		}
		sent, err := b.SentNotices(ctx, "sent", access.EventRequestCreated)
		require.NoError(b, err)
		require.Len(b, sent, 1)
		require.Equal(b, "sent 1", sent[0].Address)
		none, err := b.SentNotices(ctx, "sent", access.EventAccessActive)
		require.NoError(b, err)
		require.Empty(b, none)
		require.NoError(b, b.ForgetNotices(ctx, at.Add(time.Second)))
	},
	"a notice is given out once at a time, and urgent ones first": func(b fixture) {
		one := ledger.Notice{ID: "1", Seq: 7, RequestID: "r", Kind: access.EventAccessActive, Channel: "mail", Address: "alice@example.com", Why: "you asked", CreatedAt: at, DueAt: at}
		two, later := one, one
		two.ID, two.Urgent = "2", true
		later.ID, later.DueAt = "3", at.Add(time.Hour)
		require.NoError(b, b.AddNotices(ctx, one, two, later))
		changed := one
		changed.Address = "mallory@example.com"
		require.NoError(b, b.AddNotices(ctx, changed), "decided again after a crash")
		claim := func(now time.Time, limit int) (ids []string) {
			list, err := b.ClaimNotices(ctx, now, now.Add(time.Minute), limit)
			require.NoError(b, err)
			for _, n := range list {
				require.NotEqual(b, "mallory@example.com", n.Address)
				ids = append(ids, n.ID)
			}
			return ids
		}
		require.Empty(b, claim(at.Add(-time.Second), 10))
		require.Equal(b, []string{"2"}, claim(at, 1))
		require.Equal(b, []string{"1"}, claim(at, 10), "2 is somebody's for a minute")
		require.Empty(b, claim(at, 10))
		c, err := b.NoticeCounts(ctx)
		require.NoError(b, err)
		require.Equal(b, ledger.NoticeCounts{Waiting: 2}, c)

		require.NoError(b, b.CloseNotice(ctx, "1", ledger.NoticeSent, "", at))
		require.NoError(b, b.RetryNotice(ctx, "2", "refused", at.Add(5*time.Second)))
		require.NoError(b, b.RetryNotice(ctx, "1", "late", at), "what is sent stays sent")
		c, err = b.NoticeCounts(ctx)
		require.NoError(b, err)
		require.Equal(b, ledger.NoticeCounts{Waiting: 1, Urgent: 1}, c)
		list, err := b.ClaimNotices(ctx, at.Add(5*time.Second), at.Add(time.Minute), 10)
		require.NoError(b, err)
		two.Tries, two.Problem, two.DueAt = 2, "refused", at.Add(time.Minute)
		require.Equal(b, []ledger.Notice{two}, list)
		require.NoError(b, b.CloseNotice(ctx, "2", ledger.NoticeGivenUp, "refused", at))
		c, err = b.NoticeCounts(ctx)
		require.NoError(b, err)
		require.Equal(b, ledger.NoticeCounts{GivenUp: 1}, c)

		require.NoError(b, b.ForgetNotices(ctx, at.Add(time.Second)))
		require.NoError(b, b.AddNotices(ctx, one), "its row and its address are gone")
		require.Equal(b, []string{"1"}, claim(at, 10))
		require.Equal(b, []string{"1", "3"}, claim(at.Add(time.Hour), 10))
	},
}
