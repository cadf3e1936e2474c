package run

import (
	"fmt"
	"io"

	"github.com/goccy/go-yaml"
	"github.com/spf13/cobra"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config"
)

func configCommand() *cobra.Command {
	c := &cobra.Command{Use: "config", Short: "Check a configuration, or show it without its secrets"}
	c.AddCommand(configCheckCommand(), configShowCommand())
	return c
}

func configCheckCommand() *cobra.Command {
	var f configured
	c := &cobra.Command{
		Use: "check", Short: "Find everything wrong with a configuration", Args: cobra.NoArgs,
		Long: "Finds everything that is wrong with a configuration and its contracts, each with its place. It reads files\n" +
			"and reaches for nothing on the network. It checks the parts that the file has: server, worker or both.",
		Example: "  ramp config check --config /etc/ramp/ramp.yaml\n  ramp config check -o json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			issues, err := checkConfig(f.path)
			if err != nil {
				issues = access.IssuesOf(err)
			} else if len(issues) > 0 {
				err = access.Invalid(issues...)
			}
			if err != nil {
				_ = printIssues(&f.format, cmd.OutOrStdout(), issues)
				return err
			}
			return f.format.Print(cmd.OutOrStdout(), checked{[]access.Issue{}}, func(w io.Writer) { fmt.Fprintf(w, "%s: valid\n", f.path) })
		},
	}
	f.flags(c, "the")
	return c
}

// checkConfig returns what is wrong with a file that can be read.
func checkConfig(path string) ([]access.Issue, error) {
	c, err := config.Load(path)
	if err != nil {
		return nil, err
	}
	parts := c.Parts()
	if !parts.Server && !parts.Worker {
		return nil, access.Errorf(access.CodeInvalid, "%s has neither server nor worker", path)
	}
	issues := c.Validate(parts)
	if parts.Server && c.Server.Contracts != "" {
		issues = append(issues, c.ValidateContracts()...)
	}
	return issues, nil
}

func configShowCommand() *cobra.Command {
	var path string
	c := &cobra.Command{
		Use: "show", Short: "Print a configuration as Ramp reads it, secrets masked", Args: cobra.NoArgs,
		Long:    "Prints the configuration as YAML, with paths as Ramp will open them and secrets as they are named.",
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
