package people

import (
	"context"
	"fmt"
	"io"
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
		Long: "Lists the contracts under which you may request, with how long access lasts and how many people of which groups\n" +
			"approve it. What depends on the request, such as on its length, is \"at times\"; `ramp request CONTRACT --dry-run`\n" +
			"says who decides on yours.",
		Example: "  ramp catalog\n  ramp catalog postgres -o json",
	}, func(ctx context.Context, c *client.Client, args []string) ([]contracts.Offer, error) {
		return c.Catalog(ctx, strings.Join(args, ""))
	}, catalogTable)
}

func catalogTable(items []contracts.Offer) func(io.Writer) {
	return func(w io.Writer) {
		if len(items) == 0 {
			fmt.Fprintln(w, "There is nothing that you may ask for, or nothing that matches these words. `ramp whoami` shows your groups.")
			return
		}
		rows := [][]string{{"CONTRACT", "TARGETS", "DEFAULT", "AT MOST", "APPROVED BY", "DESCRIPTION"}}
		for _, o := range items {
			rows = append(rows, []string{o.Contract, strings.Join(o.Targets, ", "), o.Duration.Default.String(), o.Duration.Max.String(), approvers(o), access.Clip(o.Description, 120)})
		}
		output.Table(w, rows)
		for _, o := range items {
			for _, state := range o.Unusable {
				fmt.Fprintf(w, "%s: %s.\n", o.Contract, output.WithTimes(output.Clean(state.String())))
			}
		}
	}
}

// approvers returns who approves under a contract, in the words that a request's page has
// for it. A stage that applies under a condition alone is "at times".
func approvers(o contracts.Offer) string {
	var stages []string
	and := " and "
	for _, s := range o.Approval.Stages {
		if len(s.AnyOf) > 0 {
			and = "; and " // what the "or" is between must not be guessed
		}
		text := s.Needs()
		if slices.Contains(o.Approval.Conditional, s.Name) {
			text += " at times"
		}
		stages = append(stages, text)
	}
	people := strings.Join(stages, and)
	switch {
	case o.Approval.Automatic && people != "":
		return "nobody at times, else " + people
	case o.Approval.Automatic:
		return "nobody: the contract approves"
	}
	return people
}

func listCommand() *cobra.Command {
	var q client.Query
	c := &cobra.Command{
		Use: "ls", Aliases: []string{"list"}, Short: "List the requests that you may see, newest first", Args: cobra.NoArgs,
		Example: "  ramp ls --mine\n  ramp ls --to-decide\n  ramp ls --state active,ending -o json",
	}
	c.Flags().StringSliceVar(&q.States, "state", nil, "only in these states, such as pending, active, ending")
	c.Flags().BoolVar(&q.Mine, "mine", false, "only your own")
	c.Flags().BoolVar(&q.ToReview, "to-review", false, "only uses of break glass that wait for your post-access review")
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
		return "No use of break glass waits for your post-access review."
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
			rows = append(rows, []string{r.ID, state, r.Contract, output.Clean(r.Requester.ID), r.Plan.Duration.String(), remaining(r), output.Clean(access.Clip(reasonOf(r), 48))})
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
