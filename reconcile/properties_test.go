package reconcile

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/ledger"
)

var statuses = []ledger.GrantStatus{ledger.GrantIntended, ledger.GrantOpen, ledger.GrantClosed}

// drawSnapshot draws any snapshot that could be taken, likely or not.
func drawSnapshot(t *rapid.T) Snapshot {
	v := Snapshot{Target: "ssh/demo", Bounds: integrations.Bounds{
		Consistency: drawTime(t, "consistency", 0, 60).Sub(noon), Ending: drawTime(t, "bound", 1, 120).Sub(noon)}}
	v.ListedAt = drawTime(t, "listed", -600, 7200)
	v.Now = v.ListedAt.Add(drawTime(t, "reading took", 0, 30).Sub(noon))
	v.RevokeLive = rapid.Bool().Draw(t, "revoke live")
	v.Runs = map[string]RunStatus{}
	for i := range rapid.IntRange(0, 6).Draw(t, "grants") {
		request := fmt.Sprintf("%016d", i)
		name := access.GrantName(request, 0)
		if rapid.Bool().Draw(t, "asked") {
			v.Runs[request] = rapid.SampledFrom([]RunStatus{RunUnknown, RunRunning, RunClosed, RunMissing}).Draw(t, "run")
		}
		if rapid.Bool().Draw(t, "row") {
			r := ledger.GrantRecord{Grant: access.Grant{Name: name, RequestID: request, ExpiresAt: drawTime(t, "expires", -600, 7200),
				Target: rapid.SampledFrom([]string{"ssh/demo", "ssh/demo", "ssh/other"}).Draw(t, "target")},
				Status: rapid.SampledFrom(statuses).Draw(t, "status"), IntendedAt: drawTime(t, "intended", -600, 7200)}
			if r.Status != ledger.GrantIntended {
				r.OpenedAt = ptr(drawTime(t, "opened", -600, 7200))
			}
			if r.Status == ledger.GrantClosed {
				r.ClosedAt = ptr(drawTime(t, "closed", -600, 7200))
			}
			v.Rows = append(v.Rows, r)
		}
		for range rapid.IntRange(0, 2).Draw(t, "found") {
			v.Found = append(v.Found, integrations.ListedGrant{Name: name, ExpiresAt: drawTime(t, "marked", -600, 7200)})
		}
	}
	return v
}

func drawTime(t *rapid.T, label string, from, to int) time.Time {
	return noon.Add(time.Duration(rapid.IntRange(from, to).Draw(t, label)) * time.Second)
}

// TestDiffKeepsItsPromises states what the third line promises without the
// branches of Diff.
func TestDiffKeepsItsPromises(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := drawSnapshot(t)
		findings := map[string]Finding{}
		for _, f := range Diff(v) {
			_, twice := findings[f.Grant]
			require.False(t, twice, "one finding a grant")
			findings[f.Grant] = f
		}
		rows := map[string]ledger.GrantRecord{}
		for _, r := range v.Rows {
			rows[r.Name] = r
			f, wrong := findings[r.Name]
			ends := wrong && f.Remedy == CloseGrant
			if r.Target != v.Target && r.Status != ledger.GrantClosed {
				require.False(t, wrong, "another target's")
				continue
			}
			if r.Status == ledger.GrantClosed {
				require.True(t, !wrong || f.Kind == Returned)
				continue
			}
			run, late := v.Runs[r.RequestID], v.Now.After(r.ExpiresAt.Add(v.Bounds.Ending))
			if run == RunClosed || run == RunMissing || late || v.RevokeLive {
				require.True(t, ends, "access that should have ended is ended")
				continue
			}
			require.False(t, ends, "what is healthy, or may be, is never ended (case 36)")
		}
		for _, thing := range v.Found {
			if _, explained := rows[thing.Name]; !explained {
				require.Equal(t, Orphan, findings[thing.Name].Kind, "what nothing explains is ended")
			}
		}
		for _, r := range HealthyGrants(v, Diff(v)) {
			_, wrong := findings[r.Name]
			require.False(t, wrong)
			require.NotEqual(t, ledger.GrantClosed, r.Status)
			require.True(t, r.Status == ledger.GrantOpen || v.Now.After(r.IntendedAt.Add(ledger.OpeningMayLast)) || r.IntendedAt.After(v.Now.Add(access.ClockSkew)), "what is being made is left alone (case 36)")
		}
		// The order of what a target or the ledger returns changes nothing.
		slices.Reverse(v.Found)
		slices.Reverse(v.Rows)
		for _, f := range Diff(v) {
			require.Equal(t, findings[f.Grant], f)
		}
	})
}

// TestDiffSettles: after the remedies, the same snapshot has nothing to close.
func TestDiffSettles(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := drawSnapshot(t)
		for _, f := range Diff(v) {
			if f.Remedy != CloseGrant {
				continue
			}
			v.Found = slices.DeleteFunc(v.Found, func(x integrations.ListedGrant) bool { return x.Name == f.Grant })
			for i := range v.Rows {
				if v.Rows[i].Name == f.Grant && v.Rows[i].Status != ledger.GrantClosed {
					v.Rows[i].Status, v.Rows[i].ClosedAt = ledger.GrantClosed, ptr(v.Now)
				}
			}
		}
		for _, f := range Diff(v) {
			require.NotEqual(t, CloseGrant, f.Remedy, "%+v", f)
		}
	})
}
