package people

import (
	"context"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/client"
	"ramp.dev/ramp/cmd/ramp/internal/output"
)

func whoAmICommand() *cobra.Command {
	return readCommand(&cobra.Command{
		Use: "whoami", Short: "Show who Ramp takes you for, and your groups", Args: cobra.NoArgs,
		Long:    "Shows whom the server knows you as by your login or token, and in which groups: contracts go by these.",
		Example: "  ramp whoami\n  ramp whoami -o json",
	}, func(ctx context.Context, c *client.Client, _ []string) (access.Person, error) { return c.Me(ctx) }, whoAmI)
}

func whoAmI(me access.Person) func(io.Writer) {
	return func(w io.Writer) {
		rows := [][]string{{"Id", me.ID}, {"Name", me.Label()}, {"Kind", string(me.Kind)}}
		add := func(label, text string) {
			if text != "" {
				rows = append(rows, []string{label, text})
			}
		}
		add("E-mail", me.Email)
		add("On behalf of", me.OnBehalfOf)
		add("Linked to", me.LinkedHumanID)
		add("Also known as", strings.Join(me.Accounts, ", "))
		groups := strings.Join(me.Groups, ", ")
		if groups == "" {
			groups = "none"
		}
		output.Table(w, append(rows, []string{"Groups", groups}))
	}
}
