package run

import (
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/spf13/cobra"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/cmd/ramp/internal/output"
	"ramp.dev/ramp/passkey"
)

func passkeysCommand() *cobra.Command {
	c := &cobra.Command{Use: "passkeys", Short: "Check who approves with which passkey"}
	c.AddCommand(passkeysCheckCommand())
	return c
}

func passkeysCheckCommand() *cobra.Command {
	var format output.Format
	c := &cobra.Command{
		Use: "check FILE", Short: "Find everything wrong with a file of passkeys", Args: cobra.ExactArgs(1),
		Long: "Reads a file of passkeys (keys.passkeys) as server and worker would, names every mistake, and lists whose keys\n" +
			"are in it. Run it on each change to the file, before it is in force. The exit code is 2 if anything is wrong.",
		Example: "  ramp passkeys check passkeys.yaml",
		RunE: func(cmd *cobra.Command, args []string) error {
			set, err := passkey.Load(args[0])
			if err != nil {
				return access.WithCode(err, access.CodeInvalid)
			}
			return format.Print(cmd.OutOrStdout(), set, func(w io.Writer) {
				rows := [][]string{{"PERSON", "KEY", "ENROLLED", "UNTIL"}}
				for _, person := range slices.Sorted(maps.Keys(set.People)) {
					for _, k := range set.People[person] {
						rows = append(rows, []string{output.Clean(person), output.Clean(k.Name), k.Enrolled, k.Until})
					}
				}
				output.Table(w, rows)
				fmt.Fprintf(w, "\n%s: valid. These passkeys sign at %s and are bound to %s.\n", args[0], set.Origin, set.RPID)
			})
		},
	}
	format.Flag(c)
	return c
}
