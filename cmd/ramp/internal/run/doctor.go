package run

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/chat/slack"
	"ramp.dev/ramp/cmd/ramp/internal/output"
	"ramp.dev/ramp/config"
	"ramp.dev/ramp/contracts"
	"ramp.dev/ramp/ledger"
	"ramp.dev/ramp/notices"
)

// clockTolerance is how far two clocks may be apart: a login's age, a window and the end
// of access are judged by them.
const clockTolerance = 5 * time.Second

func doctorCommand() *cobra.Command {
	var f configured
	var to string
	c := &cobra.Command{
		Use: "doctor", Short: "Say what keeps this installation from working", Args: cobra.NoArgs,
		Long: "Asks every service in a configuration whether it can be used, as `ramp config check --ping` does, compares this\n" +
			"machine's clock with the ledger's, and says which consumers of events do not go on, which witnesses have not\n" +
			"cosigned the log and which notices did not arrive. Of each target it says which rights Ramp's own credential lacks,\n" +
			"and which it has and need not. With --notice it sends a test message: to a mail address or a\n" +
			"channel by its name, as notices are sent, to a user of Slack, such as U012ABCDE, as the app's direct message, to a\n" +
			"ticket, such as jira:OPS-42, as a comment.",
		Example: "  ramp doctor --config /etc/ramp/ramp.yaml\n  ramp doctor --notice me@example.com\n  ramp doctor --notice U012ABCDE\n  ramp doctor --notice jira:OPS-42",
		RunE: func(cmd *cobra.Command, _ []string) error {
			issues, doubts, err := checkConfig(cmd.Context(), f.path, true)
			if err != nil {
				issues = access.IssuesOf(err)
			}
			c, loaded := config.Load(f.path)
			var rights []targetRights
			if err == nil && loaded == nil {
				issues = append(issues, examine(cmd.Context(), c, to)...)
				var wrong access.Issues
				rights, wrong = examineRights(cmd.Context(), c, issues)
				issues = withoutRepeats(append(issues, wrong...))
				err = issues.Err()
			}
			if err != nil {
				_ = printIssues(&f.format, cmd.OutOrStdout(), issues, rights...)
				return err
			}
			return f.format.Print(cmd.OutOrStdout(), checked{Issues: []access.Issue{}, Warnings: doubts, Targets: rights}, func(w io.Writer) {
				fmt.Fprintln(w, "Each service can be used, the clocks agree, and no consumer of events has stopped.")
				printFindings(w, doubts)
				printRights(w, rights)
				if to != "" {
					fmt.Fprintf(w, "A test message is on its way to %s: look whether it arrives.\n", output.Clean(to))
				}
			})
		},
	}
	f.flags(c, "the server's or worker's")
	c.Flags().StringVar(&to, "notice", "", "send a test message to this mail address, channel, user of Slack or ticket")
	return c
}

// withoutRepeats returns issues without those that say an earlier one again: that the ledger
// cannot be reached, of another question to it, and that a target cannot be used, as its
// worker found it before this process did.
func withoutRepeats(issues access.Issues) (out access.Issues) {
	said := map[string]bool{}
	for _, is := range issues {
		fault := is.Code + " " + is.Field
		switch {
		case strings.HasPrefix(is.Code, "target_") && said["target_unavailable worker.targets."+is.Field]:
			continue
		case is.Code != "ledger_unavailable":
			said[fault] = true
			fault += " " + is.Message
		}
		if !said[fault] {
			out = append(out, is)
		}
		said[fault] = true
	}
	return out
}

// examine returns what does not work in an installation that can be reached.
func examine(ctx context.Context, c config.Config, to string) (issues access.Issues) {
	led, err := c.Ledger.Open(ctx)
	if err != nil {
		issues.Add("ledger_unavailable", "ledger.url", "%s", err)
		return issues
	}
	defer led.Close()
	before := time.Now()
	if there, err := led.Now(ctx); err != nil {
		issues.Add("ledger_unavailable", "ledger.url", "%s", err)
	} else if apart := clocksApart(before, time.Now(), there); apart > clockTolerance {
		issues.Add("clocks_differ", "ledger.url", "this machine's clock and the ledger's are %s apart: synchronize both by NTP", apart.Round(time.Second))
	}
	cursors, err := led.Cursors(ctx)
	if err != nil {
		issues.Add("ledger_unavailable", "ledger.url", "%s", err)
	}
	for _, one := range cursors {
		switch {
		case one.Gap():
			issues.Add("feed_gap", one.Name, "the event after %d is missing from the log; see `ramp feed status`", one.Seq)
		case one.FailingSince != nil:
			issues.Add("feed_failing", one.Name, "it has been failing since %s: %s", output.Time(*one.FailingSince), output.Clean(one.Error))
		}
	}
	if notified(c) && !slices.ContainsFunc(cursors, func(one ledger.Cursor) bool { return one.Name == notices.Name }) {
		issues.Add("notices_nobody", "worker.notices", "contracts have notices, and no worker has ever been set up to send any")
	}
	issues = append(issues, ownerIssues(ctx, c, led)...)
	issues = append(issues, witnessIssues(ctx, c, led)...)
	issues = append(issues, stateIssues(ctx, c, led)...)
	counts, err := led.NoticeCounts(ctx)
	if err != nil {
		issues.Add("ledger_unavailable", "ledger.url", "%s", err)
	}
	if counts.Urgent > 0 {
		issues.Add("notices_failing", "worker.notices", "%d urgent notices could not be sent yet", counts.Urgent)
	}
	if counts.GivenUp > 0 {
		issues.Add("notices_given_up", "worker.notices", "%d notices of the last seven days could not be sent", counts.GivenUp)
	}
	waiting, err := led.ChatCounts(ctx)
	if err != nil {
		issues.Add("ledger_unavailable", "ledger.url", "%s", err)
	}
	if waiting.Urgent > 0 {
		issues.Add("chat_failing", "server.slack", "%d urgent messages could not be sent yet", waiting.Urgent)
	}
	switch {
	case slack.IsUser(to):
		if err := c.Server.TestChat(ctx, to); err != nil {
			issues.Add("notice_not_sent", "server.slack", "%s", err)
		}
	case to != "":
		if err := c.Worker.TestNotice(ctx, to); err != nil {
			issues.Add("notice_not_sent", placeOf(to), "%s", err)
		}
	}
	return issues
}

// placeOf returns what in the configuration a test message goes through.
func placeOf(to string) string {
	switch {
	case strings.Contains(to, "@"):
		return "worker.notices.mail"
	case strings.Contains(to, ":"):
		return "worker.notices.tickets"
	}
	return "worker.notices.channels"
}

// notified reports whether a contract in the configured directory has notices of its own.
// Those of a git repository are known to the server only.
func notified(c config.Config) bool {
	if c.Server.Contracts == "" {
		return false
	}
	set, err := contracts.LoadDir(string(c.Server.Contracts))
	return err == nil && slices.ContainsFunc(set.Contracts, (*contracts.Contract).Notifies)
}

// clocksApart returns how far a clock that was read between two times of this one is
// from it, at the least.
func clocksApart(before, after, there time.Time) time.Duration {
	switch {
	case there.Before(before):
		return before.Sub(there)
	case there.After(after):
		return there.Sub(after)
	}
	return 0
}
