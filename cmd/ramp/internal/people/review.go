package people

import (
	"io"

	"github.com/spf13/cobra"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/cmd/ramp/internal/output"
)

// reviewed is what the flags of `ramp review` describe: the review of one use of break
// glass, or the weekly one.
type reviewed struct {
	session
	weekly
	comment     string
	unjustified bool
	from        string      // an auditor's sample; "": the server is asked
	trust       verifyFlags // of the sample
}

func reviewCommand() *cobra.Command {
	var f reviewed
	c := &cobra.Command{
		Use: "review [REQUEST]", Short: "Read the weekly review, or write the post-access review of break glass", Args: cobra.MaximumNArgs(1),
		Long: "Without a request, prints the newest weekly review: what was unusual, and which contracts give more than is used,\n" +
			"each finding with the numbers of the events that show it and, where there is one, a change of the contract. With\n" +
			"--since, the server makes one now, of the requests since then. Auditors and the groups of server.review.security see\n" +
			"all of it, owners what is about their contracts.\n\n" +
			"With --from, it is made here, of an auditor's sample (`ramp audit pack`) that public keys prove, and asks no server:\n" +
			"of the four weeks until its end, or of --since before it, with all that came before as history.\n\n" +
			"With a request, writes its post-access review: of access that somebody opened without approval, in an emergency, whether\n" +
			"there was reason. The person who opened it cannot write it. `ramp ls --to-review` lists what waits for you. It changes\n" +
			"nothing of the access.",
		Example: "  ramp review\n  ramp review --since 30d --owner team-data\n  ramp review --since 7d -o json\n" +
			"  ramp review --from q3.zip --key server.pub --worker-key worker.pub\n" +
			"  ramp review 0123456789abcdef --comment \"the database was down; restored within ten minutes\"\n" +
			"  ramp review 0123456789abcdef --unjustified --comment \"an approver was awake and would have answered\"",
	}
	f.session.requestFlags(c)
	f.weekly.flags(c)
	c.Flags().StringVar(&f.comment, "comment", "", "of a post-access review: what happened, and whether there was reason; at least 20 letters and digits")
	c.Flags().BoolVar(&f.unjustified, "unjustified", false, "of a post-access review: there was no reason for it")
	c.Flags().StringVar(&f.from, "from", "", "make the review of an auditor's sample, an `archive` of ramp audit pack, without a server")
	f.trust.keyFlags(c)
	c.RunE = func(cmd *cobra.Command, args []string) error {
		if f.from != "" {
			if len(args) > 0 || f.last || f.comment != "" || f.unjustified {
				return access.Errorf(access.CodeInvalid, "--from is of the weekly review: leave the request out, or it")
			}
			return f.fromSample(cmd)
		}
		if len(args) == 0 && !f.last && f.comment == "" && !f.unjustified {
			return f.print(cmd, &f.session)
		}
		if f.since.Length > 0 || f.owner != "" {
			return access.Errorf(access.CodeInvalid, "--since and --owner are of the weekly review: leave the request out, or them")
		}
		return f.glass(cmd, args)
	}
	c.AddCommand(proposeFindingCommand(), markFindingCommand())
	return c
}

// glass reviews a use of break glass.
func (f *reviewed) glass(cmd *cobra.Command, args []string) error {
	c, id, err := f.request(args)
	if err != nil {
		return err
	}
	r, err := c.Request(cmd.Context(), id)
	if err != nil {
		return err
	}
	if r, err = c.Review(cmd.Context(), id, r.Plan.Digest, !f.unjustified, f.comment); err != nil {
		return err
	}
	return f.format.Print(cmd.OutOrStdout(), r, func(w io.Writer) {
		_, _ = io.WriteString(w, "Your post-access review is recorded: "+r.Contract+" for "+output.Clean(r.Requester.ID)+".\n")
	})
}
