package run

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"ramp.dev/ramp/integrations/mysql"
)

func mysqlSetupCommand() *cobra.Command {
	return setupCommand("mysql", &cobra.Command{
		Short: "Print what a MariaDB server needs",
		Long: "Prints the statements with which an administrator lets a target of kind mysql give what its configuration lists,\n" +
			"and nothing else: Ramp's own account, without rights of its own, an owner as whom nobody logs in, procedures in a\n" +
			"database ramp, and the event by which the server itself ends access.\n" +
			"Run it again when the configuration or Ramp's version changes; `ramp doctor` says when that is needed.\n\n" +
			"It sets no password: SET PASSWORD does. docs/targets/mysql.md says what each part may do.",
		Example: "  ramp mysql-setup mysql/orders --config /etc/ramp/ramp.yaml | mariadb -u root",
	}, func(_ string, server mysql.Config) (map[string]any, func(io.Writer), error) {
		statements := server.Setup()
		return map[string]any{"statements": statements}, func(w io.Writer) {
			fmt.Fprintln(w, "-- For MariaDB's client, as an administrator: mariadb -u root\nDELIMITER $$")
			for _, one := range statements {
				fmt.Fprintf(w, "%s\n$$\n", one)
			}
			fmt.Fprintln(w, "DELIMITER ;")
		}, nil
	})
}
