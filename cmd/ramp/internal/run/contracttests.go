package run

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/cmd/ramp/internal/output"
	"ramp.dev/ramp/contracts"
)

func contractTestsCommand() *cobra.Command {
	var format output.Format
	c := &cobra.Command{
		Use: "test DIRECTORY", Short: "Run the tests that lie beside contracts", Args: cobra.ExactArgs(1),
		Long: "Runs every *_test.yaml of a directory under its contracts, without a server, and lists which values the\n" +
			"conditions had in no test. The exit code is 2 if a test fails or there is none.",
		Example: "  ramp contracts test contracts/\n  ramp contracts test contracts/ -o json",
		RunE: func(cmd *cobra.Command, args []string) error {
			set, err := contracts.LoadDir(args[0])
			if err != nil {
				return err
			}
			files, err := contracts.LoadTests(args[0])
			if err != nil {
				return err
			}
			report, err := set.RunTests(files)
			if err != nil {
				return err
			}
			if len(report.Results) == 0 {
				return access.Errorf(access.CodeInvalid, "%s holds no tests; they are in files named *_test.yaml", args[0])
			}
			if err := format.Print(cmd.OutOrStdout(), report, testReport(report)); err != nil {
				return err
			}
			if n := report.Failed(); n > 0 {
				return access.Errorf(access.CodeInvalid, "%s failed", output.Count(n, "test"))
			}
			return nil
		},
	}
	format.Flag(c)
	return c
}

func testReport(r contracts.TestReport) func(io.Writer) {
	return func(w io.Writer) {
		for _, t := range r.Results {
			if t.Failure != "" {
				fmt.Fprintf(w, "FAIL %s: %s: %s\n", output.Clean(t.Place), output.Clean(t.Name), output.Clean(t.Failure))
			}
		}
		fmt.Fprintf(w, "%s, %d failed\n", output.Count(len(r.Results), "test"), r.Failed())
		if len(r.Untested) == 0 {
			return
		}
		fmt.Fprintln(w, "\nConditions that were never:")
		rows := [][]string{}
		for _, u := range r.Untested {
			never := make([]string, len(u.Never))
			for i, value := range u.Never {
				never[i] = value.InWords()
			}
			rows = append(rows, []string{"  " + u.Contract, u.Field, strings.Join(never, ", ")})
		}
		output.Table(w, rows)
	}
}
