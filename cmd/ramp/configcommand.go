package main

import (
	"fmt"

	"github.com/goccy/go-yaml"
	"github.com/spf13/cobra"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config"
)

func configCommand() *cobra.Command {
	c := &cobra.Command{Use: "config", Short: "Check a configuration, or show it without its secrets", GroupID: "run", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() }}
	c.AddCommand(configCheckCommand(), configShowCommand())
	return c
}

func configCheckCommand() *cobra.Command {
	var path string
	c := &cobra.Command{
		Use: "check --config FILE", Short: "Say everything that is wrong with a configuration", Args: cobra.NoArgs,
		Long: "Says everything that is wrong with a configuration and its contracts, each with its place. It reads files\n" +
			"and reaches for nothing on the network. The parts that the file has are checked: server, worker or both.",
		Example: "  ramp config check --config /etc/ramp/ramp.yaml",
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := config.Load(path)
			if err != nil {
				return err
			}
			parts := c.Parts()
			if !parts.Server && !parts.Worker {
				return access.Errorf(access.CodeInvalid, "%s has neither server nor worker", path)
			}
			issues := c.Validate(parts)
			if parts.Server && c.Server.Contracts != "" {
				issues = append(issues, c.ValidateContracts()...)
			}
			if len(issues) > 0 {
				return access.Invalid(issues...)
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%s: valid\n", path)
			return nil
		},
	}
	c.Flags().StringVar(&path, "config", config.DefaultName, "the configuration file")
	return c
}

func configShowCommand() *cobra.Command {
	var path string
	c := &cobra.Command{
		Use: "show --config FILE", Short: "Print a configuration as Ramp reads it, secrets masked", Args: cobra.NoArgs,
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
