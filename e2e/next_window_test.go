package e2e

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestNextWindow: who asks for the next window gets a plan that says when access starts;
// people approve that plan, and until it starts nothing is open.
func TestNextWindow(t *testing.T) {
	t.Parallel()
	in := install(t)
	in.start(nil, "dev").ready()
	alice, bob := in.as("alice"), in.as("bob")
	day := time.Now().UTC().Add(48 * time.Hour)
	opens := time.Date(day.Year(), day.Month(), day.Day(), 8, 0, 0, 0, time.UTC)
	in.contract(alice, "in-windows", `apiVersion: ramp/v1
kind: Contract
metadata: {name: in-windows}
request: {who: '"engineering" in person.groups'}
duration: {default: 30m, max: 1h}
grants: [{target: ssh/demo, entitlement: {user: demo}}]
approval: {pendingFor: 12h, stages: [{name: leads, from: [approvers]}]}
during: {zone: UTC, windows: [{days: [`+strings.ToLower(opens.Weekday().String()[:3])+`], from: '08:00', to: '09:00'}]}
`)
	const reason = "the nightly job needs a look"
	out, err := alice.ramp("request", "in-windows", "--reason", reason)
	require.Error(t, err, out)
	require.Contains(t, out, "the next window opens at")
	out, err = alice.ramp("request", "in-windows", "--reason", reason, "--in-next-window")
	require.NoError(t, err, out)
	require.Contains(t, out, "It is planned into the next window")

	var list struct{ Items []request }
	require.Equal(t, http.StatusOK, alice.call("GET", "/api/v1/requests?mine=true", nil, &list))
	require.Len(t, list.Items, 1)
	bob.approves(list.Items[0])
	r := alice.awaits(list.Items[0].ID, "scheduled", time.Minute)
	var planned struct{ Plan struct{ StartAt time.Time } }
	require.Equal(t, http.StatusOK, alice.call("GET", "/api/v1/requests/"+r.ID, nil, &planned))
	require.Equal(t, opens, planned.Plan.StartAt.UTC())
	require.Empty(t, in.admitted(), "nothing is open before its window")
}
