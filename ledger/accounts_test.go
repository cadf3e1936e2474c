package ledger_test

import (
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
)

var accountSuite = map[string]func(b fixture){
	"an account is one human's, until the link is removed": func(b fixture) {
		linked := func(by string) access.Event {
			return access.Event{At: at, Kind: access.EventAccountLinked, Actor: by, Detail: map[string]string{"account": "slack/U1"}}
		}
		before, err := b.LastSeq(ctx)
		require.NoError(b, err)
		require.NoError(b, b.LinkAccount(ctx, "slack/U1", "alice", linked("alice")))
		require.NoError(b, b.LinkAccount(ctx, "slack/U1", "alice", linked("alice")), "a retry")
		require.NoError(b, b.LinkAccount(ctx, "jira/7", "alice", linked("alice")))
		after, err := b.LastSeq(ctx)
		require.NoError(b, err)
		require.Equal(b, before+2, after, "the event is recorded with the link, once")

		b.code(access.CodeConflict, b.LinkAccount(ctx, "slack/U1", "mallory", linked("mallory")))
		b.code(access.CodeConflict, b.LinkAccount(ctx, "slack/U2", "slack/U1", linked("mallory")))
		b.code(access.CodeConflict, b.LinkAccount(ctx, "alice", "mallory", linked("mallory")))
		b.code(access.CodeInvalid, b.LinkAccount(ctx, "alice", "alice", linked("alice")))
		humans, err := b.LinkedHumans(ctx, "slack/U1", "jira/7", "slack/U2", "alice")
		require.NoError(b, err)
		require.Equal(b, map[string]string{"slack/U1": "alice", "jira/7": "alice"}, humans)

		removed := access.Event{At: at.Add(time.Hour), Kind: access.EventAccountUnlinked, Actor: "alice"}
		require.NoError(b, b.UnlinkAccount(ctx, "slack/U1", removed))
		b.code(access.CodeNotFound, b.UnlinkAccount(ctx, "slack/U1", removed))
		humans, err = b.LinkedHumans(ctx, "slack/U1")
		require.NoError(b, err)
		require.Empty(b, humans)
		require.NoError(b, b.LinkAccount(ctx, "slack/U1", "carol", linked("carol")))
		var links int
		require.NoError(b, b.raw.QueryRow(`SELECT count(*) FROM linked_accounts WHERE account = 'slack/U1'`).Scan(&links))
		require.Equal(b, 2, links, "a removed link stays known")
	},
}
