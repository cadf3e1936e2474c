package people

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/cmd/ramp/internal/output"
)

// requestDetail prints one request whole.
func requestDetail(r access.Request) func(io.Writer) {
	return func(w io.Writer) {
		for _, what := range r.Altered {
			fmt.Fprintf(w, "WARNING: somebody wrote to the ledger's database, past Ramp: %s. Below is what was signed.\n", output.Clean(what))
		}
		if r.Dropped != nil {
			fmt.Fprintf(w, "Who asked, why, and who decided was %s; event %d of the log tells of it. Below is what stays.\n\n", r.Dropped.Words(), r.Dropped.Event)
			output.Table(w, outline(r))
			timeline(w, r)
			return
		}
		rows := slices.Concat(asked(r), allowed(r), approvals(r))
		if r.Problem != "" {
			rows = append(rows, []string{"Problem", output.WithTimes(r.Problem)})
		}
		output.Table(w, append(rows, []string{"Plan digest", r.Plan.Digest}))
		timeline(w, r)
	}
}

// dryDetail prints a request that was not made: it has neither id nor state.
func dryDetail(r access.Request) func(io.Writer) {
	return func(w io.Writer) {
		rows := slices.DeleteFunc(slices.Concat(asked(r), allowed(r), approvals(r)), func(row []string) bool { return row[0] == "Request" || row[0] == "State" })
		output.Table(w, rows)
	}
}

// outline returns the rows of a request of which the rest was dropped.
func outline(r access.Request) [][]string {
	rows := [][]string{{"Request", r.ID}, {"State", string(r.State)}, {"Contract", r.Contract}}
	for _, g := range r.Plan.Grants {
		rows = append(rows, []string{"Target", g.Target})
	}
	return append(rows, requestTimes(r)...)
}

// asked returns the rows that say what was asked for, by whom and why.
func asked(r access.Request) [][]string {
	state := string(r.State)
	if left := remaining(r); left != "" {
		state += ", " + left
	}
	rows := [][]string{{"Request", r.ID}, {"State", state}, {"Contract", r.Contract + " (version " + shortDigest(r.Plan.ContractVersion) + ")"},
		{"Requester", r.Requester.Label() + " (" + r.Requester.ID + ")"}, {"Reason", r.Plan.Reason}}
	if b := r.Plan.Base; b != nil {
		rows = append(rows, []string{"Base", b.Name + " (version " + shortDigest(b.Version) + ")"})
	}
	if r.Plan.Ticket != "" {
		rows = append(rows, []string{"Ticket", r.Plan.Ticket})
	}
	chosen := map[string]bool{}
	for _, one := range r.Plan.Choices {
		chosen[one.Param] = true
		rows = append(rows, []string{"Chosen", output.WithTimes(one.String())})
	}
	for _, f := range r.Plan.Facts {
		rows = append(rows, []string{"Known when asked", output.WithTimes(f.String())})
	}
	for _, name := range slices.Sorted(maps.Keys(r.Plan.Params)) {
		if !chosen[name] {
			rows = append(rows, []string{"Parameter", fmt.Sprintf("%s = %v", name, r.Plan.Params[name])})
		}
	}
	return rows
}

// allowed returns the rows that say what may be open, when, and for how long.
func allowed(r access.Request) [][]string {
	rows := [][]string{{"Duration", r.Plan.Duration.String()}}
	if at := r.Narrowed().StartAt; at != nil && len(r.NarrowedBy()) == 0 {
		rows = append(rows, []string{"Start", output.Time(*at)})
	}
	for _, c := range r.Plan.EndWhen {
		rows = append(rows, []string{"Ends early", c.String()})
	}
	rows = slices.Concat(rows, extended(r), glass(r), narrowed(r))
	for i, g := range r.Plan.Grants {
		rows = append(rows, meaning(g)...)
		if i < len(r.Grants) && (len(r.Plan.Grants) > 1 || r.Grants[i].Reason != "") {
			rows = append(rows, []string{"  State", stateOf(r.Grants[i])})
		}
	}
	return slices.Concat(rows, changes(r), requestTimes(r), usage(r))
}

// stateOf returns how far a grant is, and why it is no further.
func stateOf(s access.GrantState) string {
	text := s.Condition.String()
	if !s.At.IsZero() {
		text += " since " + output.Time(s.At)
	}
	if s.Reason != "" {
		text += ": " + output.WithTimes(output.Clean(s.Reason))
	}
	return text
}

// meaning returns what a grant means on its target, whole: its facts are what approvers
// decide on, such as each resource of a plan of Terraform's.
func meaning(g access.PlannedGrant) [][]string {
	rows := [][]string{{"Grant", g.Target + ": " + g.Scope.Summary}}
	for _, name := range slices.Sorted(maps.Keys(g.Scope.Facts)) {
		rows = append(rows, []string{"  " + name, g.Scope.Facts[name]})
	}
	if g.Scope.Ends != "" {
		rows = append(rows, []string{"  Without Ramp", g.Scope.Ends})
	}
	return rows
}

// usage returns how access was used that is over, as its targets say.
func usage(r access.Request) (rows [][]string) {
	for _, g := range r.Usage() {
		words := g.Usage.Words(r.OpenFor())
		if len(r.Plan.Grants) > 1 {
			words = g.Target + ": " + words
		}
		rows = append(rows, []string{"Usage", output.WithTimes(output.Clean(words))})
	}
	return rows
}

// approvals returns the rows that say who approved, who has to, and who refused.
func approvals(r access.Request) (rows [][]string) {
	for _, s := range r.Stages {
		line := "stage " + s.Name + ": " + s.Progress()
		if len(s.Approved) > 0 {
			line += " (" + strings.Join(s.Approved, ", ") + ")"
		}
		rows = append(rows, []string{"Approval", line})
	}
	if r.State == access.StatePending {
		rows = append(rows, toApprove(r.Plan.Rule)...)
	}
	return slices.Concat(rows, extensions(r), refusals(r))
}

// timeline prints what happened to a request, if that was read with it.
func timeline(w io.Writer, r access.Request) {
	if len(r.Timeline) == 0 {
		return
	}
	fmt.Fprintln(w)
	var rows [][]string
	for _, e := range r.Timeline {
		phrase := output.WithTimes(r.Phrase(e))
		if r.TimelineCheck.IsAltered(e) {
			phrase = "NO LONGER WHAT WAS RECORDED: " + phrase
		}
		rows = append(rows, []string{output.Time(e.At), e.Actor, phrase})
	}
	output.Table(w, rows)
	if c := r.TimelineCheck; c != nil && c.Problem != "" {
		fmt.Fprintln(w, output.Clean(c.Problem)+" Do not rely on this timeline; tell those who run Ramp.")
	}
	if r.Refusals > 0 {
		fmt.Fprintf(w, "%d earlier acts that were refused are left out; the audit log has them.\n", r.Refusals)
	}
}

// remaining says how long access is still open, how it ended, or that it never was.
func remaining(r access.Request) string {
	switch {
	case r.State.Final() && r.State != access.StateEnded:
		return "never opened"
	case r.Plan.Lasting():
		if r.ActiveAt == nil {
			return ""
		}
		return "taken into force"
	case r.EndedAt != nil:
		return howEnded(r)
	case r.State == access.StateEnding:
		return "not proven gone yet"
	case r.ExpiresAt == nil:
		return ""
	case time.Until(*r.ExpiresAt) > 0:
		return access.Duration(time.Until(*r.ExpiresAt).Round(time.Second)).String() + " left"
	}
	return "expired"
}

// howEnded says why access ended.
func howEnded(r access.Request) string {
	switch because := r.EndedBecause(); {
	case because != "":
		return "because " + because
	case r.Outcome == access.OutcomeCondition:
		return "by a condition"
	}
	return string(r.Outcome)
}

// glass returns what is to be said of a use of break glass.
func glass(r access.Request) [][]string {
	switch {
	case r.Plan.BreakGlass == nil:
		return nil
	case r.Review == nil:
		return [][]string{{"BREAK GLASS", "nobody approved this; to be reviewed by one of " + strings.Join(r.Plan.BreakGlass.Reviewers, ", ") + " by " + output.Time(r.Plan.BreakGlass.ReviewBy)}}
	}
	said := "justified"
	if !r.Review.Justified {
		said = "NOT JUSTIFIED"
	}
	return [][]string{{"BREAK GLASS", "nobody approved this"}, {"Post-access review", output.Clean(r.Review.By.ID) + ": " + said + ": " + output.Clean(r.Review.Comment)}}
}

// narrowed returns what approvers gave less than was asked for.
func narrowed(r access.Request) (rows [][]string) {
	now := r.Narrowed()
	if now.Duration < r.Plan.Duration {
		rows = append(rows, []string{"Approved for", now.Duration.String() + " at the most, and no extension"})
	}
	if len(r.NarrowedBy()) > 0 && now.StartAt != nil {
		rows = append(rows, []string{"Approved from", output.Time(*now.StartAt)})
	}
	return rows
}

// refusals says who denied a request or cancelled it, and why.
func refusals(r access.Request) (rows [][]string) {
	line := func(name, who, why string, at time.Time) {
		text := "by " + who + ", " + output.Time(at)
		if why != "" {
			text += ": " + why
		}
		rows = append(rows, []string{name, output.Clean(text)})
	}
	for _, d := range r.Decisions {
		if d.Verdict == access.Deny {
			line("Denied", d.Approver.ID, d.Comment, d.At)
		}
	}
	denied := len(rows) > 0
	for _, e := range r.Timeline {
		switch {
		case e.Kind == access.EventRequestDenied && !denied:
			line("Denied", e.Actor, e.Message, e.At)
		case e.Kind == access.EventRequestCancelled:
			line("Cancelled", e.Actor, e.Message, e.At)
		}
	}
	return rows
}

// toApprove returns what an approval needs beside its approver.
func toApprove(rule access.Rule) (rows [][]string) {
	for _, statement := range rule.Confirm {
		rows = append(rows, []string{"To confirm", output.Clean(statement)})
	}
	if rule.Comment > 0 {
		rows = append(rows, []string{"Comment", fmt.Sprintf("an approval's has at least %d letters and digits", rule.Comment)})
	}
	return rows
}

// extensions returns how far access may be extended, who decides that, and the extension
// that waits.
func extensions(r access.Request) (rows [][]string) {
	limits := r.Narrowed().Extend
	if limits == nil || r.State.Final() {
		return nil
	}
	line := fmt.Sprintf("%d times at the most, to %s in all", limits.Times, limits.UpTo)
	if limits.Times == 1 {
		line = fmt.Sprintf("once, to %s in all", limits.UpTo)
	}
	if limits.Rule != nil {
		line += ", each time approved by " + needs(limits.Rule.Stages)
	}
	rows = append(rows, []string{"Extension", output.Clean(line)})
	if a := r.Asked; a.Open(time.Now()) {
		rows = append(rows, []string{"Asked for", output.Clean(fmt.Sprintf("%s more, until %s: %s", a.Order.Adds, output.Time(a.Until), a.Order.Reason))})
		for _, s := range a.Stages {
			rows = append(rows, []string{"It waits for", output.Clean(s.Progress())})
		}
	}
	return rows
}

// needs returns the approvals that stages need together.
func needs(stages []access.Stage) string {
	var out []string
	for _, s := range stages {
		out = append(out, s.Needs())
	}
	return strings.Join(out, " and ")
}

// extended returns how long access lasts in all, where it was extended.
func extended(r access.Request) [][]string {
	if r.Extensions == 0 || r.ActiveAt == nil || r.ExpiresAt == nil {
		return nil
	}
	times := "once"
	if r.Extensions > 1 {
		times = fmt.Sprintf("%d times", r.Extensions)
	}
	return [][]string{{"Extended", fmt.Sprintf("%s, to %s in all", times, inAll(r.ExpiresAt.Sub(*r.ActiveAt)))}}
}

// inAll returns a length as it was approved: it counts from the opening, which is some
// seconds before access is active.
func inAll(d time.Duration) access.Duration {
	if whole := d.Round(time.Minute); whole >= time.Minute && whole > d && whole-d <= 10*time.Second {
		return access.Duration(whole)
	}
	return access.Duration(d.Round(time.Second))
}

func requestTimes(r access.Request) (rows [][]string) {
	if r.Plan.Lasting() && r.ActiveAt != nil {
		return [][]string{{"In force since", output.Time(*r.ActiveAt) + ", until another request replaces it"}}
	}
	expires := "Expires"
	if r.EndedEarly() {
		expires = "Would have expired"
	}
	for _, t := range []struct {
		name string
		at   *time.Time
	}{{"Open since", r.ActiveAt}, {expires, r.ExpiresAt}, {"Proven gone", r.EndedAt}} {
		if t.at != nil {
			rows = append(rows, []string{t.name, output.Time(*t.at)})
		}
	}
	if r.State == access.StatePending {
		rows = append(rows, []string{"Decide until", output.Time(r.Plan.PendingUntil)})
	}
	return rows
}

func shortDigest(d string) string {
	d = strings.TrimPrefix(d, "sha256:")
	return d[:min(12, len(d))]
}
