//go:build !lean

package target

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/cmd/ramp/internal/output"
	"ramp.dev/ramp/integrations/program/programtest"
)

func testCommand() *cobra.Command {
	var s subjectFlags
	var format output.Format
	var probe, principal, only string
	c := &cobra.Command{
		Use: "test [flags] [-- PROGRAM ARGUMENT...]", Short: "Test a program or a service by the suite that all targets pass",
		Long: "It opens and ends access for real, by the two examples of the program's description: point it at a service for\n" +
			"tests. It takes minutes, since it also lets access end by itself.\n\n" +
			"With --probe a program of yours looks at the service with its own eyes and uses the access; without one the suite\n" +
			"goes by the tested program's own word. The exit code is 0 if every property that was tried holds, and 6 if not.",
		Example: "  ramp target test --probe './billing/billing probe' -- ./billing/billing\n  ramp target test --url https://billing.example.com/ramp --secret billing.secret -o json",
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := s.check(args); err != nil {
				return err
			}
			own, err := os.Executable()
			if err != nil {
				return access.Errorf(access.CodeUnavailable, "%w", err)
			}
			subject := programtest.Subject{Command: args, URL: s.url, Secret: s.secret, CAFile: s.caFile, Probe: strings.Fields(probe), Principal: principal, Only: only}
			r, err := programtest.Run(cmd.Context(), subject, []string{own, "target", "suite"}, cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			if err := format.Print(cmd.OutOrStdout(), r, func(w io.Writer) { table(w, r) }); err != nil {
				return err
			}
			if !r.Passed {
				return access.Errorf(access.CodeConflict, "the program does not hold what targets promise")
			}
			return nil
		},
	}
	s.flags(c)
	format.Flag(c)
	c.Flags().StringVar(&probe, "probe", "", "a program with arguments that looks at the service and uses the access (docs/targets/programs.md)")
	c.Flags().StringVar(&only, "only", "", "parts of the suite, such as core or 'core|protocol', while you work on one; all if it is left out")
	c.Flags().StringVar(&principal, "principal", "alice@example.com", "who the access is opened for")
	return c
}

// table prints a report for people.
func table(w io.Writer, r programtest.Report) {
	counts := map[programtest.Result]int{}
	for _, f := range r.Findings {
		counts[f.Result]++
		fmt.Fprintf(w, "%-11s %s\n", f.Result, f.Property)
		for _, why := range f.Why {
			fmt.Fprintf(w, "            %s\n", output.Clean(why))
		}
		if f.Mend != "" {
			fmt.Fprintf(w, "            to mend it: %s\n", f.Mend)
		}
	}
	fmt.Fprintf(w, "\n%s: %d hold, %d do not, %d were not tried.\n", output.Clean(r.Program), counts[programtest.Pass], counts[programtest.Fail], counts[programtest.Lacks]+counts[programtest.NotRun])
	if r.Only != "" {
		fmt.Fprintf(w, "Only the parts %s ran: this is no proof of the rest.\n", output.Clean(r.Only))
	}
	if !r.Probe {
		fmt.Fprintln(w, "Without --probe, all of it is the program's own word.")
	}
}

// addSuite adds the command that `ramp target test` runs as a process of its own.
func addSuite(c *cobra.Command) {
	c.AddCommand(&cobra.Command{
		Use: "suite", Short: "Run the suite, for `ramp target test`", Hidden: true, Args: cobra.NoArgs, Example: "  ramp target suite",
		RunE: func(*cobra.Command, []string) error {
			if os.Getenv(programtest.Variable) == "" {
				return access.Errorf(access.CodeInvalid, "this is started by `ramp target test`")
			}
			programtest.Main()
			return nil
		},
	})
}
