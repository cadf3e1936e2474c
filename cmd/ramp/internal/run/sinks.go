package run

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/cmd/ramp/internal/output"
	"ramp.dev/ramp/config"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/feed/webhooks"
	"ramp.dev/ramp/ledger"
	"ramp.dev/ramp/sinks"
	"ramp.dev/ramp/worker"
)

func sinksCommand() *cobra.Command {
	c := &cobra.Command{Use: "sinks", Short: "Show how far events have been streamed, and send some again",
		Long: "Sinks are the systems that every event is streamed into: syslog, Splunk, Elasticsearch, a file and others."}
	c.AddCommand(sinksStatusCommand(), sinksResendCommand())
	return c
}

// sinkStatus is how far one sink is, as a program reads it.
type sinkStatus struct {
	Sink string `json:"sink"`
	Kind string `json:"kind"`
	// Cursor is where the sink is; nil if no worker has ever begun with it.
	Cursor *consumer `json:"cursor"`
}

func sinksStatusCommand() *cobra.Command {
	var f configured
	c := &cobra.Command{
		Use: "status", Short: "List the sinks and how far they are", Args: cobra.NoArgs,
		Long: "Lists each sink in the configuration with the last event that its receiver has, how many it lacks, how old the\n" +
			"oldest of those is, and why it does not go on. It reads the ledger, and needs no worker and no Temporal.",
		Example: "  ramp sinks status --config /etc/ramp/ramp.yaml\n  ramp sinks status --output json",
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
			list := statusOfSinks(c.Worker, cursors)
			return f.format.Print(cmd.OutOrStdout(), list, func(w io.Writer) { printSinks(w, list, time.Now()) })
		},
	}
	f.flags(c, "the worker's")
	return c
}

// statusOfSinks returns how far sinks are, and webhooks after them, by name.
func statusOfSinks(c worker.Config, cursors []ledger.Cursor) []sinkStatus {
	list := []sinkStatus{}
	add := func(name, kind, cursor string) {
		one := sinkStatus{Sink: name, Kind: kind}
		if i := slices.IndexFunc(cursors, func(c ledger.Cursor) bool { return c.Name == cursor }); i >= 0 {
			one.Cursor = &consumer{Cursor: cursors[i], Lag: cursors[i].Lag(), Gap: cursors[i].Gap()}
		}
		list = append(list, one)
	}
	for _, name := range slices.Sorted(maps.Keys(c.Sinks)) {
		add(name, c.Sinks[name].Kind(), sinks.CursorName(name))
	}
	for _, name := range slices.Sorted(maps.Keys(c.Webhooks)) {
		add(webhooks.CursorName(name), "webhook", webhooks.CursorName(name))
	}
	return list
}

// senderOf returns what sends events to a sink or, by the name of its cursor, to a webhook.
func senderOf(c config.Config, name string, led *ledger.Ledger) (sinks.Sender, error) {
	if hook, is := strings.CutPrefix(name, webhooks.CursorName("")); is {
		if one, ok := c.Worker.Webhooks[hook]; ok {
			h, err := webhooks.Open(hook, one, led)
			return h.Send, err
		}
	}
	one, ok := c.Worker.Sinks[name]
	if !ok {
		var known []string
		for _, s := range statusOfSinks(c.Worker, nil) {
			known = append(known, s.Sink)
		}
		return nil, access.Errorf(access.CodeNotFound, "there is no sink %s: there are %v", output.Clean(name), known)
	}
	var servers evidence.Keyring // only a sink that keeps checkpoints needs one
	if len(c.Keys.Trusted) > 0 {
		var err error
		if servers, err = c.Keys.Keyring(); err != nil {
			return nil, err
		}
	}
	receiver, err := sinks.New(name, one, led, servers)
	if err != nil {
		return nil, err
	}
	return receiver.Send, nil
}

func printSinks(w io.Writer, list []sinkStatus, now time.Time) {
	if len(list) == 0 {
		fmt.Fprintln(w, "No sinks are configured: worker.sinks names them.")
		return
	}
	rows := [][]string{{"SINK", "KIND", "TAKEN", "LAG", "OLDEST", "STATE"}}
	for _, s := range list {
		if s.Cursor == nil {
			rows = append(rows, []string{s.Sink, s.Kind, "–", "–", "–", "no worker has begun with it"})
			continue
		}
		row := consumerRow(*s.Cursor, now)
		rows = append(rows, append([]string{s.Sink, s.Kind}, row[1:]...))
	}
	output.Table(w, rows)
}

func sinksResendCommand() *cobra.Command {
	var path string
	var from, to int64
	c := &cobra.Command{
		Use: "resend NAME", Short: "Send events to a sink again", Args: cobra.ExactArgs(1),
		Long: "Sends the events from one number to another, both included, to a sink's receiver once more, from this machine;\n" +
			"to a webhook by the name that the status has for it. It needs the sink's secrets, and no worker and no Temporal. How far the sink is stays as it is. A receiver that\n" +
			"has some of them drops those by their numbers.",
		Example: "  ramp sinks resend siem --from 4711 --to 4800 --config /etc/ramp/ramp.yaml",
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := config.Load(path)
			if err != nil {
				return err
			}
			led, err := c.Ledger.Open(cmd.Context())
			if err != nil {
				return err
			}
			defer led.Close()
			send, err := senderOf(c, args[0], led)
			if err != nil {
				return err
			}
			sent, err := sinks.Resend(cmd.Context(), send, led, from, to)
			fmt.Fprintf(cmd.OutOrStdout(), "%d events were taken again.\n", sent)
			return err
		},
	}
	c.Flags().StringVar(&path, "config", config.DefaultName, "the worker's configuration file")
	c.Flags().Int64Var(&from, "from", 0, "the number of the first event")
	c.Flags().Int64Var(&to, "to", 0, "the number of the last event")
	_ = c.MarkFlagRequired("from") // the flags are defined above
	_ = c.MarkFlagRequired("to")
	return c
}
