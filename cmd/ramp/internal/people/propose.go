package people

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/client"
	"ramp.dev/ramp/cmd/ramp/internal/output"
	"ramp.dev/ramp/contracts"
)

// proposal is the request that the flags of `ramp contracts propose` describe.
type proposal struct {
	newRequest
	commit string
}

func proposeCommand() *cobra.Command {
	var f proposal
	c := &cobra.Command{
		Use: "propose [DIRECTORY]", Short: "Propose contracts, which come into force once their owners approve", Args: cobra.MaximumNArgs(1),
		Long: "Reads a directory of contracts as the server would, and requests that they come into force in place of those that\n" +
			"are. Where the server's contracts come from a git repository, it proposes the newest commit there (--commit). The\n" +
			"plan says in words what would be decided otherwise. The owners of every contract that it touches approve it, as they\n" +
			"are before and after; whoever wrote it may deny it, and not approve. A proposal made from contracts that have been replaced since\n" +
			"is refused. `ramp contracts fetch --in-force DIRECTORY` writes those to start from. To take a change back, propose\n" +
			"the earlier contracts.",
		Example: "  ramp contracts propose contracts/ --dry-run\n  ramp contracts propose contracts/ --reason \"the data team decides on its own tables\" --wait\n" +
			"  ramp contracts propose --commit $(git rev-parse HEAD) --reason \"the data team decides on its own tables\"",
		RunE: func(cmd *cobra.Command, args []string) error { return f.propose(cmd, args) },
	}
	f.session.flags(c)
	f.requestFields(c)
	c.Flags().StringVar(&f.commit, "commit", "", "the id of the repository's newest commit, or newest for whichever it is")
	c.Flags().Lookup("start").Usage = "when the contracts come into force, such as 2026-01-31T14:00:00Z; once approved if left out"
	c.Flags().Lookup("wait").Usage = "wait until the contracts are in force, or refused"
	f.attempt(c)
	return c
}

func (f *proposal) propose(cmd *cobra.Command, args []string) error {
	if (f.commit == "") == (len(args) == 0) {
		return access.Errorf(access.CodeInvalid, "name a directory of contracts, or with --commit the repository's newest commit")
	}
	c, err := f.client()
	if err != nil {
		return err
	}
	var kept client.UploadedContracts
	if f.commit != "" {
		kept, err = c.UploadCommit(cmd.Context(), f.commit)
	} else {
		kept, err = upload(cmd.Context(), c, args[0])
	}
	if err != nil {
		return err
	}
	return f.requestUploaded(cmd, kept)
}

// requestUploaded requests that contracts which the server keeps come into force.
func (f *proposal) requestUploaded(cmd *cobra.Command, kept client.UploadedContracts) error {
	w := cmd.ErrOrStderr()
	if f.format.IsTable() && !f.dry {
		fmt.Fprintf(w, "%s, to be decided under contract %s:\n", output.Count(kept.Contracts, "contract"), kept.Contract)
		for _, line := range kept.Differences {
			fmt.Fprintln(w, "  "+output.Clean(line))
		}
	}
	if kept.Commit != "" && f.format.IsTable() {
		fmt.Fprintf(w, "Commit %s, signed by %s, who may not approve it.\n", output.Clean(kept.Commit), output.Clean(strings.Join(kept.Authors, ", ")))
	}
	for _, warning := range kept.Warnings {
		fmt.Fprintln(w, "Warning: "+output.Clean(warning)+".")
	}
	if f.dry && f.input.Reason == "" {
		f.input.Reason = "a dry run: nothing is requested"
	}
	f.input.Contract, f.input.StartAt = kept.Contract, f.start.At
	f.input.Params = map[string]any{"set": kept.Set, "replaces": kept.Replaces}
	return f.run(cmd)
}

// upload has the server keep the contracts of a directory, which are read here first: each
// mistake in them is named with its file.
func upload(ctx context.Context, c *client.Client, dir string) (client.UploadedContracts, error) {
	files, err := contracts.ReadDir(dir)
	if err == nil {
		_, err = contracts.Parse(files)
	}
	if err != nil {
		return client.UploadedContracts{}, err
	}
	return c.UploadContracts(ctx, contracts.FilesOf(files))
}

// mustApprove says who decides a proposal: its approvers are people of groups that
// whoever proposes may not know of.
func mustApprove(r access.Request) string {
	if r.Plan.Change == nil {
		return ""
	}
	var out strings.Builder
	for _, s := range r.Plan.Rule.Stages {
		fmt.Fprintf(&out, "  must be approved by %s (%s)\n", output.Clean(s.Needs()), output.Clean(s.Name))
	}
	return out.String()
}

// textDifference returns the difference of the files that a request proposes to those that
// they replace; nothing for a request that proposes none. Both are held to the plan. What
// else there is of a request is shown also where they cannot be read.
func textDifference(ctx context.Context, api *client.Client, r access.Request) (string, error) {
	if r.Plan.Change == nil {
		return "", nil
	}
	files, err := api.ProposedContracts(ctx, r)
	if err != nil {
		return "\nThe difference of the files cannot be shown: " + output.Clean(err.Error()) + ".\nRead them before you decide: ramp contracts fetch " + r.ID + " DIRECTORY\n", nil
	}
	lines := strings.Split(contracts.TextDiff(files.Replaced, files.Files), "\n")
	for i := range lines {
		lines[i] = output.Clean(lines[i])
	}
	return "\nDifference of the files, as the plan names them by digest:\n\n" + strings.Join(lines, "\n"), nil
}

// changes returns what a request would change in the contracts in force, or has changed.
func changes(r access.Request) (rows [][]string) {
	c, label := r.Plan.Change, "Would change"
	if c == nil {
		return nil
	}
	if r.ActiveAt != nil {
		label = "Changed"
	}
	if c.Commit != "" {
		rows = append(rows, []string{"Commit", output.Clean(c.Commit)})
	}
	for _, line := range c.Differences {
		rows = append(rows, []string{label, output.Clean(line)})
	}
	return rows
}
