package run

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"ramp.dev/ramp/integrations/postgres"
)

func postgresSetupCommand() *cobra.Command {
	return setupCommand("postgres", &cobra.Command{
		Short: "Print what a Postgres server needs",
		Long: "Prints the statements with which a superuser lets a target of kind postgres give what its configuration lists,\n" +
			"and nothing else: Ramp's own login, without rights of its own, and functions in a schema ramp of each database.\n" +
			"Run it again when the configuration or Ramp's version changes; `ramp doctor` says when that is needed.\n\n" +
			"It sets no password: \\password in psql does. docs/targets/postgres.md says what each function may do.",
		Example: "  ramp postgres-setup postgres/orders --config /etc/ramp/ramp.yaml | psql -X -v ON_ERROR_STOP=1 -d postgres",
	}, func(_ string, server postgres.Config) (map[string]any, func(io.Writer), error) {
		statements := server.Setup()
		return map[string]any{"statements": statements}, func(w io.Writer) {
			fmt.Fprintln(w, "-- For psql, as a superuser: psql -X -v ON_ERROR_STOP=1 -d postgres")
			for _, one := range statements {
				fmt.Fprintf(w, "\\connect %s\n%s", one.Database, one.SQL)
			}
		}, nil
	})
}
