// Command ramp is all of Ramp: the server, the worker, everything at once for
// development, and the command line for people.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"github.com/sirupsen/logrus"
	"github.com/spf13/cobra"

	"ramp.dev/ramp/access"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// The first Ctrl-C asks; the next one does not.
	context.AfterFunc(ctx, stop)
	err := root().ExecuteContext(ctx)
	stop()
	os.Exit(exitCode(err))
}

func root() *cobra.Command {
	c := &cobra.Command{
		Use:   "ramp",
		Short: "Temporary access to production",
		Long: "Ramp opens one exact thing in production for the time that was approved, and closes it without exception.\n\n" +
			"Exit codes: 0 done, 1 a fault, 2 wrong input, 3 not logged in, 4 refused or denied, 5 not found,\n" +
			"6 not in this state or too late, 7 something needed does not answer,\n" +
			"8 a sweep found or left something. `ramp exec` ends as its command does.",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	c.AddGroup(&cobra.Group{ID: "people", Title: "Ask, approve, use:"}, &cobra.Group{ID: "run", Title: "Run Ramp:"})
	c.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return access.Errorf(access.CodeInvalid, "%s; see `%s --help`", err, cmd.CommandPath())
	})
	var level string
	c.PersistentFlags().StringVar(&level, "log-level", "warn", "what to log: debug, info, warn or error")
	c.PersistentPreRunE = func(cmd *cobra.Command, _ []string) error {
		l, err := logrus.ParseLevel(level)
		if err != nil {
			return access.Errorf(access.CodeInvalid, "--log-level: %q is none of debug, info, warn, error", level)
		}
		logrus.SetLevel(l)
		return nil
	}
	c.AddCommand(serverCommand(), workerCommand(), devCommand(), configCommand(), contractsCommand(), auditCommand(), evidenceCommand(), passkeysCommand(), sweepCommand(), reconcileCommand(), deployCommand())
	c.AddCommand(peopleCommands()...)
	mistakes(c)
	return c
}

// mistakes makes wrong arguments and unknown commands errors of CodeInvalid at
// every command below c, as wrong flags are: cobra's own have no code.
func mistakes(c *cobra.Command) {
	if args := c.Args; args != nil {
		c.Args = func(cmd *cobra.Command, given []string) error {
			if err := args(cmd, given); err != nil {
				return access.Errorf(access.CodeInvalid, "%s; see `%s --help`", err, cmd.CommandPath())
			}
			return nil
		}
	}
	if !c.Runnable() {
		c.Args = cobra.ArbitraryArgs
		c.RunE = func(cmd *cobra.Command, given []string) error {
			if len(given) == 0 {
				return cmd.Help()
			}
			msg := fmt.Sprintf("there is no command %q", cmd.CommandPath()+" "+given[0])
			cmd.SuggestionsMinimumDistance = 2
			if near := cmd.SuggestionsFor(given[0]); len(near) > 0 {
				msg += fmt.Sprintf("; did you mean %q?", near[0])
			}
			return access.Errorf(access.CodeInvalid, "%s", msg)
		}
	}
	for _, sub := range c.Commands() {
		mistakes(sub)
	}
}

// exits maps codes to what scripts can tell apart.
var exits = map[access.Code]int{
	access.CodeInvalid: 2, access.CodeTooLarge: 2,
	access.CodeUnauthenticated: 3,
	access.CodeForbidden:       4, access.CodeUnevaluated: 4, access.CodeEvidence: 4,
	access.CodeNotFound: 5,
	access.CodeConflict: 6, access.CodeTooLate: 6,
	access.CodeUnavailable: 7, access.CodeThrottled: 7,
}

// exitCode prints the error and says how to end.
func exitCode(err error) int {
	if err == nil {
		return 0
	}
	var child *exec.ExitError
	if errors.As(err, &child) {
		if code := child.ExitCode(); code >= 0 {
			return code
		}
		return 1
	}
	if errors.Is(err, errLeft) {
		return exitLeft // what it is was printed
	}
	var e *access.Error
	if errors.As(err, &e) && len(e.Issues) > 1 {
		head := e.Message
		if head == "" {
			head = "several things are wrong"
		}
		fmt.Fprintln(os.Stderr, "ramp:", head+":")
		for _, i := range e.Issues {
			fmt.Fprintln(os.Stderr, "  "+i.String())
		}
	} else {
		fmt.Fprintln(os.Stderr, "ramp:", err)
		if e != nil && len(e.Issues) == 1 && e.Issues[0].Code == access.IssueStepUpNeeded {
			fmt.Fprintln(os.Stderr, "  run `ramp login`, then this again")
		}
	}
	if code, ok := exits[access.CodeOf(err)]; ok {
		return code
	}
	return 1
}
