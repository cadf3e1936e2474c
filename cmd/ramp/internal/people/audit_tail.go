package people

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/mod/sumdb/tlog"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/client"
	"ramp.dev/ramp/cmd/ramp/internal/output"
	"ramp.dev/ramp/evidence"
)

// tail shows the end of the log, and follows it.
type tail struct {
	auditFlags
	narrow eventFlags
	last   int
	after  int64
	follow bool
	every  time.Duration

	client  *client.Client
	query   client.EventQuery
	out     io.Writer
	seen    evidence.Checkpoint // the newest; the next one goes on from it
	shown   int64               // up to which events were shown, or passed over
	printed int
}

func auditTailCommand() *cobra.Command {
	t := tail{every: 2 * time.Second}
	c := &cobra.Command{
		Use: "tail", Short: "Show the end of the log, and follow it", Args: cobra.NoArgs,
		Long: "Shows each event on a line, in the order of their numbers. With --after it begins behind a number, so that a\n" +
			"program that was away goes on where it ended and misses nothing. With --key, each event is verified to be in the\n" +
			"log that the server has signed before it is shown, and each log to go on from the one before; what does not\n" +
			"verify ends the command.",
		Example: "  ramp audit tail -f\n  ramp audit tail -f --kind request.glass_broken -o json --key server.pub\n  ramp audit tail -f --after 48213 -o json >> events.jsonl",
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			if t.query, err = t.narrow.query(time.Now()); err != nil {
				return err
			}
			if t.format.String() == "yaml" {
				return access.Errorf(access.CodeInvalid, "-o may be table or json here: one event a line")
			}
			if cmd.Flags().Changed("after") && (t.after < 0 || cmd.Flags().Changed("last")) {
				return access.Errorf(access.CodeInvalid, "--after is an event's number, 0 or more, and goes without --last")
			}
			if t.last < 0 || t.last > 1000 {
				return access.Errorf(access.CodeInvalid, "--last is between 0 and 1000")
			}
			if t.client, err = t.auditFlags.client(); err != nil {
				return err
			}
			t.out = cmd.OutOrStdout()
			return t.run(cmd.Context(), cmd.Flags().Changed("after"), cmd.ErrOrStderr())
		},
	}
	t.add(c)
	t.narrow.add(c)
	c.Flags().BoolVarP(&t.follow, "follow", "f", false, "go on as more is recorded, until interrupted")
	c.Flags().IntVarP(&t.last, "last", "n", 20, "how many of the events that are there already, 0 to 1000")
	c.Flags().Int64Var(&t.after, "after", 0, "every event behind this number, instead of --last")
	return c
}

func (t *tail) run(ctx context.Context, resume bool, warn io.Writer) error {
	at, err := t.checkpoint(ctx)
	if err != nil {
		return err
	}
	if resume {
		if t.after > at.Size {
			return access.Errorf(access.CodeEvidence, "the log was cut off, or it is another log: it has %d events, and --after names %d", at.Size, t.after)
		}
		t.seen, t.shown = at, t.after
		if err := t.show(ctx, at); err != nil {
			return err
		}
	} else if err := t.begin(ctx, at); err != nil {
		return err
	}
	if len(t.keys) > 0 {
		t.sayVerified(warn)
	}
	failing := false
	for t.follow {
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(t.every):
		}
		at, err := t.checkpoint(ctx)
		if err == nil {
			err = t.show(ctx, at)
		}
		switch code := access.CodeOf(err); {
		case err == nil:
			failing = false
		case ctx.Err() != nil || errors.Is(err, context.Canceled):
			return nil
		case code == access.CodeUnavailable || code == access.CodeThrottled: // the log is there when the server is back
			if !failing {
				fmt.Fprintf(warn, "ramp: %s; trying again\n", output.Clean(err.Error()))
			}
			failing = true
		default:
			return err
		}
	}
	return nil
}

// sayVerified says to people, and not among the events, what was verified.
func (t *tail) sayVerified(warn io.Writer) {
	said := fmt.Sprintf("Verified: %s in the log that the server has signed", output.Count(t.printed, "event"))
	if t.follow {
		said += "; what follows is shown once it is verified"
	}
	fmt.Fprintln(warn, said+".")
}

// checkpoint returns the log's checkpoint, verified where there are keys to verify it with.
func (t *tail) checkpoint(ctx context.Context) (evidence.Checkpoint, error) {
	signed, err := t.client.Checkpoint(ctx)
	if err != nil {
		return evidence.Checkpoint{}, err
	}
	if len(t.keys) == 0 {
		return evidence.ReadCheckpoint(signed)
	}
	keys, err := serverKeys(t.keys)
	if err != nil {
		return evidence.Checkpoint{}, err
	}
	return keys.VerifyCheckpoint(signed)
}

// begin shows the last events that are there already.
func (t *tail) begin(ctx context.Context, at evidence.Checkpoint) error {
	t.seen, t.shown = at, at.Size
	if t.last == 0 {
		return nil
	}
	q := t.query
	q.Limit = t.last
	page, err := t.client.SearchEvents(ctx, q)
	if err != nil {
		return err
	}
	events := slices.DeleteFunc(page.Items, func(e client.LoggedEvent) bool { return e.Leaf >= at.Size })
	if len(t.keys) > 0 {
		if err := t.prove(ctx, t.client, events); err != nil {
			return err
		}
	}
	slices.SortFunc(events, func(a, b client.LoggedEvent) int { return int(a.Leaf - b.Leaf) })
	for _, e := range events {
		if err := t.print(e); err != nil {
			return err
		}
	}
	return nil
}

// tailPage is how many events are read at once: ten tiles.
const tailPage = 10 << evidence.TileHeight

// show shows what a log has behind what was shown, a page at a time. With keys each page is
// verified before it is shown, so that no more than a page of the log is held.
func (t *tail) show(ctx context.Context, at evidence.Checkpoint) error {
	if at.Origin != t.seen.Origin || at.Size < t.seen.Size {
		return access.Errorf(access.CodeEvidence, "the log was cut off, or it is another log: %q has %d events, where %q had %d", access.Clip(at.Origin, 80), at.Size, access.Clip(t.seen.Origin, 80), t.seen.Size)
	}
	tiles := t.client.Tiles(ctx)
	if len(t.keys) > 0 {
		if err := evidence.VerifyConsistency(t.seen, at, tiles); err != nil {
			return err
		}
	}
	t.seen = at
	for t.shown < at.Size {
		to := min(at.Size, (t.shown/tailPage+1)*tailPage)
		leaves, err := t.client.Leaves(ctx, t.shown, to)
		if err != nil {
			return err
		}
		if int64(len(leaves)) != to-t.shown {
			return access.Errorf(access.CodeEvidence, "%d of the events %d to %d are missing", to-t.shown-int64(len(leaves)), t.shown+1, to)
		}
		if len(t.keys) > 0 {
			if err := evidence.VerifyLeaves(t.shown, leaves, tlog.TileHashReader(tlog.Tree{N: at.Size, Hash: at.Root}, tiles)); err != nil {
				return err
			}
		}
		events := make([]client.LoggedEvent, len(leaves))
		for i, leaf := range leaves {
			e, err := leaf.Stored(t.shown + int64(i))
			if err != nil || e.Event.Seq != e.Leaf+1 {
				return access.Errorf(access.CodeEvidence, "event %d is damaged", t.shown+int64(i)+1)
			}
			events[i] = client.LoggedEvent{Leaf: e.Leaf, Event: e.Event}
		}
		if len(t.keys) > 0 {
			if err := t.covered(ctx, events); err != nil {
				return err
			}
		}
		t.shown = to
		if err := t.printAll(events); err != nil {
			return err
		}
	}
	return nil
}

// covered verifies that a server has signed the removal of each body that is missing.
func (t *tail) covered(ctx context.Context, events []client.LoggedEvent) error {
	keys, err := serverKeys(t.keys)
	if err == nil {
		_, _, err = whole(ctx, t.client, keys, events)
	}
	return err
}

func (t *tail) printAll(events []client.LoggedEvent) error {
	for _, e := range events {
		if t.wants(e.Event) {
			if err := t.print(e); err != nil {
				return err
			}
		}
	}
	return nil
}

func (t *tail) wants(e access.Event) bool {
	q := t.query
	return (q.Actor == "" || e.Actor == q.Actor) && (q.Kind == "" || string(e.Kind) == q.Kind) && (q.Request == "" || e.RequestID == q.Request) &&
		(q.Since.IsZero() || !e.At.Before(q.Since)) && (q.Until.IsZero() || e.At.Before(q.Until))
}

func (t *tail) print(e client.LoggedEvent) error {
	t.printed++
	if !t.format.IsTable() {
		return json.NewEncoder(t.out).Encode(e)
	}
	row := eventRow(e)
	if row[3] == "" {
		row[3] = "-"
	}
	_, err := fmt.Fprintf(t.out, "%s  %s  %-20s  %-16s  %s\n", row[0], row[1], row[2], row[3], output.Clean(row[4]))
	return err
}
