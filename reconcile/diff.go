package reconcile

import (
	"slices"
	"strings"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/ledger"
)

// Diff returns what is wrong in a snapshot, and the remedy of each. It ends no
// grant whose workflow runs, or may run, before the grant is past its end and the
// target's bound.
func Diff(s Snapshot) []Finding {
	found := map[string]integrations.ListedGrant{}
	for _, f := range s.Found {
		if at, ok := found[f.Name]; !ok || f.ExpiresAt.After(at.ExpiresAt) {
			found[f.Name] = f
		}
	}
	var out []Finding
	inLedger := map[string]bool{}
	for _, row := range s.Rows {
		inLedger[row.Name] = true
		listed, isListed := found[row.Name]
		if f, wrong := s.diffRow(row, listed, isListed); wrong {
			out = append(out, f)
		}
	}
	for name, thing := range found {
		id, ramps := access.RequestIDFromGrantName(name)
		if inLedger[name] || !ramps {
			continue
		}
		out = append(out, Finding{Kind: Orphan, Remedy: CloseGrant, Target: s.Target, Grant: name, RequestID: id,
			ExpiresAt: timeOrNil(thing.ExpiresAt), Why: "Its name is one of Ramp's, and the ledger has no such grant."})
	}
	slices.SortFunc(out, compareExpiry)
	return out
}

// diffRow reports what is wrong with one row of the ledger, if anything is; listed
// is what the target lists under its name.
func (s Snapshot) diffRow(row ledger.GrantRecord, listed integrations.ListedGrant, isListed bool) (Finding, bool) {
	f := Finding{Remedy: CloseGrant, Target: s.Target, Grant: row.Name, RequestID: row.RequestID, ExpiresAt: timeOrNil(row.ExpiresAt)}
	is := func(kind Kind, why string) (Finding, bool) { f.Kind, f.Why = kind, why; return f, true }
	if row.Status == ledger.GrantClosed {
		if !isListed || s.justClosed(row) {
			return f, false
		}
		return is(Returned, "It was closed, and is there again.")
	}
	// Two targets may be one place under two names. What the ledger has under one
	// of them is no orphan of the other, which does not end it either.
	if row.Target != s.Target {
		return f, false
	}
	f.late = s.Now.After(row.ExpiresAt.Add(s.Bounds.Ending))
	order, ordered := s.Ends[row.RequestID]
	if ordered {
		f.ordered = order.Kind.Outcome()
	}
	switch run := s.Runs[row.RequestID]; {
	case s.Over[row.RequestID]:
		return is(Contradicted, "The ledger calls its request over, and it is not closed.")
	case run == RunClosed || run == RunMissing:
		return is(Lost, lost(run))
	case ordered && s.stopIsDue(order):
		f.late = true
		return is(Stopped, "It is not closed, though "+access.Clip(order.By, 60)+" ordered its end at "+access.FormatTime(order.At)+".")
	case f.late:
		return is(Overdue, "It is not closed, "+since(s.Now, row.ExpiresAt)+" after its end.")
	case row.Damaged:
		return is(Forged, "The ledger was changed: its row cannot be read.")
	case s.RevokeLive:
		return is(Live, "All access is to end.")
	}
	if row.Status != ledger.GrantOpen || row.OpenedAt == nil || !s.ListedAt.After(row.OpenedAt.Add(s.Bounds.Consistency)) ||
		!s.Now.Before(row.ExpiresAt) || ordered && endedBy(order, row) {
		return f, false // being opened, just opened, or being closed by its workflow
	}
	if !isListed {
		f.Remedy = RecordOnly
		return is(Vanished, "Somebody removed it on the target.")
	}
	if listed.ExpiresAt.After(row.ExpiresAt) {
		f.Remedy, f.Differences = Restore, []string{"it ends at " + access.FormatTime(listed.ExpiresAt) + " instead of " + access.FormatTime(row.ExpiresAt)}
		return is(Changed, "Somebody changed it on the target.")
	}
	return f, false
}

// justClosed reports whether a grant was listed before it was closed, or too soon after
// to be the truth. A row that does not say when, or that names a time that has not come,
// was written by somebody else than Ramp, and keeps nothing open (docs/threats.md, case
// 58).
func (s Snapshot) justClosed(row ledger.GrantRecord) bool {
	return row.ClosedAt != nil && !s.ListedAt.After(row.ClosedAt.Add(s.Bounds.Consistency)) && !row.ClosedAt.After(s.Now.Add(access.ClockSkew))
}

// stopIsDue reports whether an order to end should have had its effect: its workflow
// has the target's bound for it. One that claims to come from the future has none.
func (s Snapshot) stopIsDue(o access.EndOrder) bool {
	return s.Now.After(o.At.Add(s.Bounds.Ending)) || o.At.After(s.Now.Add(access.ClockSkew))
}

// endedBy reports whether an order to end brought the end of a grant forward. Its
// workflow is then closing it, and the target still has the end that was approved, or
// nothing any more: neither says that somebody else changed it. The time of the order
// alone does not show this, since the server that took it may be ahead of the clock
// of this look, by which the end is then yet to come. A row whose end is later than
// the order was not brought forward by it, and is compared as ever: an order that
// somebody wrote into the ledger hides nothing.
func endedBy(o access.EndOrder, row ledger.GrantRecord) bool {
	return !row.ExpiresAt.After(o.At)
}

// HealthyGrants returns the grants of a snapshot in which nothing was found wrong
// and that are open: those worth comparing in detail. One that is on the target and,
// by its row, still being opened after all the time that opening may last is among
// them: the row says so, and until when it lasts.
func HealthyGrants(s Snapshot, findings []Finding) []ledger.GrantRecord {
	wrong := map[string]bool{}
	for _, f := range findings {
		wrong[f.Grant] = true
	}
	listed := map[string]bool{}
	for _, f := range s.Found {
		listed[f.Name] = true
	}
	var out []ledger.GrantRecord
	for _, row := range s.Rows {
		if row.Target == s.Target && row.Status != ledger.GrantClosed && !s.beingOpened(row) && listed[row.Name] && !wrong[row.Name] && s.Now.Before(row.ExpiresAt) {
			out = append(out, row)
		}
	}
	return out
}

// beingOpened reports whether a call that opens a grant may be under way.
func (s Snapshot) beingOpened(row ledger.GrantRecord) bool {
	return row.Status == ledger.GrantIntended && !s.Now.After(row.IntendedAt.Add(ledger.OpeningMayLast)) && !row.IntendedAt.After(s.Now.Add(access.ClockSkew))
}

// needDescribe returns the requests whose workflows are not listed as running. Of
// one that is listed and does not run, a later look learns.
func needDescribe(rows []ledger.GrantRecord, target string, listed map[string]bool) []string {
	ids := map[string]bool{}
	for _, row := range rows {
		if row.Status != ledger.GrantClosed && row.Target == target && !listed[row.RequestID] {
			ids[row.RequestID] = true
		}
	}
	return sorted(ids)
}

func lost(run RunStatus) string {
	if run == RunMissing {
		return "Its workflow does not exist any more."
	}
	return "Its workflow is over and did not close it."
}

// StuckRequests returns the requests that nothing will ever decide or end: their
// workflow does not run, and nothing of theirs is open. With no Temporal (runs is
// nil) it returns only those whose access is over.
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

// misstatements returns the findings of requests of which the ledger's table says
// another state than its log.
func misstatements(all []ledger.Misstated) []Finding {
	out := make([]Finding, 0, len(all))
	for _, m := range all {
		f := Finding{Kind: Hidden, Remedy: Correct, RequestID: m.ID, State: m.Logged,
			Why: "The ledger calls it " + access.Clip(string(m.Is), 20) + ", and by the log it is " + string(m.Logged) + "."}
		if m.Is == "" {
			f.Why = "The ledger has it no more, and by the log it is " + string(m.Logged) + "."
		}
		out = append(out, f)
	}
	return out
}

// compareExpiry orders findings by the time at which access ends, then by grant.
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
