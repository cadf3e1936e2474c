package people

import (
	"context"

	"github.com/spf13/cobra"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/client"
	"ramp.dev/ramp/cmd/ramp/internal/output"
)

func reviewCommand() *cobra.Command {
	var comment string
	var unjustified bool
	c := &cobra.Command{
		Use: "review", Short: "Review a use of break glass",
		Long: "Says of access that somebody opened without approval, in an emergency, whether there was reason. The person who\n" +
			"opened it cannot review it. `ramp ls --to-review` lists what waits for you. The review changes nothing of the access.",
		Example: "  ramp review 0123456789abcdef --comment \"the database was down; restored within ten minutes\"\n" +
			"  ramp review 0123456789abcdef --unjustified --comment \"an approver was awake and would have answered\"",
	}
	c.Flags().StringVar(&comment, "comment", "", "what happened, and whether there was reason; at least 20 letters and digits")
	c.Flags().BoolVar(&unjustified, "unjustified", false, "there was no reason to break the glass")
	return requestAction{
		do: func(ctx context.Context, c *client.Client, id string) (access.Request, error) {
			r, err := c.Request(ctx, id)
			if err != nil {
				return r, err
			}
			return c.Review(ctx, id, r.Plan.Digest, !unjustified, comment)
		},
		said: func(r access.Request) string {
			return "Reviewed by you: " + r.Contract + " for " + output.Clean(r.Requester.ID) + "."
		},
	}.on(c)
}
