package run

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config"
	"ramp.dev/ramp/integrations/postgres"
)

func postgresSetupCommand() *cobra.Command {
	var f configured
	c := &cobra.Command{
		Use: "postgres-setup [TARGET]", Short: "Print what a Postgres server needs", Args: cobra.MaximumNArgs(1),
		Long: "Prints the statements with which a superuser lets a target of kind postgres give what its configuration lists,\n" +
			"and nothing else: Ramp's own login, without rights of its own, and functions in a schema ramp of each database.\n" +
			"Run it again when the configuration or Ramp's version changes; `ramp doctor` says when that is needed.\n\n" +
			"It sets no password: \\password in psql does. docs/targets/postgres.md says what each function may do.",
		Example: "  ramp postgres-setup postgres/orders --config /etc/ramp/ramp.yaml | psql -X -v ON_ERROR_STOP=1 -d postgres",
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := config.Load(f.path)
			if err != nil {
				return err
			}
			name, server, err := targetOf[postgres.Config](c, "postgres", args)
			if err != nil {
				return err
			}
			if issues := server.Validate(name); len(issues) > 0 {
				return access.Invalid(issues...)
			}
			statements := server.Setup()
			out := map[string]any{"target": name, "statements": statements}
			return f.format.Print(cmd.OutOrStdout(), out, func(w io.Writer) {
				fmt.Fprintln(w, "-- For psql, as a superuser: psql -X -v ON_ERROR_STOP=1 -d postgres")
				for _, one := range statements {
					fmt.Fprintf(w, "\\connect %s\n%s", one.Database, one.SQL)
				}
			})
		},
	}
	f.flags(c, "the worker's")
	return c
}
