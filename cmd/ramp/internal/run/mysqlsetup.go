package run

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config"
	"ramp.dev/ramp/integrations/mysql"
)

func mysqlSetupCommand() *cobra.Command {
	var f configured
	c := &cobra.Command{
		Use: "mysql-setup [TARGET]", Short: "Print what a MariaDB server needs", Args: cobra.MaximumNArgs(1),
		Long: "Prints the statements with which an administrator lets a target of kind mysql give what its configuration lists,\n" +
			"and nothing else: Ramp's own account, without rights of its own, an owner as whom nobody logs in, procedures in a\n" +
			"database ramp, and the event by which the server itself ends access.\n" +
			"Run it again when the configuration or Ramp's version changes; `ramp doctor` says when that is needed.\n\n" +
			"It sets no password: SET PASSWORD does. docs/targets/mysql.md says what each part may do.",
		Example: "  ramp mysql-setup mysql/orders --config /etc/ramp/ramp.yaml | mariadb -u root",
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := config.Load(f.path)
			if err != nil {
				return err
			}
			name, server, err := targetOf[mysql.Config](c, "mysql", args)
			if err != nil {
				return err
			}
			if issues := server.Validate(name); len(issues) > 0 {
				return access.Invalid(issues...)
			}
			statements := server.Setup()
			out := map[string]any{"target": name, "statements": statements}
			return f.format.Print(cmd.OutOrStdout(), out, func(w io.Writer) {
				fmt.Fprintln(w, "-- For MariaDB's client, as an administrator: mariadb -u root\nDELIMITER $$")
				for _, one := range statements {
					fmt.Fprintf(w, "%s\n$$\n", one)
				}
				fmt.Fprintln(w, "DELIMITER ;")
			})
		},
	}
	f.flags(c, "the worker's")
	return c
}
