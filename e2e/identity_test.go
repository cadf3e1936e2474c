package e2e

import (
	"database/sql"
	"path/filepath"

	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite" // driver "sqlite"
)

// writesToLedger is what somebody with all rights on the ledger's database does.
func (in *installation) writesToLedger(query string, args ...any) {
	in.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(in.dir, "ledger.db")+"?_pragma=busy_timeout(10000)")
	require.NoError(in, err)
	defer db.Close()
	res, err := db.Exec(query, args...)
	require.NoError(in, err)
	n, err := res.RowsAffected()
	require.NoError(in, err)
	require.NotZero(in, n, query)
}

// writtenSessions: a contractor who writes to the ledger's database gives their own
// browser an approver's session, and their own session a later end.
func writtenSessions(in *installation, b *browser) {
	const provider = `button[value="dave"]` // the identity provider asks who it is
	b.as(in, "bob")
	dave := b.as(in, "dave")
	dave.opens("/you")
	require.Contains(in, dave.reads("h1"), "Dave")
	in.writesToLedger(`UPDATE sessions SET person_id = 'bob', person_key = 'bob',
		data = (SELECT b.data FROM sessions b WHERE b.person_id = 'bob' ORDER BY b.created_at DESC LIMIT 1) WHERE person_id = 'dave'`)
	dave.opens("/you")
	dave.sees(provider)

	again := b.as(in, "dave")
	in.writesToLedger(`UPDATE sessions SET expires_at = expires_at + 1000000 WHERE person_id = 'dave'`)
	again.opens("/you")
	again.sees(provider)
}

// linkedAccounts: an operator links and unlinks accounts in the page.
func linkedAccounts(in *installation, b *browser) {
	oscar := b.as(in, "oscar")
	oscar.opens("/you")
	oscar.clicks(`a[href="/accounts"]`)
	oscar.types("#account", "partner:erin")
	oscar.types("#human", "oscar")
	oscar.clicks("#link")
	require.Contains(in, oscar.reads("#refused"), "nobody links")
	require.Equal(in, "partner:erin", oscar.value("#account"), "what was typed is kept")
	oscar.opens("/accounts")
	oscar.types("#account", "partner:erin")
	oscar.types("#human", "erin")
	oscar.clicks("#link")
	oscar.sees("#links")
	require.Contains(in, oscar.reads("#links"), "partner:erin is erin")
	in.writesToLedger(`UPDATE linked_accounts SET human_id = 'dave' WHERE account = 'partner:erin'`)
	in.writesToLedger(`UPDATE linked_accounts SET record = ' ' || record || ' ' WHERE account = 'partner:erin'`)
	oscar.opens("/accounts")
	require.Contains(in, oscar.reads("#links"), "is erin", "what was signed is shown, not the column")
	oscar.clicks(`#links button`)
	oscar.sees(".empty")
	dave := b.as(in, "dave")
	dave.opens("/accounts")
	require.NotContains(in, dave.reads("main"), "partner:erin")
}
