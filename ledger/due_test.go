package ledger_test

import (
	"strings"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/ledger"
)

// opened is a request with one grant that is open for an hour, on a target of its own.
func (b fixture) opened(target string) access.Grant {
	b.Helper()
	s := b.submitted()
	g := grant(s)
	g.Target = target
	require.NoError(b, b.IntendGrant(ctx, g, at))
	require.NoError(b, b.MarkOpened(ctx, g.Name, at, access.Activation(g.RequestID, at, g.ExpiresAt)))
	return g
}

func (b fixture) due(target string, now time.Time) (names []string) {
	b.Helper()
	rows, err := b.DueGrants(ctx, target, now, now, 10)
	require.NoError(b, err)
	for _, r := range rows {
		names = append(names, r.Name)
	}
	return names
}

// dueSuite is what closers ask of each database.
var dueSuite = map[string]func(b fixture){
	"what is due is taken in hand by one": func(b fixture) {
		target := "due/" + access.NewRequestID()
		g := b.opened(target)
		end := g.ExpiresAt
		require.Empty(b, b.due(target, end.Add(-time.Second)))
		begun, _, err := b.BeginExpiry(ctx, g.Name, end.Add(-time.Second), end)
		require.NoError(b, err)
		require.False(b, begun, "its time is not over")
		require.Equal(b, access.StateActive, b.reload(g.RequestID).State)

		require.Equal(b, []string{g.Name}, b.due(target, end))
		begun, outcome, err := b.BeginExpiry(ctx, g.Name, end, end.Add(30*time.Second))
		require.NoError(b, err)
		require.True(b, begun)
		require.Equal(b, access.OutcomeExpired, outcome)
		require.Equal(b, access.StateEnding, b.reload(g.RequestID).State)
		require.Empty(b, b.due(target, end.Add(29*time.Second)), "it is in hand")
		begun, _, err = b.BeginExpiry(ctx, g.Name, end.Add(29*time.Second), end.Add(time.Minute))
		require.NoError(b, err)
		require.False(b, begun)
		b.code(access.CodeConflict, b.MarkExtended(ctx, g.Name, end.Add(time.Hour)))

		require.NoError(b, b.Postpone(ctx, g.Name, end.Add(2*time.Second)))
		require.Equal(b, []string{g.Name}, b.due(target, end.Add(2*time.Second)))
		require.NoError(b, b.MarkClosed(ctx, g.Name, end, access.Ended(g.RequestID, access.OutcomeExpired, end)))
		require.Empty(b, b.due(target, end.Add(time.Hour)))
		require.Equal(b, access.StateEnded, b.reload(g.RequestID).State)
		begun, _, err = b.BeginExpiry(ctx, g.Name, end.Add(time.Hour), end.Add(2*time.Hour))
		require.NoError(b, err)
		require.False(b, begun, "it is closed")
	},
	"a hand that somebody wrote for longer than a closer may holds nothing": func(b fixture) {
		target := "due/" + access.NewRequestID()
		g := b.opened(target)
		require.NoError(b, b.Postpone(ctx, g.Name, g.ExpiresAt.Add(24*time.Hour)))
		require.Equal(b, []string{g.Name}, b.due(target, g.ExpiresAt))
		begun, _, err := b.BeginExpiry(ctx, g.Name, g.ExpiresAt, g.ExpiresAt.Add(30*time.Second))
		require.NoError(b, err)
		require.True(b, begun)
	},
	"the earliest end is due first": func(b fixture) {
		target := "due/" + access.NewRequestID()
		first, second, third := b.opened(target), b.opened(target), b.opened(target)
		require.NoError(b, b.MarkExtended(ctx, first.Name, first.ExpiresAt.Add(3*time.Minute)))
		require.NoError(b, b.MarkExtended(ctx, second.Name, second.ExpiresAt.Add(2*time.Minute)))
		require.Equal(b, []string{third.Name, second.Name, first.Name}, b.due(target, at.Add(2*time.Hour)))
	},
	"a request ends with the last of its grants": func(b fixture) {
		g := b.opened("due/one")
		other := g
		other.Name = access.GrantName(g.RequestID, 1)
		require.NoError(b, b.IntendGrant(ctx, other, at))
		_, _, err := b.BeginExpiry(ctx, g.Name, g.ExpiresAt, g.ExpiresAt.Add(time.Second))
		require.NoError(b, err)
		ended := access.Ended(g.RequestID, access.OutcomeExpired, g.ExpiresAt)
		require.NoError(b, b.MarkClosed(ctx, g.Name, g.ExpiresAt, ended))
		require.Equal(b, access.StateEnding, b.reload(g.RequestID).State)
		require.NoError(b, b.MarkClosed(ctx, other.Name, g.ExpiresAt, ended))
		require.Equal(b, access.StateEnded, b.reload(g.RequestID).State)
		require.NoError(b, b.MarkClosed(ctx, other.Name, g.ExpiresAt, ended), "a retry")
		var ends int
		for _, e := range b.timeline(g.RequestID) {
			if e.Kind == access.EventAccessEnded {
				ends++
			}
		}
		require.Equal(b, 1, ends)
	},
	"a receipt is stored with what it is of": func(b fixture) {
		g := b.opened("due/one")
		receipt := access.Transition{RequestID: g.RequestID, At: at, Statements: []access.Statement{{Key: "closed", Envelope: []byte(`{"a":1}`)}}}
		require.NoError(b, b.MarkClosed(ctx, g.Name, at, receipt))
		stored, err := b.Statements(ctx, g.RequestID)
		require.NoError(b, err)
		require.Contains(b, stored, []byte(`{"a":1}`))
	},
	"one grant that cannot be read keeps no other of its target open": func(b fixture) {
		damage := map[string]string{"a document": `entitlement = '{'`}
		if strings.HasSuffix(b.Name(), "sqlite/one_grant_that_cannot_be_read_keeps_no_other_of_its_target_open") {
			damage["an end"], damage["a time"] = `expires_at = 'x'`, `opened_at = 'x'`
		}
		for name, set := range damage {
			target := "due/" + access.NewRequestID()
			damaged, other := b.opened(target), b.opened(target)
			_, err := b.raw.Exec(`UPDATE grants SET ` + set + ` WHERE name = '` + damaged.Name + `'`)
			require.NoError(b, err)
			require.Contains(b, b.due(target, other.ExpiresAt), other.Name, name)
			rows, err := b.Grants(ctx, ledger.GrantFilter{Target: target, NotClosed: true})
			require.NoError(b, err)
			require.Len(b, rows, 2)
			for _, row := range rows {
				require.Equal(b, row.Name == damaged.Name, row.Damaged, name)
			}
			b.code(access.CodeEvidence, b.IntendGrant(ctx, damaged, at))
			b.code(access.CodeEvidence, b.MarkOpened(ctx, damaged.Name, at))
			b.code(access.CodeEvidence, b.MarkExtended(ctx, damaged.Name, damaged.ExpiresAt.Add(time.Minute)))
			require.NoError(b, b.MarkClosed(ctx, damaged.Name, at, access.Ended(damaged.RequestID, access.OutcomeExpired, at)))
		}
	},
	"what is being opened hides nothing that is due": func(b fixture) {
		target, now := "due/"+access.NewRequestID(), at.Add(time.Hour)
		s := b.submitted()
		for i := range 12 { // more than a closer of this test reads at once
			g := grant(s)
			g.Name, g.Target, g.ExpiresAt = access.GrantName(g.RequestID, i), target, now.Add(-time.Second)
			require.NoError(b, b.IntendGrant(ctx, g, at))
		}
		open := b.opened(target)
		require.Equal(b, []string{open.Name}, b.due(target, now.Add(time.Minute/4)))
		require.Len(b, b.due(target, now.Add(ledger.OpeningMayLast)), 10, "a call that opens is over by then")
	},
	"Case148 what was opened last is due first, and holds up nothing for long": func(b fixture) {
		target := "due/" + access.NewRequestID()
		first := b.opened(target)
		second := first
		second.Name, second.Target = access.GrantName(first.RequestID, 1), target+"/other"
		require.NoError(b, b.IntendGrant(ctx, second, at))
		end := first.ExpiresAt
		require.Equal(b, []string{first.Name}, b.due(target, end), "the second was never open")
		require.NoError(b, b.MarkOpened(ctx, second.Name, at))
		require.Empty(b, b.due(target, end), "the second goes first")
		require.Equal(b, []string{second.Name}, b.due(second.Target, end))
		require.Empty(b, b.due(target, end.Add(ledger.KeepsOrder-time.Microsecond)))
		require.Equal(b, []string{first.Name}, b.due(target, end.Add(ledger.KeepsOrder)), "the second cannot be closed")

		require.NoError(b, b.MarkExtended(ctx, second.Name, end.Add(time.Hour)))
		require.Equal(b, []string{first.Name}, b.due(target, end), "an extension reached the second only")

		third := b.opened(target)
		fourth := third
		fourth.Name, fourth.Target = access.GrantName(third.RequestID, 1), target+"/other"
		require.NoError(b, b.IntendGrant(ctx, fourth, at))
		require.NoError(b, b.MarkOpened(ctx, fourth.Name, at))
		require.NoError(b, b.MarkClosed(ctx, fourth.Name, end))
		require.Contains(b, b.due(target, end), third.Name, "what was opened after it is closed")
	},
	"due grants of what nobody knows": func(b fixture) {
		_, _, err := b.BeginExpiry(ctx, "ramp-none-a", at, at.Add(time.Second))
		b.code(access.CodeNotFound, err)
		require.Empty(b, b.due("due/none", at))
	},
}
