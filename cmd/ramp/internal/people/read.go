package people

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/client"
	"ramp.dev/ramp/cmd/ramp/internal/output"
	"ramp.dev/ramp/contracts"
)

func catalogCommand() *cobra.Command {
	return readCommand(&cobra.Command{
		Use: "catalog [WORDS]", Short: "List what you may ask for", Args: cobra.MaximumNArgs(1),
		Example: "  ramp catalog\n  ramp catalog postgres -o json",
	}, func(ctx context.Context, c *client.Client, args []string) ([]contracts.Offer, error) {
		return c.Catalog(ctx, strings.Join(args, ""))
	}, catalogTable)
}

func catalogTable(items []contracts.Offer) func(io.Writer) {
	return func(w io.Writer) {
		if len(items) == 0 {
			fmt.Fprintln(w, "There is no contract that you may use and that matches.")
			return
		}
		rows := [][]string{{"CONTRACT", "TARGETS", "DEFAULT", "AT MOST", "APPROVED BY", "DESCRIPTION"}}
		for _, o := range items {
			rows = append(rows, []string{o.Contract, strings.Join(o.Targets, ", "), o.Duration.Default.String(), o.Duration.Max.String(), approvers(o), access.Clip(o.Description, 70)})
		}
		output.Table(w, rows)
	}
}

func approvers(o contracts.Offer) string {
	var parts []string
	if o.Approval.Automatic {
		parts = append(parts, "contract")
	}
	for _, s := range o.Approval.Stages {
		parts = append(parts, approversOf(s))
	}
	return strings.Join(parts, "+")
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
	return [][]string{{"BREAK GLASS", "nobody approved this"}, {"Review", output.Clean(r.Review.By.ID) + ": " + said + ": " + output.Clean(r.Review.Comment)}}
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

// approversOf returns a stage in one word: 2×dba, or 2×dba|1×leads.
func approversOf(s access.Stage) string {
	var ways []string
	for _, a := range s.Ways() {
		ways = append(ways, fmt.Sprintf("%d×%s", max(a.Approvals, 1), strings.Join(slices.Concat(a.From, a.People, a.OnCall), "/")))
	}
	return strings.Join(ways, "|")
}

func listCommand() *cobra.Command {
	var q client.Query
	c := &cobra.Command{
		Use: "ls", Aliases: []string{"list"}, Short: "List the requests that you may see, newest first", Args: cobra.NoArgs,
		Example: "  ramp ls --mine\n  ramp ls --to-decide\n  ramp ls --state active,ending -o json",
	}
	c.Flags().StringSliceVar(&q.States, "state", nil, "only in these states, such as pending, active, ending")
	c.Flags().BoolVar(&q.Mine, "mine", false, "only your own")
	c.Flags().BoolVar(&q.ToReview, "to-review", false, "only uses of break glass that wait for your review")
	c.Flags().BoolVar(&q.ToDecide, "to-decide", false, "only those that wait for your decision")
	c.Flags().StringVar(&q.Target, "target", "", "only on this target")
	c.Flags().StringVar(&q.Cursor, "cursor", "", "continue where the last page ended")
	c.Flags().IntVar(&q.Limit, "limit", 0, "how many, 1 to 200 (default 50)")
	return readCommand(c, func(ctx context.Context, c *client.Client, _ []string) (client.Page[access.Request], error) {
		return c.Requests(ctx, q)
	}, func(page client.Page[access.Request]) func(io.Writer) { return requestTable(q, page) })
}

// nothing says that a query finds nothing.
func nothing(q client.Query) string {
	switch {
	case q.Cursor != "":
		return "There are no older ones."
	case q.ToDecide:
		return "Nothing waits for your decision."
	case q.ToReview:
		return "No use of break glass waits for your review."
	case len(q.States) > 0 || q.Target != "":
		return "None of the requests that you may see is like that."
	}
	return "No requests. `ramp catalog` shows what you may ask for."
}

func requestTable(q client.Query, page client.Page[access.Request]) func(io.Writer) {
	return func(w io.Writer) {
		if len(page.Items) == 0 {
			fmt.Fprintln(w, nothing(q))
			return
		}
		rows := [][]string{{"REQUEST", "STATE", "CONTRACT", "REQUESTER", "DURATION", "END", "REASON"}}
		for _, r := range page.Items {
			state := string(r.State)
			if r.Overdue {
				state += " (overdue)"
			}
			if r.Asked.Open(time.Now()) {
				state += " (extension by " + r.Asked.Order.Adds.String() + " waits)"
			}
			rows = append(rows, []string{r.ID, state, r.Contract, output.Clean(r.Requester.ID), r.Plan.Duration.String(), remaining(r), output.Clean(access.Clip(r.Plan.Reason, 48))})
		}
		output.Table(w, rows)
		if page.NextCursor != "" {
			fmt.Fprintf(w, "\nThere are older ones: --cursor %s\n", page.NextCursor)
		}
	}
}

func showCommand() *cobra.Command {
	return requestAction{do: func(ctx context.Context, c *client.Client, id string) (access.Request, error) {
		return c.Request(ctx, id)
	}, more: textDifference}.on(&cobra.Command{
		Use: "show", Short: "Show one request with its timeline",
		Example: "  ramp show --last\n  ramp show 0123456789abcdef -o json",
	})
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
		return string(r.Outcome)
	case r.ExpiresAt == nil:
		return ""
	case time.Until(*r.ExpiresAt) > 0:
		return access.Duration(time.Until(*r.ExpiresAt).Round(time.Second)).String() + " left"
	}
	return "expired"
}

// requestDetail prints one request whole.
func requestDetail(r access.Request) func(io.Writer) {
	return func(w io.Writer) {
		state := string(r.State)
		if left := remaining(r); left != "" {
			state += ", " + left
		}
		rows := [][]string{{"Request", r.ID}, {"State", state}, {"Contract", r.Contract + " (version " + shortDigest(r.Plan.ContractVersion) + ")"},
			{"Requester", output.Clean(r.Requester.Label()) + " (" + output.Clean(r.Requester.ID) + ")"}, {"Reason", output.Clean(r.Plan.Reason)}}
		if b := r.Plan.Base; b != nil {
			rows = append(rows, []string{"Base", output.Clean(b.Name) + " (version " + shortDigest(b.Version) + ")"})
		}
		if r.Plan.Ticket != "" {
			rows = append(rows, []string{"Ticket", output.Clean(r.Plan.Ticket)})
		}
		for _, one := range r.Plan.Choices {
			rows = append(rows, []string{"Chosen", output.Clean(one.String())})
		}
		for _, f := range r.Plan.Facts {
			rows = append(rows, []string{"Facts then", output.Clean(f.String())})
		}
		for _, name := range slices.Sorted(maps.Keys(r.Plan.Params)) {
			rows = append(rows, []string{"Parameter", output.Clean(fmt.Sprintf("%s = %v", name, r.Plan.Params[name]))})
		}
		rows = append(rows, []string{"Duration", r.Plan.Duration.String()})
		if at := r.Narrowed().StartAt; at != nil && len(r.NarrowedBy()) == 0 {
			rows = append(rows, []string{"Start", output.Time(*at)})
		}
		for _, c := range r.Plan.EndWhen {
			rows = append(rows, []string{"Ends early", output.Clean(c.String())})
		}
		rows = append(rows, extended(r)...)
		rows = append(rows, glass(r)...)
		rows = append(rows, narrowed(r)...)
		for _, g := range r.Plan.Grants {
			rows = append(rows, []string{"Grant", g.Target + ": " + output.Clean(g.Scope.Summary)})
		}
		rows = append(rows, changes(r.Plan.Change)...)
		rows = append(rows, requestTimes(r)...)
		for _, s := range r.Stages {
			line := s.Name + ": " + output.Clean(s.Progress())
			if len(s.Approved) > 0 {
				line += " (" + output.Clean(strings.Join(s.Approved, ", ")) + ")"
			}
			rows = append(rows, []string{"Approval", line})
		}
		if r.State == access.StatePending {
			rows = append(rows, toApprove(r.Plan.Rule)...)
		}
		rows = append(rows, extensions(r)...)
		rows = append(rows, refusals(r)...)
		if r.Problem != "" {
			rows = append(rows, []string{"Problem", output.Clean(r.Problem)})
		}
		for _, what := range r.Altered {
			fmt.Fprintf(w, "WARNING: somebody wrote to the ledger's database, past Ramp: %s. Below is what was signed.\n", output.Clean(what))
		}
		output.Table(w, append(rows, []string{"Plan digest", r.Plan.Digest}))
		if len(r.Timeline) == 0 {
			return
		}
		fmt.Fprintln(w)
		rows = nil
		for _, e := range r.Timeline {
			phrase := output.Clean(r.Phrase(e))
			if r.TimelineCheck.IsAltered(e) {
				phrase = "NO LONGER WHAT WAS RECORDED: " + phrase
			}
			rows = append(rows, []string{output.Time(e.At), output.Clean(e.Actor), phrase})
		}
		output.Table(w, rows)
		if c := r.TimelineCheck; c != nil && c.Problem != "" {
			fmt.Fprintln(w, output.Clean(c.Problem)+" Do not rely on this timeline; tell those who run Ramp.")
		}
		if r.Refusals > 0 {
			fmt.Fprintf(w, "%d earlier acts that were refused are left out; the audit log has them.\n", r.Refusals)
		}
	}
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
