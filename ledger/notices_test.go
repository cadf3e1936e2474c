package ledger_test

import (
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/ledger"
)

var noticeSuite = map[string]func(b fixture){
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
