package main

import (
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/spf13/cobra"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/passkey"
)

func passkeysCommand() *cobra.Command {
	c := &cobra.Command{Use: "passkeys", Short: "Check who approves with which passkey", GroupID: "run"}
	c.AddCommand(passkeysCheckCommand())
	return c
}

func passkeysCheckCommand() *cobra.Command {
	var o common
	c := &cobra.Command{
		Use: "check FILE", Short: "Find everything wrong with a file of passkeys", Args: cobra.ExactArgs(1),
		Long: "Reads a file of passkeys (keys.passkeys) as server and worker would, tells every mistake, and lists whose\n" +
			"keys it holds. Run it on each change to the file, before it is in force. Ends with 2 if anything is wrong.",
		Example: "  ramp passkeys check passkeys.yaml",
		RunE: func(cmd *cobra.Command, args []string) error {
			set, err := passkey.Load(args[0])
			if access.CodeOf(err) == access.CodeUnavailable {
				return access.Errorf(access.CodeInvalid, "%w", err)
			}
			if err != nil {
				return err
			}
			return o.print(cmd.OutOrStdout(), set, func(w io.Writer) {
				rows := [][]string{{"PERSON", "KEY", "SINCE", "UNTIL"}}
				for _, person := range slices.Sorted(maps.Keys(set.People)) {
					for _, k := range set.People[person] {
						rows = append(rows, []string{clean(person), clean(k.Name), k.Enrolled, k.Until})
					}
				}
				columns(w, rows)
				fmt.Fprintf(w, "\nNothing wrong. These keys sign at %s, bound to %s.\n", set.Origin, set.RPID)
			})
		},
	}
	c.Flags().StringVarP(&o.output, "output", "o", "table", "table, json or yaml")
	return c
}
