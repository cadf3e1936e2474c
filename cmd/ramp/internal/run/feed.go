package run

import (
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"ramp.dev/ramp/cmd/ramp/internal/output"
	"ramp.dev/ramp/config"
	"ramp.dev/ramp/ledger"
)

func feedCommand() *cobra.Command {
	c := &cobra.Command{Use: "feed", Short: "Show how far those who react to events have got",
		Long: "Everything that reacts to what happens follows the log of events, and keeps a cursor in the ledger."}
	c.AddCommand(feedStatusCommand())
	return c
}

// consumer is how far one consumer of events has got, as a program reads it.
type consumer struct {
	ledger.Cursor
	Lag int64 `json:"lag"` // events that it has not handled
	Gap bool  `json:"gap"` // the event that it waits for is missing from the log, or one that it has handled
}

func feedStatusCommand() *cobra.Command {
	var f configured
	c := &cobra.Command{
		Use: "status", Short: "List the consumers of events", Args: cobra.NoArgs,
		Long: "Lists each consumer with the last event that it has handled, how many it has not, how old the oldest of those is,\n" +
			"and why it does not go on, if it fails. It reads the ledger, and needs no server, worker or Temporal.",
		Example: "  ramp feed status --config /etc/ramp/ramp.yaml\n  ramp feed status --output json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := config.Load(f.path)
			if err != nil {
				return err
			}
			led, err := c.Ledger.Open(cmd.Context())
			if err != nil {
				return err
			}
			defer led.Close()
			cursors, err := led.Cursors(cmd.Context())
			if err != nil {
				return err
			}
			list := []consumer{}
			for _, one := range cursors {
				list = append(list, consumer{Cursor: one, Lag: one.Lag(), Gap: one.Gap()})
			}
			return f.format.Print(cmd.OutOrStdout(), list, func(w io.Writer) { printConsumers(w, list, time.Now()) })
		},
	}
	f.flags(c, "the server's or worker's")
	return c
}

func printConsumers(w io.Writer, list []consumer, now time.Time) {
	if len(list) == 0 {
		fmt.Fprintln(w, "Nothing has followed the events yet.")
		return
	}
	rows := [][]string{{"CONSUMER", "HANDLED", "LAG", "OLDEST", "STATE"}}
	for _, c := range list {
		rows = append(rows, consumerRow(c, now))
	}
	output.Table(w, rows)
}

// consumerRow is a row about a consumer: its name, how far it is, its lag, how old the
// oldest event is that it has not handled, and its state.
func consumerRow(c consumer, now time.Time) []string {
	oldest, state := "–", "works"
	if c.NextAt != nil {
		oldest = now.Sub(*c.NextAt).Round(time.Second).String()
	}
	switch {
	case c.Gap && c.Seq > c.Last:
		state = fmt.Sprintf("GAP: event %d was handled, and the log ends at %d", c.Seq, c.Last)
	case c.Gap:
		state = fmt.Sprintf("GAP: event %d is missing from the log", c.Seq+1)
	case c.FailingSince != nil:
		state = fmt.Sprintf("fails since %s: %s", output.Time(*c.FailingSince), output.Clean(c.Error))
	}
	return []string{output.Clean(c.Name), fmt.Sprintf("%d of %d", c.Seq, c.Last), fmt.Sprint(c.Lag), oldest, state}
}
