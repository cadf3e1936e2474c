package people

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/client"
	"ramp.dev/ramp/cmd/ramp/internal/output"
	"ramp.dev/ramp/evidence"
)

// eventFlags narrow the events that a command shows.
type eventFlags struct {
	period
	actor, kind, request string
}

func (f *eventFlags) add(c *cobra.Command) {
	f.flags(c)
	c.Flags().StringVar(&f.actor, "actor", "", "only what this person, or part of Ramp, did")
	c.Flags().StringVar(&f.actor, "person", "", "the same as --actor")
	_ = c.Flags().MarkHidden("person")
	c.Flags().StringVar(&f.kind, "kind", "", "only of this kind, such as request.created or act.refused")
	c.Flags().StringVar(&f.request, "request", "", "only about this request")
	_ = c.RegisterFlagCompletionFunc("kind", func(*cobra.Command, []string, string) (out []string, _ cobra.ShellCompDirective) {
		for _, k := range access.EventKinds() {
			out = append(out, string(k))
		}
		return out, cobra.ShellCompDirectiveNoFileComp
	})
}

func (f *eventFlags) query(now time.Time) (q client.EventQuery, err error) {
	q = client.EventQuery{Actor: f.actor, Kind: f.kind, Request: f.request}
	if f.kind != "" && !access.EventKind(f.kind).Known() {
		return q, access.Errorf(access.CodeInvalid, "--kind: there is no kind of event %q; docs/events.md lists them", access.Clip(f.kind, 60))
	}
	q.Since, q.Until, err = f.at(now)
	return q, err
}

func auditSearchCommand() *cobra.Command {
	var f auditFlags
	var narrow eventFlags
	var cursor string
	var limit int
	c := &cobra.Command{
		Use: "search", Short: "Search the log, the latest events first", Args: cobra.NoArgs,
		Long: "With --key, each event that is shown is verified to be in the log that the server has signed; what does not\n" +
			"verify is an error, and nothing is shown. Whether anything was left out of a search only the whole log says\n" +
			"(`ramp audit export`).",
		Example: "  ramp audit search --actor alice --since 90d\n  ramp audit search --kind request.glass_broken --since 2026-07-01 --until 2026-10-01 --key server.pub -o json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			q, err := narrow.query(time.Now())
			if err != nil {
				return err
			}
			q.Cursor, q.Limit = cursor, limit
			c, err := f.client()
			if err != nil {
				return err
			}
			page, err := c.SearchEvents(cmd.Context(), q)
			if err != nil {
				return err
			}
			if len(f.keys) > 0 {
				if err := f.prove(cmd.Context(), c, page.Items); err != nil {
					return err
				}
			}
			return f.format.Print(cmd.OutOrStdout(), page, func(w io.Writer) {
				if len(page.Items) == 0 {
					fmt.Fprintln(w, "Nothing that was recorded is like that.")
					return
				}
				rows := [][]string{{"NUMBER", "AT", "BY", "REQUEST", "WHAT"}}
				for _, e := range page.Items {
					rows = append(rows, eventRow(e))
				}
				output.Table(w, rows)
				if len(f.keys) > 0 {
					fmt.Fprintf(w, "\nVerified: %s in the log that the server has signed.\n", output.Count(len(page.Items), "event"))
				}
				if page.NextCursor != "" {
					fmt.Fprintf(w, "\nThere are earlier ones: --cursor %s\n", page.NextCursor)
				}
			})
		},
	}
	f.add(c)
	narrow.add(c)
	c.Flags().StringVar(&cursor, "cursor", "", "continue where the last page ended")
	c.Flags().IntVar(&limit, "limit", 0, "how many, 1 to 1000 (default 100)")
	return c
}

func eventRow(e client.LoggedEvent) []string {
	return []string{strconv.FormatInt(e.Seq, 10), output.Time(e.At), output.Clean(e.Actor), e.RequestID, output.WithTimes(output.Clean(access.Clip(e.Phrase(), 160)))}
}

// provenAtOnce is how many events are asked to be proven at once.
const provenAtOnce = 200

// prove verifies that events are in the log that the server has signed. Errors are
// CodeEvidence.
func (f *auditFlags) prove(ctx context.Context, c *client.Client, events []client.LoggedEvent) error {
	keys, err := serverKeys(f.keys)
	if err != nil {
		return err
	}
	for len(events) > 0 {
		some := events[:min(provenAtOnce, len(events))]
		events = events[len(some):]
		some, log, err := whole(ctx, c, keys, some)
		if err != nil {
			return err
		}
		if len(some) == 0 {
			continue
		}
		var leaves []int64
		for _, e := range some {
			leaves = append(leaves, e.Leaf)
		}
		proofs, err := c.Proofs(ctx, leaves...)
		if err != nil {
			return err
		}
		at, err := proofs.Verify(keys)
		if err != nil {
			return err
		}
		if log != "" && log != at.Origin {
			return access.Errorf(access.CodeEvidence, "the server showed checkpoints of two logs, %q and %q", access.Clip(log, 100), access.Clip(at.Origin, 100))
		}
		proven := map[int64]string{}
		for _, p := range proofs.Items {
			proven[p.Leaf] = string(p.Event.Leaf())
		}
		for _, e := range some {
			if leaf, ok := proven[e.Leaf]; !ok || leaf != string(e.Event.Leaf()) {
				return access.Errorf(access.CodeEvidence, "event %d is not in the signed log as the server showed it", e.Seq)
			}
		}
	}
	return nil
}

// whole returns the events that have their bodies; of each of the others a server must have
// signed that its body was dropped from this log: a copy of it, signed with the same key,
// has removals of its own. It also returns the origin of the log, "" where nothing was
// dropped. Errors are CodeEvidence, and those of the server.
func whole(ctx context.Context, c *client.Client, keys evidence.Keyring, events []client.LoggedEvent) (out []client.LoggedEvent, log string, err error) {
	removals := map[int64]access.Removal{}
	for _, e := range events {
		if e.Dropped == nil {
			out = append(out, e)
			continue
		}
		r, ok := removals[e.Dropped.Event]
		if !ok {
			stored, err := c.Removal(ctx, e.Dropped.Event)
			if err != nil && access.CodeOf(err) != access.CodeNotFound {
				return nil, "", err // that it cannot be read now says nothing against the log
			}
			if err == nil {
				r, _, err = keys.VerifyRemoval(stored)
			}
			if err != nil {
				return nil, "", access.Errorf(access.CodeEvidence, "that the body of event %d was dropped by policy: %w", e.Seq, err)
			}
			if log == "" {
				if log, err = origin(ctx, c, keys); err != nil {
					return nil, "", err
				}
			}
			if r.Log != log {
				return nil, "", access.Errorf(access.CodeEvidence, "the signed removal that event %d names is of another log, %q", e.Seq, access.Clip(r.Log, 100))
			}
			removals[e.Dropped.Event] = r
		}
		if !r.Covers(e.Event) {
			return nil, "", access.Errorf(access.CodeEvidence, "the body of event %d is missing, and no signed removal covers it", e.Seq)
		}
	}
	return out, log, nil
}

// origin returns the name of the log that the server has signed.
func origin(ctx context.Context, c *client.Client, keys evidence.Keyring) (string, error) {
	signed, err := c.Checkpoint(ctx)
	if err != nil {
		return "", err
	}
	at, err := keys.VerifyCheckpoint(signed)
	return at.Origin, err
}

func auditRequestsCommand() *cobra.Command {
	var q client.RequestQuery
	var when period
	c := &cobra.Command{
		Use: "requests", Short: "Search all requests, those that were asked for last first", Args: cobra.NoArgs,
		Long: "The server finds them in the ledger's tables and shows them as they were signed. For a list that is complete by\n" +
			"proof, take a sample out of the log: `ramp audit pack`.",
		Example: "  ramp audit requests --contract orders-db --since 90d --outcome revoked\n  ramp audit requests --person alice -o json",
	}
	c.Flags().StringVar(&q.Person, "person", "", "only those of this account, of the human behind it, or with this address")
	c.Flags().StringVar(&q.Contract, "contract", "", "only under this contract")
	c.Flags().StringVar(&q.Target, "target", "", "only for this target")
	c.Flags().StringVar(&q.Outcome, "outcome", "", "only with this outcome or state: expired, released, revoked, offboarded, condition, failed, denied, cancelled, lapsed, active …")
	c.Flags().StringVar(&q.Cursor, "cursor", "", "continue where the last page ended")
	c.Flags().IntVar(&q.Limit, "limit", 0, "how many, 1 to 200 (default 50)")
	when.flags(c)
	return readCommand(c, func(ctx context.Context, c *client.Client, _ []string) (out client.Page[access.Request], err error) {
		if q.Since, q.Until, err = when.at(time.Now()); err != nil {
			return out, err
		}
		return c.SearchRequests(ctx, q)
	}, func(page client.Page[access.Request]) func(io.Writer) {
		return func(w io.Writer) {
			if len(page.Items) == 0 && page.NextCursor == "" {
				fmt.Fprintln(w, "No request is like that.")
				return
			}
			rows := [][]string{{"REQUEST", "ASKED", "REQUESTER", "CONTRACT", "TARGETS", "CAME TO", "REASON"}}
			for _, r := range page.Items {
				var targets []string
				for _, g := range r.Plan.Grants {
					targets = append(targets, g.Target)
				}
				rows = append(rows, []string{r.ID, output.Time(r.CreatedAt), output.Clean(r.Requester.ID), r.Contract, strings.Join(targets, " "), cameTo(r), output.Clean(access.Clip(reasonOf(r), 48))})
			}
			output.Table(w, rows)
			if page.NextCursor != "" {
				fmt.Fprintf(w, "\nThere are earlier ones: --cursor %s\n", page.NextCursor)
			}
		}
	})
}

// reasonOf is why somebody asked, or that it was dropped.
func reasonOf(r access.Request) string {
	if r.Dropped != nil {
		return r.Dropped.Words()
	}
	return r.Plan.Reason
}

// cameTo is what became of a request: why its access ended, or its state.
func cameTo(r access.Request) string {
	if len(r.Altered) > 0 {
		return "ALTERED"
	}
	if r.State == access.StateEnded && r.Outcome != "" {
		return string(r.Outcome)
	}
	return string(r.State)
}
