package reconcile

import (
	"slices"
	"strings"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/ledger"
)

// Diff says what is wrong in a view, and what to do about it. Of a grant whose
// workflow runs, or of whose workflow nothing is known, and that is not past its
// end and the target's bound, it finds nothing that would end it.
func Diff(v Snapshot) []Finding {
	found := map[string]integrations.ListedGrant{}
	for _, f := range v.Found {
		if at, ok := found[f.Name]; !ok || f.ExpiresAt.After(at.ExpiresAt) {
			found[f.Name] = f
		}
	}
	var out []Finding
	explained := map[string]bool{}
	for _, row := range v.Rows {
		explained[row.Name] = true
		thing, there := found[row.Name]
		if f, wrong := v.diffRow(row, thing, there); wrong {
			out = append(out, f)
		}
	}
	for name, thing := range found {
		id, ramps := access.RequestIDFromGrantName(name)
		if explained[name] || !ramps {
			continue
		}
		out = append(out, Finding{Kind: Orphan, Remedy: CloseGrant, Target: v.Target, Grant: name, RequestID: id,
			ExpiresAt: timeOrNil(thing.ExpiresAt), Why: "It has Ramp's mark, and the ledger knows nothing of it."})
	}
	slices.SortFunc(out, compareExpiry)
	return out
}

func (v Snapshot) diffRow(row ledger.GrantRecord, thing integrations.ListedGrant, there bool) (Finding, bool) {
	f := Finding{Remedy: CloseGrant, Target: v.Target, Grant: row.Name, RequestID: row.RequestID, ExpiresAt: timeOrNil(row.ExpiresAt)}
	as := func(kind Kind, why string) (Finding, bool) { f.Kind, f.Why = kind, why; return f, true }
	if row.Status == ledger.GrantClosed {
		// Listed before it was closed, or too soon after to be the truth.
		if !there || row.ClosedAt == nil || !v.ListedAt.After(row.ClosedAt.Add(v.Bounds.Consistency)) {
			return f, false
		}
		return as(Returned, "It was closed, and is there again.")
	}
	// Two targets may be one place under two names. What one of them explains is
	// no orphan of the other, and is the other's own to end.
	if row.Target != v.Target {
		return f, false
	}
	f.late = v.Now.After(row.ExpiresAt.Add(v.Bounds.Ending))
	switch run := v.Runs[row.RequestID]; {
	case run == RunClosed || run == RunMissing:
		return as(Lost, lost(run))
	case f.late:
		return as(Overdue, "It is not closed, "+since(v.Now, row.ExpiresAt)+" after its end.")
	case v.RevokeLive:
		return as(Live, "Everything is to end.")
	}
	if row.Status != ledger.GrantOpen || row.OpenedAt == nil || !v.ListedAt.After(row.OpenedAt.Add(v.Bounds.Consistency)) ||
		!v.Now.Before(row.ExpiresAt) {
		return f, false // being opened, just opened, or being closed by its workflow
	}
	if !there {
		f.Remedy = RecordOnly
		return as(Vanished, "Somebody took it away on the target.")
	}
	if thing.ExpiresAt.After(row.ExpiresAt) {
		f.Remedy, f.Differences = Restore, []string{"it ends at " + access.FormatTime(thing.ExpiresAt) + " instead of " + access.FormatTime(row.ExpiresAt)}
		return as(Changed, "Somebody changed it on the target.")
	}
	return f, false
}

// HealthyGrants are the rows of a view that should be open as they are: what is worth
// comparing in detail.
func HealthyGrants(v Snapshot, findings []Finding) []ledger.GrantRecord {
	wrong := map[string]bool{}
	for _, f := range findings {
		wrong[f.Grant] = true
	}
	there := map[string]bool{}
	for _, f := range v.Found {
		there[f.Name] = true
	}
	var out []ledger.GrantRecord
	for _, row := range v.Rows {
		if row.Target == v.Target && row.Status == ledger.GrantOpen && there[row.Name] && !wrong[row.Name] && v.Now.Before(row.ExpiresAt) {
			out = append(out, row)
		}
	}
	return out
}

// needDescribe are the requests whose workflows do not seem to run: worth a
// question each. What seems to run is asked about by nobody; were it untrue,
// the next look would tell.
func needDescribe(rows []ledger.GrantRecord, target string, seem map[string]bool) []string {
	ids := map[string]bool{}
	for _, row := range rows {
		if row.Status != ledger.GrantClosed && row.Target == target && !seem[row.RequestID] {
			ids[row.RequestID] = true
		}
	}
	return sorted(ids)
}

func lost(run RunStatus) string {
	if run == RunMissing {
		return "Its workflow does not exist any more."
	}
	return "Its workflow is over, and did not close it."
}

// StuckRequests says which requests nothing will ever decide or end: their workflow
// is not there, and nothing of theirs is open. With no Temporal (runs is nil)
// only those whose access is over are known to be such.
func StuckRequests(now time.Time, bound time.Duration, all []ledger.Unfinished, runs map[string]RunStatus) []Finding {
	var out []Finding
	for _, u := range all {
		run := runs[u.ID]
		switch {
		case u.NotClosed > 0:
			continue // its grants come first
		case !u.Started && u.State == access.StatePending:
			continue // the server has yet to start it
		case run == RunClosed || run == RunMissing:
		case runs == nil && u.Grants > 0 && u.State.MayHaveAccess() && u.ExpiresAt != nil && now.After(u.ExpiresAt.Add(bound)):
		default:
			continue
		}
		f := Finding{Kind: Stuck, Remedy: Conclude, RequestID: u.ID, State: u.State, ExpiresAt: u.ExpiresAt}
		switch {
		case run == RunMissing:
			f.Why = "Its workflow does not exist any more, and nothing of it is open."
		case run == RunClosed:
			f.Why = "Its workflow is over, and nothing of it is open."
		default:
			f.Why = "Its access is over, and nothing of it is open."
		}
		out = append(out, f)
	}
	return out
}

// compareExpiry puts first what should have ended first.
func compareExpiry(a, b Finding) int {
	at := func(f Finding) time.Time {
		if f.ExpiresAt == nil {
			return time.Time{}
		}
		return *f.ExpiresAt
	}
	if c := at(a).Compare(at(b)); c != 0 {
		return c
	}
	return strings.Compare(a.Grant, b.Grant)
}

func timeOrNil(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func since(now, then time.Time) string { return now.Sub(then).Round(time.Second).String() }

func sorted(ids map[string]bool) []string {
	out := make([]string, 0, len(ids))
	for id := range ids {
		out = append(out, id)
	}
	slices.Sort(out)
	return out
}
