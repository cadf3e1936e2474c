package main

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/spf13/cobra"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/internal/strictyaml"
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
			c, err := loadConfig(path)
			if err != nil {
				return err
			}
			hasServer, hasWorker := c.has("server"), c.has("worker")
			if !hasServer && !hasWorker {
				return access.Errorf(access.CodeInvalid, "%s has neither server nor worker", path)
			}
			var issues []access.Issue
			issues = append(issues, access.IssuesOf(c.check(hasServer, hasWorker))...)
			if hasServer && c.Server.Contracts != "" {
				if err := c.checkContracts(); len(access.IssuesOf(err)) > 0 {
					issues = append(issues, access.IssuesOf(err)...)
				} else if err != nil {
					issues = append(issues, access.Issue{Code: "contracts_unreadable", Field: c.place("server.contracts") + ": server.contracts", Message: err.Error()})
				}
			}
			if len(issues) > 0 {
				return access.Invalid(issues...)
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%s is right.\n", path)
			return nil
		},
	}
	c.Flags().StringVar(&path, "config", configName, "the configuration file")
	return c
}

func configShowCommand() *cobra.Command {
	var path string
	c := &cobra.Command{
		Use: "show --config FILE", Short: "Print a configuration as Ramp reads it, secrets masked", Args: cobra.NoArgs,
		Example: "  ramp config show --config /etc/ramp/ramp.yaml",
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := loadConfig(path)
			if err != nil {
				return err
			}
			b, err := yaml.Marshal(c.masked())
			if err != nil {
				return err
			}
			_, err = cmd.OutOrStdout().Write(b)
			return err
		},
	}
	c.Flags().StringVar(&path, "config", configName, "the configuration file")
	return c
}

// has says whether a field is written, with or without anything in it.
func (c config) has(path ...string) bool {
	node := c.body
	for _, name := range path {
		fields := strictyaml.Fields(node)
		i := slices.IndexFunc(fields, func(v *ast.MappingValueNode) bool { return v.Key.GetToken().Value == name })
		if i < 0 {
			return false
		}
		node = fields[i].Value
	}
	return true
}

var passwordWord = regexp.MustCompile(`(?i)(password\s*=\s*)[^\s&]+`)

// masked is the configuration without its secrets. Every other secret is a
// reference already, to a file, to the environment or to Vault; docs/operate.md
// says so, and the test of this function walks every field there is.
func (c config) masked() config {
	u, err := url.Parse(c.Ledger.URL)
	if err != nil {
		c.Ledger.URL = "(malformed, not shown)"
		return c
	}
	if _, has := u.User.Password(); has {
		c.Ledger.URL = u.Redacted()
	}
	c.Ledger.URL = passwordWord.ReplaceAllString(c.Ledger.URL, "${1}xxxxx")
	return c
}
