package people

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/client"
	"ramp.dev/ramp/cmd/ramp/internal/flags"
	"ramp.dev/ramp/cmd/ramp/internal/output"
	"ramp.dev/ramp/review"
)

// weekly is which weekly review is read, and how much of it.
type weekly struct {
	since flags.Back
	owner string
}

func (f *weekly) flags(c *cobra.Command) {
	c.Flags().Var(&f.since, "since", "have a review made now, of the time since then, such as 30d, 2w or 36h")
	c.Flags().StringVar(&f.owner, "owner", "", "only what is about the contracts of this owner")
}

// read returns the report that the flags describe.
func (f *weekly) read(ctx context.Context, c *client.Client) (r review.Report, err error) {
	if f.since.Length > 0 {
		r, err = c.MakeReview(ctx, time.Now().Add(-f.since.Length))
	} else {
		r, err = c.KeptReview(ctx)
	}
	if err != nil || f.owner == "" {
		return r, err
	}
	return r, f.narrow(&r)
}

// narrow leaves of a report what is about the contracts of the owner of the flags. A name that
// the report does not have is a mistake: it would print a review without findings.
func (f *weekly) narrow(r *review.Report) error {
	var owners []string
	for _, part := range r.Owners {
		if part.Owner != "" {
			owners = append(owners, part.Owner)
		}
	}
	if !slices.Contains(owners, f.owner) {
		allowed := "it has those of " + strings.Join(owners, ", ")
		if len(owners) == 0 {
			allowed = "it has those of no owner"
		}
		return access.InvalidField("owner_unknown", "--owner", "this review has no contracts of an owner %q for you; %s", access.Clip(f.owner, 60), allowed)
	}
	*r = r.For(f.owner)
	return nil
}

func (f *weekly) print(cmd *cobra.Command, s *session) error {
	c, err := s.client()
	if err != nil {
		return err
	}
	r, err := f.read(cmd.Context(), c)
	if err != nil {
		return err
	}
	return s.format.Print(cmd.OutOrStdout(), r, func(w io.Writer) { printReview(w, r, f.since.String()) })
}

// printReview writes a report for people. since is the flag with which it was made now, none
// for a weekly review: what proposes a change needs the same.
func printReview(w io.Writer, r review.Report, since string) {
	fmt.Fprintf(w, "Review of %s to %s\n\n", output.Time(r.Period.From), output.Time(r.Period.To))
	printFigures(w, r.Figures)
	for _, line := range r.Unknown {
		fmt.Fprintln(w, "Not known: "+output.Clean(line))
	}
	fmt.Fprintf(w, "\n%s\n", output.Count(len(r.Findings), "finding"))
	for _, f := range r.Findings {
		fmt.Fprintln(w)
		printFinding(w, f, since)
	}
	if len(r.Changed) > 0 {
		fmt.Fprint(w, "\nSince the last review\n")
	}
	for _, c := range r.Changed {
		fmt.Fprintf(w, "  %s %s %s: %s\n", output.Clean(c.Finding), kindInWords(c.Kind), output.Clean(c.Contract), output.Clean(c.Sentence))
	}
}

func printFigures(w io.Writer, f review.Figures) {
	var states []string
	for _, s := range slices.Sorted(maps.Keys(f.ByState)) {
		states = append(states, fmt.Sprintf("%d %s", f.ByState[s], s))
	}
	people := fmt.Sprintf("%d people", f.People)
	if f.People == 1 {
		people = "1 person"
	}
	requests := "none"
	if f.Requests > 0 {
		requests = fmt.Sprintf("%d by %s: %s", f.Requests, people, strings.Join(states, ", "))
	}
	rows := [][]string{{"Requests", requests}}
	for _, one := range []struct {
		name string
		of   review.Spread
	}{{"Time to decide", f.ToDecide}, {"Time to access", f.ToAccess}, {"Open for", f.Open}} {
		if one.of.Count > 0 {
			rows = append(rows, []string{one.name, fmt.Sprintf("median %s, 9 of 10 within %s, longest %s (of %d)", one.of.Median, one.of.P90, one.of.Most, one.of.Count)})
		}
	}
	if f.UsedOf > 0 {
		rows = append(rows, []string{"In use", fmt.Sprintf("%.0f%% of the time that access was open, where it is known (%d of %d)", f.Used*100, f.UsedOf, f.Open.Count)})
	}
	output.Table(w, rows)
}

// kindInWords returns a kind as pages and mail name it, with its name in thresholds and docs.
func kindInWords(k review.Kind) string { return fmt.Sprintf("%s (%s)", k.Title(), k) }

func printFinding(w io.Writer, f review.Finding, since string) {
	of := kindInWords(f.Kind)
	if f.Owner != "" {
		of += ", owner " + f.Owner
	}
	fmt.Fprintf(w, "%s  %s\n  %s\n", f.ID, output.Clean(of), output.Clean(f.Sentence))
	if len(f.Evidence) > 0 {
		var numbers []string
		for _, n := range f.Evidence {
			numbers = append(numbers, strconv.FormatInt(n, 10))
		}
		more := ""
		if f.More > 0 {
			more = fmt.Sprintf(" and %d more", f.More)
		}
		fmt.Fprintf(w, "  Shown by events %s%s\n", strings.Join(numbers, ", "), more)
	}
	if m := f.Mark; m != nil {
		reason := ""
		if m.Reason != "" {
			reason = ": " + output.Clean(m.Reason)
		}
		fmt.Fprintf(w, "  %s by %s at %s%s\n", output.Clean(string(m.Kind)), output.Clean(m.By), output.Time(m.At), reason)
	}
	for _, p := range f.Proposals() {
		printProposal(w, f, p, since)
	}
}

func printProposal(w io.Writer, f review.Finding, p *review.Proposal, since string) {
	fmt.Fprintf(w, "  Proposed: %s\n", output.Clean(p.Sentence))
	if p.Problem != "" {
		fmt.Fprintf(w, "    No patch: %s\n", output.Clean(p.Problem))
		return
	}
	for _, line := range p.Effects {
		fmt.Fprintln(w, "    "+output.Clean(line))
	}
	fmt.Fprintf(w, "    Of %s of the period, %d would have been decided otherwise.\n", output.Count(p.Tried, "request"), p.Otherwise)
	for _, line := range p.Changed {
		fmt.Fprintln(w, "      "+output.Clean(line))
	}
	command := "ramp review propose " + f.ID
	if len(f.Others) > 0 {
		command += " --contract " + p.Contract
	}
	if since != "" {
		command += " --since " + since
	}
	fmt.Fprintln(w, "    "+command)
}

// finding returns a finding of the report that the flags describe.
func (f *weekly) finding(ctx context.Context, c *client.Client, id string) (review.Finding, error) {
	r, err := f.read(ctx, c)
	if err != nil {
		return review.Finding{}, err
	}
	found, there := r.Find(id)
	if !there {
		return found, access.Errorf(access.CodeNotFound, "this review has no finding %s; `ramp review` lists them, and `--since` reads another", access.Clip(id, 40))
	}
	return found, nil
}
