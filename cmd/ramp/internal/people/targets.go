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

func targetsCommand() *cobra.Command {
	return readCommand(&cobra.Command{
		Use: "targets", Short: "Say which targets can be used, and why others cannot", Args: cobra.NoArgs,
		Long: "Lists each target that a contract names or a worker has spoken of, with what its workers last said of it: on; partly,\n" +
			"if a part of it, such as a host, does not respond; failing, if it responds with an error or not at all; off, if its\n" +
			"worker cannot start it; silent, if no worker of it has been heard of for three minutes; and misplaced, beside it, if a\n" +
			"worker has it in its configuration whose key is for others only. Workers try again by themselves. For operators and\n" +
			"auditors.",
		Example: "  ramp targets\n  ramp targets -o json",
	}, func(ctx context.Context, c *client.Client, _ []string) ([]access.TargetState, error) {
		return c.Targets(ctx)
	}, targetsTable)
}

func targetsTable(all []access.TargetState) func(io.Writer) {
	return func(w io.Writer) {
		if len(all) == 0 {
			fmt.Fprintln(w, "No contract names a target, and no worker has spoken of one.")
			return
		}
		rows := [][]string{{"TARGET", "STATE", "SINCE", "REASON"}}
		for _, s := range all {
			since := ""
			if !s.Since.IsZero() {
				since = output.Time(s.Since)
			}
			rows = append(rows, []string{output.Clean(s.Target), string(s.Condition), since, output.Clean(s.Reason)})
		}
		output.Table(w, rows)
	}
}
