package run

import (
	"context"
	"fmt"
	"io"

	"github.com/goccy/go-yaml"
	"github.com/spf13/cobra"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config"
	"ramp.dev/ramp/contracts"
)

func configCommand() *cobra.Command {
	c := &cobra.Command{Use: "config", Short: "Check a configuration, or show it without its secrets"}
	c.AddCommand(configCheckCommand(), configShowCommand())
	return c
}

func configCheckCommand() *cobra.Command {
	var f configured
	var ping bool
	c := &cobra.Command{
		Use: "check", Short: "Find everything wrong with a configuration", Args: cobra.NoArgs,
		Long: "Finds everything that is wrong with a configuration and its contracts, each with its place. It reads files\n" +
			"and reaches for nothing on the network. It checks the parts that the file has: server, worker or both.\n\n" +
			"With --ping it then asks each service in the file whether it can be used: Vault for the secrets, the ledger's\n" +
			"database, Temporal and the search attributes in its namespace, the identity providers, the sources of facts,\n" +
			"the repository of contracts, each target with the worker's credentials, and the mail server for notices.\n" +
			"`ramp doctor` asks for more.",
		Example: "  ramp config check --config /etc/ramp/ramp.yaml\n  ramp config check --ping\n  ramp config check -o json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			issues, doubts, err := checkConfig(cmd.Context(), f.path, ping)
			if err != nil {
				issues = access.IssuesOf(err)
			} else {
				err = issues.Err()
			}
			if err != nil {
				_ = printIssues(&f.format, cmd.OutOrStdout(), issues)
				return err
			}
			said := "valid"
			if ping {
				said = "valid, and each service in it can be used"
			}
			return f.format.Print(cmd.OutOrStdout(), checked{Issues: []access.Issue{}, Warnings: doubts}, func(w io.Writer) {
				fmt.Fprintf(w, "%s: %s\n", f.path, said)
				printFindings(w, doubts)
			})
		},
	}
	f.flags(c, "the")
	c.Flags().BoolVar(&ping, "ping", false, "ask each service in the file whether it can be used")
	return c
}

// checkConfig returns what is wrong with a file that can be read, and what may be. Services
// are asked only where nothing else is wrong.
func checkConfig(ctx context.Context, path string, ping bool) (issues access.Issues, doubts []contracts.Finding, err error) {
	c, err := config.Load(path)
	if err != nil {
		return nil, nil, err
	}
	parts := c.Parts()
	if !parts.Server && !parts.Worker {
		return nil, nil, access.Errorf(access.CodeInvalid, "%s has neither server nor worker", path)
	}
	issues = c.Validate(parts)
	if parts.Server {
		issues = append(issues, c.ValidateContracts()...)
		doubts = c.ContractDoubts()
	}
	if ping && len(issues) == 0 {
		issues = c.Ping(ctx, parts)
	}
	return issues, doubts, nil
}

func configShowCommand() *cobra.Command {
	var path string
	c := &cobra.Command{
		Use: "show", Short: "Print a configuration as Ramp reads it, secrets masked", Args: cobra.NoArgs,
		Long:    "Prints the configuration as YAML, with paths as Ramp will open them and the reference of each secret in place of its value.",
		Example: "  ramp config show --config /etc/ramp/ramp.yaml",
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := config.Load(path)
			if err != nil {
				return err
			}
			b, err := yaml.Marshal(c)
			if err != nil {
				return err
			}
			_, err = cmd.OutOrStdout().Write(b)
			return err
		},
	}
	c.Flags().StringVar(&path, "config", config.DefaultName, "the configuration file")
	return c
}
