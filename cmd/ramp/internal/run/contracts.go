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

func contractsCommand() *cobra.Command {
	c := &cobra.Command{Use: "contracts", Short: "Check, test and explain contracts, print their schema"}
	c.AddCommand(lintCommand(), explainCommand(), contractTestsCommand(), schemaCommand())
	return c
}

func lintCommand() *cobra.Command {
	var format output.Format
	c := &cobra.Command{
		Use: "lint DIRECTORY", Short: "Find everything wrong with a directory of contracts", Args: cobra.ExactArgs(1),
		Long:    "Reads a directory as the server would and names every mistake with file, line and column. The exit code is 2\nif there is any.",
		Example: "  ramp contracts lint contracts/\n  ramp contracts lint contracts/ -o json",
		RunE: func(cmd *cobra.Command, args []string) error {
			set, err := contracts.LoadDir(args[0])
			if err != nil {
				issues := access.IssuesOf(err)
				if len(issues) == 0 {
					issues = []access.Issue{{Code: "contracts_unreadable", Message: err.Error()}}
				}
				_ = printIssues(&format, cmd.OutOrStdout(), issues)
				return err
			}
			return format.Print(cmd.OutOrStdout(), map[string]any{"issues": []access.Issue{}, "contracts": set.Names(), "version": set.Version}, func(w io.Writer) {
				fmt.Fprintf(w, "%s, no issues: %s\n", output.Count(len(set.Contracts), "contract"), strings.Join(set.Names(), ", "))
			})
		},
	}
	format.Flag(c)
	return c
}

func schemaCommand() *cobra.Command {
	return &cobra.Command{
		Use: "schema", Short: "Print the JSON Schema of a contract", Args: cobra.NoArgs,
		Long:    "Prints the JSON Schema (draft 2020-12) of one contract, for editors and other tools.",
		Example: "  ramp contracts schema > contracts/contract.schema.json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := cmd.OutOrStdout().Write(contracts.Schema())
			return err
		},
	}
}
