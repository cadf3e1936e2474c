package server

import (
	"database/sql"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/chat/slack/slacktest"
	"ramp.dev/ramp/ledger"
)

// TestCase103CodeIsNotInTheLedger: somebody who reads the ledger's database while an act
// waits there learns no code that their own user could type first.
func TestCase103CodeIsNotInTheLedger(t *testing.T) {
	f := newChatFixture(t)
	code := f.code("bob")
	for _, typed := range []string{code, strings.ToLower(code), " " + strings.ReplaceAll(code, "-", "")} {
		require.Equal(t, http.StatusOK, f.delivers(f.slack.Command(users["bob"], "link "+typed)))
	}
	db, err := sql.Open("sqlite", f.file+"?_pragma=busy_timeout(5000)")
	require.NoError(t, err)
	defer db.Close()
	var n int
	for _, part := range strings.Split(code, "-") {
		require.NoError(t, db.QueryRow(`SELECT count(*) FROM external_acts WHERE upper(body) LIKE ?`, "%LINK%"+part+"%").Scan(&n))
		require.Zero(t, n, "a row has the code")
	}
	f.runs() // and the code links all the same
	f.tells("bob", "You are ")
}

// TestCase103UsedCodePutBack: a used code links nobody again, though its row and the
// victim's link are as somebody with SQL wants them.
func TestCase103UsedCodePutBack(t *testing.T) {
	f := newChatFixture(t)
	f.runs()
	code := f.code("bob")
	f.raw(`CREATE TABLE codes AS SELECT * FROM link_codes`)
	require.Equal(t, http.StatusOK, f.delivers(f.slack.Command(users["bob"], "link "+code)))
	f.tells("bob", "You are ")
	require.Len(t, f.eventsOf(access.EventLinkCodeUsed), 1)
	f.raw(`INSERT INTO link_codes SELECT * FROM codes`)
	f.raw(`DELETE FROM external_links`)
	require.Equal(t, http.StatusOK, f.delivers(f.slack.Command(users["dave"], "link "+code)))
	f.tells("dave", "no such code")
	_, err := f.ledger.ExternalLink(t.Context(), ledger.ExternalUser{Service: "slack", Workspace: slacktest.Workspace, User: users["dave"]})
	require.Equal(t, access.CodeNotFound, access.CodeOf(err))
}
