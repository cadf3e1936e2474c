package server

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
)

// contract puts other contracts in force.
func (f *fixture) contract(text string) {
	f.Helper()
	version := f.contracts.Current().Version
	require.NoError(f, os.WriteFile(filepath.Join(f.dir, "contracts", "ssh.yaml"), []byte(text), 0o600))
	require.Eventually(f, func() bool {
		return f.contracts.LoadError() != nil || f.contracts.Current().Version != version
	}, time.Minute, 10*time.Millisecond)
	require.NoError(f, f.contracts.LoadError())
}

// TestExtendingAsksTheContractAgain: a request keeps the contract it was made
// under, but more time is only for those who would be let in today.
func TestExtendingAsksTheContractAgain(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	go f.contracts.Run(t.Context())
	b, err := os.ReadFile(example)
	require.NoError(t, err)
	const who = `'"engineering" in person.groups'`
	in := func(changed string) string { return strings.Replace(string(b), who, changed, 1) }
	require.NotEqual(t, string(b), in(""))
	r := f.request(access.StateActive)
	extend := func() (int, string) {
		w := f.call(f.token("alice"), "POST", "/api/v1/requests/"+r.ID+"/extend", jsonType, `{"for": "5m"}`)
		return w.Code, w.Body.String()
	}
	for _, c := range []struct{ name, contracts, code string }{
		{"for others now", in(`'"sre" in person.groups'`), "no_longer_eligible"},
		{"not to be evaluated", in(`'person.badge == "blue"'`), "who_unevaluated"},
		{"by what the request does not say", in("'params.table == \"orders\"'\n  params: {table: {type: string, enum: [orders], required: true}}"), "who_unevaluated"},
		{"gone", strings.ReplaceAll(string(b), "name: ssh-demo\n", "name: ssh-other\n"), "contract_gone"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f.contract(c.contracts)
			before := f.temporal.messages.Load()
			status, body := extend()
			require.Equal(t, http.StatusForbidden, status, body)
			require.Contains(t, body, `"`+c.code+`"`)
			require.Equal(t, before, f.temporal.messages.Load(), "the workflow was asked all the same")
			now, err := f.ledger.Request(t.Context(), r.ID)
			require.NoError(t, err)
			require.Equal(t, access.StateActive, now.State)
			require.Equal(t, r.ExpiresAt, now.ExpiresAt, "the old end stands")
		})
	}
	t.Run("OK", func(t *testing.T) {
		f.contract(in(`'"engineering" in person.groups && person.id == "alice"'`))
		status, body := extend()
		require.Equal(t, http.StatusOK, status, body)
	})
}
