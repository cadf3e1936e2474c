package reconcile

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/ledger"
)

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

const (
	id    = "0123456789abcdef"
	grant = "ramp-" + id + "-a"
)

var bounds = integrations.Bounds{Consistency: 10 * time.Second, Ending: time.Minute}

// observation is what one look sees of one grant: its row, what the target lists,
// and the status of its workflow.
type observation struct {
	row    *ledger.GrantRecord
	found  *integrations.ListedGrant
	run    RunStatus
	listed time.Duration // from noon; the ledger is read a second later
	revoke bool          // RevokeLive
}

func (s observation) snapshot() Snapshot {
	v := Snapshot{Target: "ssh/demo", Bounds: bounds, ListedAt: noon.Add(s.listed), Now: noon.Add(s.listed + time.Second), RevokeLive: s.revoke,
		Runs: map[string]RunStatus{id: s.run}}
	if s.row != nil {
		v.Rows = []ledger.GrantRecord{*s.row}
	}
	if s.found != nil {
		v.Found = []integrations.ListedGrant{*s.found}
	}
	return v
}

// row returns a row of a grant that was opened at noon for an hour.
func row(status ledger.GrantStatus, changes ...func(*ledger.GrantRecord)) *ledger.GrantRecord {
	r := &ledger.GrantRecord{Grant: access.Grant{Name: grant, RequestID: id, Target: "ssh/demo", Principal: "alice",
		ExpiresAt: noon.Add(time.Hour)}, Status: status, IntendedAt: noon}
	if status != ledger.GrantIntended {
		r.OpenedAt = ptr(noon)
	}
	if status == ledger.GrantClosed {
		r.ClosedAt = ptr(noon.Add(time.Minute))
	}
	for _, change := range changes {
		change(r)
	}
	return r
}

func ptr[T any](v T) *T { return &v }

func listedGrant() *integrations.ListedGrant {
	return &integrations.ListedGrant{Name: grant, ExpiresAt: noon.Add(time.Hour)}
}

func TestDiff(t *testing.T) {
	elsewhere := func(r *ledger.GrantRecord) { r.Target = "ssh/other" }
	hour, bound := time.Hour, bounds.Ending
	for name, c := range map[string]struct {
		observation
		kind   Kind // empty: nothing is found
		remedy Remedy
	}{
		"healthy":                             {observation{row: row(ledger.GrantOpen), found: listedGrant(), run: RunRunning, listed: time.Minute}, "", ""},
		"healthy, and nothing is known":       {observation{row: row(ledger.GrantOpen), found: listedGrant(), listed: time.Minute}, "", ""},
		"Case36 being made":                   {observation{row: row(ledger.GrantIntended), run: RunRunning}, "", ""},
		"Case36 just made":                    {observation{row: row(ledger.GrantIntended), found: listedGrant(), run: RunRunning}, "", ""},
		"Case36 with no Temporal":             {observation{row: row(ledger.GrantIntended), found: listedGrant()}, "", ""},
		"ending, within the bound":            {observation{row: row(ledger.GrantOpen), found: listedGrant(), run: RunRunning, listed: hour + bound/2}, "", ""},
		"at the bound":                        {observation{row: row(ledger.GrantOpen), found: listedGrant(), run: RunRunning, listed: hour + bound - time.Second}, "", ""},
		"past the bound":                      {observation{row: row(ledger.GrantOpen), found: listedGrant(), run: RunRunning, listed: hour + bound}, Overdue, CloseGrant},
		"past the bound, never opened":        {observation{row: row(ledger.GrantIntended), run: RunRunning, listed: hour + bound}, Overdue, CloseGrant},
		"Case25 past the bound, no Temporal":  {observation{row: row(ledger.GrantOpen), found: listedGrant(), listed: 24 * hour}, Overdue, CloseGrant},
		"past the bound, gone, not closed":    {observation{row: row(ledger.GrantOpen), listed: hour + bound}, Overdue, CloseGrant},
		"Case38 terminated":                   {observation{row: row(ledger.GrantOpen), found: listedGrant(), run: RunClosed, listed: time.Minute}, Lost, CloseGrant},
		"Case38 lost by retention":            {observation{row: row(ledger.GrantOpen), found: listedGrant(), run: RunMissing, listed: time.Minute}, Lost, CloseGrant},
		"Case38 lost before it was opened":    {observation{row: row(ledger.GrantIntended), run: RunMissing}, Lost, CloseGrant},
		"Case38 lost, and taken away":         {observation{row: row(ledger.GrantOpen), run: RunClosed, listed: time.Minute}, Lost, CloseGrant},
		"orphan":                              {observation{found: listedGrant()}, Orphan, CloseGrant},
		"orphan, with an end long ago":        {observation{found: &integrations.ListedGrant{Name: grant}}, Orphan, CloseGrant},
		"not Ramp's":                          {observation{found: &integrations.ListedGrant{Name: "ramp-build"}}, "", ""},
		"another target's":                    {observation{row: row(ledger.GrantOpen, elsewhere), found: listedGrant(), run: RunClosed, listed: hour}, "", ""},
		"closed":                              {observation{row: row(ledger.GrantClosed), listed: 2 * time.Minute}, "", ""},
		"listed before it was closed":         {observation{row: row(ledger.GrantClosed), found: listedGrant(), listed: time.Minute}, "", ""},
		"closed, and the target is behind":    {observation{row: row(ledger.GrantClosed), found: listedGrant(), listed: time.Minute + bounds.Consistency}, "", ""},
		"closed, and there again":             {observation{row: row(ledger.GrantClosed), found: listedGrant(), listed: time.Minute + bounds.Consistency + 1}, Returned, CloseGrant},
		"Case33 taken away":                   {observation{row: row(ledger.GrantOpen), run: RunRunning, listed: time.Minute}, Vanished, RecordOnly},
		"Case33 not visible yet":              {observation{row: row(ledger.GrantOpen), run: RunRunning, listed: bounds.Consistency}, "", ""},
		"Case33 listed before it was opened":  {observation{row: row(ledger.GrantOpen), run: RunRunning, listed: -time.Second}, "", ""},
		"gone as it should, being closed":     {observation{row: row(ledger.GrantOpen), run: RunRunning, listed: hour}, "", ""},
		"its end was moved by hand":           {observation{row: row(ledger.GrantOpen), found: &integrations.ListedGrant{Name: grant, ExpiresAt: noon.Add(2 * hour)}, run: RunRunning, listed: time.Minute}, Changed, Restore},
		"an earlier end: extended just now":   {observation{row: row(ledger.GrantOpen), found: &integrations.ListedGrant{Name: grant, ExpiresAt: noon.Add(hour / 2)}, run: RunRunning, listed: time.Minute}, "", ""},
		"emergency":                           {observation{row: row(ledger.GrantOpen), found: listedGrant(), run: RunRunning, listed: time.Minute, revoke: true}, Live, CloseGrant},
		"emergency, closed":                   {observation{row: row(ledger.GrantClosed), listed: 2 * time.Minute, revoke: true}, "", ""},
		"emergency, another target's":         {observation{row: row(ledger.GrantOpen, elsewhere), found: listedGrant(), revoke: true}, "", ""},
		"emergency, something that is orphan": {observation{found: listedGrant(), revoke: true}, Orphan, CloseGrant},
	} {
		t.Run(name, func(t *testing.T) {
			got := Diff(c.snapshot())
			if c.kind == "" {
				require.Empty(t, got)
				return
			}
			require.Len(t, got, 1)
			require.Equal(t, c.kind, got[0].Kind)
			require.Equal(t, c.remedy, got[0].Remedy)
			require.Equal(t, []string{grant, id, "ssh/demo"}, []string{got[0].Grant, got[0].RequestID, got[0].Target})
			require.NotEmpty(t, got[0].Why)
			require.False(t, got[0].Done)
		})
	}
}

func TestStuckRequests(t *testing.T) {
	over, bound := ptr(noon.Add(-2*time.Minute)), time.Minute
	for name, c := range map[string]struct {
		u    ledger.Unfinished
		runs map[string]RunStatus
		want bool
	}{
		"pending, running":                   {ledger.Unfinished{State: access.StatePending, Started: true}, map[string]RunStatus{id: RunRunning}, false},
		"Case38 pending, gone":               {ledger.Unfinished{State: access.StatePending, Started: true}, map[string]RunStatus{id: RunMissing}, true},
		"Case38 pending, terminated":         {ledger.Unfinished{State: access.StatePending, Started: true}, map[string]RunStatus{id: RunClosed}, true},
		"pending, not started yet":           {ledger.Unfinished{State: access.StatePending}, map[string]RunStatus{id: RunMissing}, false},
		"approved, start not noted, gone":    {ledger.Unfinished{State: access.StateApproved}, map[string]RunStatus{id: RunMissing}, true},
		"no answer about it":                 {ledger.Unfinished{State: access.StatePending, Started: true}, map[string]RunStatus{id: RunUnknown}, false},
		"not asked about":                    {ledger.Unfinished{State: access.StatePending, Started: true}, map[string]RunStatus{}, false},
		"active, gone, something is open":    {ledger.Unfinished{State: access.StateActive, Started: true, Grants: 2, NotClosed: 1}, map[string]RunStatus{id: RunMissing}, false},
		"active, gone, all is closed":        {ledger.Unfinished{State: access.StateActive, Started: true, Grants: 2}, map[string]RunStatus{id: RunClosed}, true},
		"no Temporal, pending":               {ledger.Unfinished{State: access.StatePending, Started: true}, nil, false},
		"no Temporal, over and closed":       {ledger.Unfinished{State: access.StateActive, Grants: 1, ExpiresAt: over}, nil, true},
		"no Temporal, over and not closed":   {ledger.Unfinished{State: access.StateActive, Grants: 1, NotClosed: 1, ExpiresAt: over}, nil, false},
		"no Temporal, closed before its end": {ledger.Unfinished{State: access.StateActive, Grants: 1, ExpiresAt: ptr(noon.Add(bound))}, nil, false},
		"no Temporal, closed just now":       {ledger.Unfinished{State: access.StateEnding, Grants: 1, ExpiresAt: ptr(noon.Add(-bound))}, nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			c.u.ID = id
			got := StuckRequests(noon, bound, []ledger.Unfinished{c.u}, c.runs)
			require.Equal(t, c.want, len(got) == 1)
			for _, f := range got {
				require.Equal(t, Finding{Kind: Stuck, Remedy: Conclude, RequestID: id, State: c.u.State, ExpiresAt: c.u.ExpiresAt, Why: f.Why}, f)
				require.NotEmpty(t, f.Why)
			}
		})
	}
}
