package people

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/client"
	"ramp.dev/ramp/cmd/ramp/internal/output"
)

// peopleCommand returns the operators' commands about who is one human.
func peopleCommand() *cobra.Command {
	c := &cobra.Command{Use: "people", Short: "Say which accounts are one human's; for operators",
		Long: "Somebody with two accounts could approve their own request with the other one, or fill two seats of a stage.\n" +
			"Accounts that are linked count as one human, from the next decision and opening on, for requests that are open\n" +
			"already too. An account is the id that `ramp show` and the pages give of a person. Each change is an event."}
	c.AddCommand(peopleListCommand(), peopleLinkCommand(), peopleUnlinkCommand())
	return c
}

func peopleListCommand() *cobra.Command {
	return readCommand(&cobra.Command{Use: "list", Short: "List linked accounts", Args: cobra.NoArgs, Example: "  ramp people list"},
		func(ctx context.Context, c *client.Client, _ []string) ([]access.AccountLink, error) {
			return c.AccountLinks(ctx)
		}, linksTable)
}

func linksTable(list []access.AccountLink) func(io.Writer) {
	return func(w io.Writer) {
		if len(list) == 0 {
			fmt.Fprintln(w, "No accounts are linked.")
			return
		}
		rows := [][]string{{"ACCOUNT", "HUMAN", "LINKED BY", "SINCE", ""}}
		for _, l := range list {
			by, note := l.LinkedBy, ""
			if by == access.ActorRamp {
				by = "configuration"
			}
			if l.Unproven {
				note = "not believed: changed in the database; link or unlink it again"
			}
			rows = append(rows, []string{l.Account, l.Human, by, access.FormatTime(l.LinkedAt), note})
		}
		output.Table(w, rows)
	}
}

func peopleLinkCommand() *cobra.Command {
	return readCommand(&cobra.Command{Use: "link ACCOUNT HUMAN", Short: "Make an account count as a human's", Args: cobra.ExactArgs(2),
		Example: "  ramp people link partner:carol carol\n  ramp people link bob-admin bob"},
		func(ctx context.Context, c *client.Client, args []string) (map[string]string, error) {
			return map[string]string{"account": args[0], "human": args[1]}, c.LinkAccount(ctx, args[0], args[1])
		}, said(func(account, human string) string {
			return account + " counts as " + human + " from now on, in requests that are open already too."
		}))
}

func peopleUnlinkCommand() *cobra.Command {
	return readCommand(&cobra.Command{Use: "unlink ACCOUNT", Short: "Let an account count for itself again", Args: cobra.ExactArgs(1),
		Long: "What was signed while the account was linked keeps counting as one human's. A link of the servers' configuration\n" +
			"(server.identity.links) must be taken out there first: a server that has it links the account again when it starts.",
		Example: "  ramp people unlink partner:carol"},
		func(ctx context.Context, c *client.Client, args []string) (map[string]string, error) {
			return map[string]string{"account": args[0]}, c.UnlinkAccount(ctx, args[0])
		}, said(func(account, _ string) string { return account + " counts for itself from now on." }))
}

// said prints one sentence about an account.
func said(sentence func(account, human string) string) func(map[string]string) func(io.Writer) {
	return func(v map[string]string) func(io.Writer) {
		return func(w io.Writer) { fmt.Fprintln(w, sentence(v["account"], v["human"])) }
	}
}
