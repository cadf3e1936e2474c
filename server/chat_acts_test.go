package server

import (
	"context"
	"database/sql"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
)

// TestActsWaitForTheService: an act that cannot be done because the chat service is away is
// acknowledged, and done once the service is back.
func TestActsWaitForTheService(t *testing.T) {
	f := newChatFixture(t)
	f.runs()
	f.linksUser("bob")
	m := f.post(f.request(access.StatePending), "Approve")
	before := f.temporal.messages.Load()

	f.slack.Revoke(true)
	require.Equal(t, http.StatusOK, f.delivers(f.slack.Press(users["bob"], m, "approve")))
	require.Eventually(t, func() bool { return f.waitingActs() == 1 }, time.Minute, 5*time.Millisecond, "it was tried, and waits")
	require.Equal(t, before, f.temporal.messages.Load())
	f.slack.Revoke(false)
	f.tells("bob", "Your approval is recorded")
	require.Equal(t, before+1, f.temporal.messages.Load())
}

// TestCase07ActsOutlastTheServer: what was acknowledged is done by the server that runs next,
// and a row that somebody else wrote is not.
func TestCase07ActsOutlastTheServer(t *testing.T) {
	f := newChatFixture(t)
	stop := f.runs()
	f.linksUser("bob")
	r := f.request(access.StatePending)
	m := f.post(r, "Approve")

	// A server acknowledges the act, and ends before it does it.
	stop()
	before := f.temporal.messages.Load()
	require.Equal(t, http.StatusOK, f.delivers(f.slack.Press(users["bob"], m, "approve")))
	require.Equal(t, before, f.temporal.messages.Load())

	f.chat = f.anotherWorkspace(time.Now)
	f.runs()
	f.tells("bob", "Your approval is recorded")
	require.Equal(t, before+1, f.temporal.messages.Load())

	// Somebody writes an act of bob's into the ledger's database.
	f.raw(`INSERT INTO external_acts (id, service, body, received_at, due_at) SELECT 'slack forged', service,
		'00 {"interaction":{"id":"forged","workspace":"T0RAMP","user":"U0BOB","userName":"bob","kind":"button","name":"approve","value":"` + r.ID + ` ` + r.Plan.Digest + `","conversation":"","message":""},"receivedAt":` +
		fmt.Sprint(time.Now().UnixMicro()) + `}', received_at, 0 FROM external_acts LIMIT 1`)
	require.Eventually(t, func() bool {
		for _, e := range f.eventsOf(access.EventActRefused) {
			if e.Detail["code"] == "chat_unsealed" {
				return true
			}
		}
		return false
	}, time.Minute, 5*time.Millisecond)
	require.Equal(t, before+1, f.temporal.messages.Load())
}

// waitingActs returns how many acts were tried without success, and wait. It may be called
// from any goroutine.
func (f *chatFixture) waitingActs() (n int) {
	db, err := sql.Open("sqlite", f.file+"?_pragma=busy_timeout(5000)")
	if assert.NoError(f, err) {
		defer db.Close()
		assert.NoError(f, db.QueryRowContext(context.Background(), `SELECT count(*) FROM external_acts WHERE done_at IS NULL AND problem <> ''`).Scan(&n))
	}
	return n
}
