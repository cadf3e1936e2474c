package people

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
)

// TestShowSaysWhichHostsAreMissing: of a request with one grant too, and no longer once a slow
// host has joined; at the end, which have not ended it. Nothing of it controls the terminal.
func TestShowSaysWhichHostsAreMissing(t *testing.T) {
	at := time.Date(2026, 11, 27, 2, 14, 0, 0, time.UTC)
	event := func(kind access.EventKind, done, message string) access.Event {
		return access.Event{Kind: kind, At: at, Message: message, Detail: map[string]string{"grant": "a", "target": "ssh/web", access.DetailDone: done}}
	}
	states := func(state access.State, timeline ...access.Event) (rows []string) {
		r := access.Request{State: state, Plan: access.Plan{Grants: []access.PlannedGrant{{Name: "a", Target: "ssh/web"}}},
			Timeline: append([]access.Event{event(access.EventGrantIntended, "", ""), event(access.EventGrantOpened, "", "")}, timeline...)}
		r.Grants = r.GrantStates()
		for _, row := range allowed(r) {
			if strings.TrimSpace(row[0]) == "State" {
				rows = append(rows, row[1])
			}
		}
		var b strings.Builder
		requestDetail(r)(&b)
		require.NotContains(t, b.String(), "\x1b")
		return rows
	}
	missing := event(access.EventGrantPartly, access.PartlyOpened, "It is not on db1\x1b[2J, web2.")
	require.Len(t, states(access.StateActive, missing), 1)
	require.Contains(t, states(access.StateActive, missing)[0], ": It is not on db1·[2J, web2.")
	require.Empty(t, states(access.StateActive, missing, event(access.EventGrantJoined, "", "It is on db1, web2 by now.")))
	require.Equal(t, []string{"closing: 2 of 3 hosts have ended it; db1: no route to host"},
		states(access.StateEnding, missing, event(access.EventGrantPartly, access.PartlyEnded, "2 of 3 hosts have ended it; db1: no route to host")))
}

// TestTargetsSayWhichHostsDoNotRespond: `ramp targets` has the reason of one that works in part.
func TestTargetsSayWhichHostsDoNotRespond(t *testing.T) {
	var b strings.Builder
	targetsTable([]access.TargetState{{Target: "ssh/web", Condition: access.TargetPartly, Reason: "2 of 3 hosts respond; db1: no route\x1b[2J"}, {Target: "ssh/orders", Condition: access.TargetOn}})(&b)
	require.Contains(t, strings.Join(strings.Fields(b.String()), " "), "ssh/web partly 2 of 3 hosts respond; db1: no route·[2J ssh/orders on")
}
