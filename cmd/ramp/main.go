// Command ramp is all of Ramp: the server, the worker, everything at once for
// development, and the command line for people.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/sirupsen/logrus"
	"github.com/spf13/cobra"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/cmd/ramp/internal/dev"
	"ramp.dev/ramp/cmd/ramp/internal/people"
	"ramp.dev/ramp/cmd/ramp/internal/run"
	"ramp.dev/ramp/cmd/ramp/internal/target"
	"ramp.dev/ramp/cmd/ramp/internal/version"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// The first Ctrl-C lets what is under way finish; the next one stops at once.
	context.AfterFunc(ctx, stop)
	err := root().ExecuteContext(ctx)
	stop()
	os.Exit(exitCode(err))
}

func root() *cobra.Command {
	c := &cobra.Command{
		Use:   "ramp",
		Short: "Temporary access to production",
		Long: "Ramp gives people temporary access to production: exactly what was approved, for the time that was approved.\n\n" +
			"To begin, `ramp login`, then `ramp catalog`. To try it on this machine, `ramp dev`.\n\n" +
			"Exit codes: 0 done, 1 internal fault, 2 wrong input, 3 not logged in, 4 refused or denied, 5 not found,\n" +
			"6 wrong state or too late, 7 a service that is needed is unavailable,\n" +
			"8 a sweep found or left something, 9 evidence proves that access outlasted its end.\n" +
			"`ramp exec` exits with the code of its command.",
		Version:       version.String(),
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	c.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return access.Errorf(access.CodeInvalid, "%s; see `%s --help`", wrongFlag(cmd, err), cmd.CommandPath())
	})
	var level string
	c.PersistentFlags().StringVar(&level, "log-level", "warn", "what to log: debug, info, warn or error")
	c.PersistentPreRunE = func(*cobra.Command, []string) error {
		l, err := logrus.ParseLevel(level)
		if err != nil {
			return access.Errorf(access.CodeInvalid, "--log-level: %q is none of debug, info, warn, error", level)
		}
		logrus.SetLevel(l)
		return nil
	}
	group(c, "people", "Request, approve and use access:", people.Commands()...)
	group(c, "audit", "Audit:", people.AuditCommands()...)
	group(c, "run", "Operate Ramp:", append(append(run.Commands(people.ContractCommands()...), people.OperatorCommands()...), target.Command(), dev.Command())...)
	c.AddCommand(versionCommand(c.Version))
	codeMistakes(c)
	fitHelp(c)
	return c
}

func versionCommand(is string) *cobra.Command {
	return &cobra.Command{Use: "version", Short: "Print which build of Ramp this is", Args: cobra.NoArgs, Example: "  ramp version",
		Run: func(cmd *cobra.Command, _ []string) { fmt.Fprintln(cmd.OutOrStdout(), "ramp version", is) }}
}

func group(c *cobra.Command, id, title string, commands ...*cobra.Command) {
	c.AddGroup(&cobra.Group{ID: id, Title: title})
	for _, sub := range commands {
		sub.GroupID = id
		c.AddCommand(sub)
	}
}
