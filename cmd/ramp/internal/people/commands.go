// Package people has the commands of those who ask for access, approve it, use
// it and audit it. They talk to a server over HTTP, as its API lets them.
package people

import (
	"context"
	"io"

	"github.com/spf13/cobra"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/client"
)

// Commands returns the commands of requesters and approvers.
func Commands() []*cobra.Command {
	return append(stopCommands(),
		loginCommand(), logoutCommand(), whoAmICommand(), noticesCommand(), catalogCommand(), choicesCommand(), requestCommand(), listCommand(), showCommand(),
		decideCommand("approve", "Approve a request", access.Approve), decideCommand("deny", "Deny a request", access.Deny), extendCommand(), reviewCommand(),
		credsCommand(), execCommand(), mcpCommand(),
	)
}

// OperatorCommands returns the commands of operators that need a server only.
func OperatorCommands() []*cobra.Command { return []*cobra.Command{peopleCommand(), targetsCommand()} }

// AuditCommands returns the commands of auditors.
func AuditCommands() []*cobra.Command {
	return []*cobra.Command{auditCommand(), evidenceCommand()}
}

// readCommand completes a command that reads something from the server and prints
// it.
func readCommand[T any](c *cobra.Command, read func(context.Context, *client.Client, []string) (T, error), table func(T) func(io.Writer)) *cobra.Command {
	var s session
	s.flags(c)
	c.RunE = func(cmd *cobra.Command, args []string) error {
		c, err := s.client()
		if err != nil {
			return err
		}
		v, err := read(cmd.Context(), c, args)
		if err != nil {
			return err
		}
		return s.format.Print(cmd.OutOrStdout(), v, table(v))
	}
	return c
}

// requestAction is what a command does about one request. Its result, in a table,
// is the whole request, or one line if said is set.
type requestAction struct {
	do   func(context.Context, *client.Client, string) (access.Request, error)
	said func(access.Request) string
	more func(context.Context, *client.Client, access.Request) (string, error) // printed after the whole request
}

// on completes a command about one request.
func (a requestAction) on(c *cobra.Command) *cobra.Command {
	var s session
	s.requestFlags(c)
	c.Use += " REQUEST"
	c.Args = cobra.MaximumNArgs(1)
	c.RunE = func(cmd *cobra.Command, args []string) error {
		client, id, err := s.request(args)
		if err != nil {
			return err
		}
		r, err := a.do(cmd.Context(), client, id)
		if err != nil {
			return err
		}
		table := requestDetail(r)
		if a.said != nil {
			table = func(w io.Writer) { _, _ = io.WriteString(w, a.said(r)+"\n") }
		}
		if a.more != nil && s.format.IsTable() {
			text, err := a.more(cmd.Context(), client, r)
			if err != nil {
				return err
			}
			whole := table
			table = func(w io.Writer) { whole(w); _, _ = io.WriteString(w, text) }
		}
		return s.format.Print(cmd.OutOrStdout(), r, table)
	}
	return c
}
