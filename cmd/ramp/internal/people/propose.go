package people

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/client"
	"ramp.dev/ramp/cmd/ramp/internal/output"
	"ramp.dev/ramp/contracts"
)

// proposal is the request that the flags of `ramp contracts propose` describe.
type proposal struct{ newRequest }

func proposeCommand() *cobra.Command {
	var f proposal
	c := &cobra.Command{
		Use: "propose DIRECTORY", Short: "Propose contracts, which come into force once their owners approve", Args: cobra.ExactArgs(1),
		Long: "Reads a directory of contracts as the server would, and requests that they come into force in place of those that\n" +
			"are. The plan says in words what would be decided otherwise. The owners of every contract that it touches approve\n" +
			"it, as they are before and after; whoever wrote it does not count. A proposal made from contracts that have been\n" +
			"replaced since is refused. To take a change back, propose the earlier contracts.",
		Example: "  ramp contracts propose contracts/ --dry-run\n  ramp contracts propose contracts/ --reason \"the data team decides on its own tables\" --wait",
		RunE:    func(cmd *cobra.Command, args []string) error { return f.propose(cmd, args[0]) },
	}
	f.session.flags(c)
	f.requestFields(c)
	c.Flags().Lookup("start").Usage = "when the contracts come into force, such as 2026-01-31T14:00:00Z; once approved if left out"
	c.Flags().Lookup("wait").Usage = "wait until the contracts are in force, or refused"
	return c
}

func (f *proposal) propose(cmd *cobra.Command, dir string) error {
	files, err := contracts.ReadDir(dir)
	if err != nil {
		return err
	}
	if _, err := contracts.Parse(files); err != nil {
		return err
	}
	set := access.ContractFiles{}
	for name, b := range files {
		set[name] = string(b)
	}
	c, err := f.client()
	if err != nil {
		return err
	}
	kept, err := c.UploadContracts(cmd.Context(), set)
	if err != nil {
		return err
	}
	if f.format.IsTable() && !f.dry {
		w := cmd.ErrOrStderr()
		fmt.Fprintf(w, "%s, to be decided under contract %s:\n", output.Count(kept.Contracts, "contract"), kept.Contract)
		for _, line := range kept.Differences {
			fmt.Fprintln(w, "  "+output.Clean(line))
		}
	}
	if f.dry && f.input.Reason == "" {
		f.input.Reason = "a dry run: nothing is requested"
	}
	f.input.Contract, f.input.StartAt = kept.Contract, f.start.At
	f.input.Params = map[string]any{"set": kept.Set, "replaces": kept.Replaces}
	return f.run(cmd)
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

// contractFiles are the files that a request proposes, where they were written.
type contractFiles struct {
	Directory string   `json:"directory"`
	Set       string   `json:"set"`
	Files     []string `json:"files"`
}

func fetchContractsCommand() *cobra.Command {
	var s session
	c := &cobra.Command{
		Use: "fetch REQUEST DIRECTORY", Short: "Write the contracts that a request proposes into a new directory", Args: cobra.ExactArgs(2),
		Long: "Writes the files that a request proposes into a directory that it makes, to the byte of the digest in the signed\n" +
			"plan, so that whoever decides can read and compare them: `ramp contracts diff` and `lint` take it. It holds no\n" +
			"tests: those stay where they are written, and `ramp show REQUEST` prints the difference of the files.",
		Example: "  ramp contracts fetch 0123456789abcdef /tmp/proposed\n  ramp contracts diff contracts/ /tmp/proposed",
		RunE: func(cmd *cobra.Command, args []string) error {
			api, err := s.client()
			if err != nil {
				return err
			}
			out, err := fetchContracts(cmd, api, args[0], args[1])
			if err != nil {
				return err
			}
			return s.format.Print(cmd.OutOrStdout(), out, func(w io.Writer) {
				fmt.Fprintf(w, "%s of %s are in %s\n", output.Count(len(out.Files), "file"), out.Set, out.Directory)
			})
		},
	}
	s.flags(c)
	return c
}

func fetchContracts(cmd *cobra.Command, api *client.Client, id, dir string) (contractFiles, error) {
	r, err := api.Request(cmd.Context(), id)
	if err != nil {
		return contractFiles{}, err
	}
	proposed, err := api.ProposedContracts(cmd.Context(), r)
	if err != nil {
		return contractFiles{}, err
	}
	files := proposed.Files
	if err := os.Mkdir(dir, 0o700); err != nil {
		return contractFiles{}, access.Errorf(access.CodeInvalid, "a new directory is needed: %w", err)
	}
	out := contractFiles{Directory: dir, Set: r.Plan.Change.Set, Files: []string{}}
	for name, text := range files {
		if !filepath.IsLocal(name) || filepath.Base(name) != name {
			return out, access.Errorf(access.CodeInvalid, "a file is called %q, which is no file of one directory", access.Clip(name, 60))
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			return out, access.Errorf(access.CodeInvalid, "%w", err)
		}
		out.Files = append(out.Files, name)
	}
	return out, nil
}

// textDifference returns the difference of the files that a request proposes to those that
// they replace; nothing for a request that proposes none. Both are held to the plan.
func textDifference(ctx context.Context, api *client.Client, r access.Request) (string, error) {
	if r.Plan.Change == nil {
		return "", nil
	}
	files, err := api.ProposedContracts(ctx, r)
	if err != nil {
		return "", err
	}
	lines := strings.Split(contracts.TextDiff(files.Replaced, files.Files), "\n")
	for i := range lines {
		lines[i] = output.Clean(lines[i])
	}
	return "\nDifference of the files, as the plan names them by digest:\n\n" + strings.Join(lines, "\n"), nil
}

// changes returns what a request would change in the contracts in force.
func changes(c *access.ContractChange) (rows [][]string) {
	if c == nil {
		return nil
	}
	for _, line := range c.Differences {
		rows = append(rows, []string{"Would change", output.Clean(line)})
	}
	return rows
}
