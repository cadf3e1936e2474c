package people

import (
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/client"
	"ramp.dev/ramp/cmd/ramp/internal/output"
)

// contractFiles are files of contracts, where they were written.
type contractFiles struct {
	Directory string   `json:"directory"`
	Set       string   `json:"set"` // their digest
	Files     []string `json:"files"`
}

func fetchContractsCommand() *cobra.Command {
	var s session
	var inForce bool
	c := &cobra.Command{
		Use: "fetch [REQUEST] DIRECTORY", Short: "Write the contracts that a request proposes, or those in force, into a new directory", Args: cobra.RangeArgs(1, 2),
		Long: "Writes the files that a request proposes into a directory that it makes, to the byte of the digest in the signed\n" +
			"plan, so that whoever decides can read and compare them: `ramp contracts diff` and `lint` take it. With --in-force it\n" +
			"writes the contracts that the server has in force, to start a change from; for operators, auditors and those who may\n" +
			"propose. It holds no tests: those stay where they are written, and `ramp show REQUEST` prints the difference of the\n" +
			"files.",
		Example: "  ramp contracts fetch 0123456789abcdef /tmp/proposed\n  ramp contracts fetch --in-force /tmp/in-force\n  ramp contracts diff /tmp/in-force /tmp/proposed",
		RunE: func(cmd *cobra.Command, args []string) error {
			if inForce != (len(args) == 1) {
				return access.Errorf(access.CodeInvalid, "name a request and a new directory, or with --in-force a directory alone")
			}
			api, err := s.client()
			if err != nil {
				return err
			}
			read := fetchInForce
			if !inForce {
				read = fetchProposed(args[0])
			}
			files, err := read(cmd, api)
			if err != nil {
				return err
			}
			out, err := writeContracts(files, args[len(args)-1])
			if err != nil {
				return err
			}
			return s.format.Print(cmd.OutOrStdout(), out, func(w io.Writer) {
				fmt.Fprintf(w, "%s of %s are in %s\n", output.Count(len(out.Files), "file"), out.Set, out.Directory)
			})
		},
	}
	s.flags(c)
	c.Flags().BoolVar(&inForce, "in-force", false, "the contracts that the server has in force")
	return c
}

func fetchInForce(cmd *cobra.Command, api *client.Client) (access.ContractFiles, error) {
	return api.ContractsInForce(cmd.Context())
}

func fetchProposed(id string) func(*cobra.Command, *client.Client) (access.ContractFiles, error) {
	return func(cmd *cobra.Command, api *client.Client) (access.ContractFiles, error) {
		r, err := api.Request(cmd.Context(), id)
		if err != nil {
			return nil, err
		}
		proposed, err := api.ProposedContracts(cmd.Context(), r)
		return proposed.Files, err
	}
}

// writeContracts writes files into a directory that it makes.
func writeContracts(files access.ContractFiles, dir string) (contractFiles, error) {
	if err := os.Mkdir(dir, 0o700); err != nil {
		return contractFiles{}, access.Errorf(access.CodeInvalid, "a new directory is needed: %w", err)
	}
	out := contractFiles{Directory: dir, Set: files.Digest(), Files: []string{}}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if !filepath.IsLocal(name) || filepath.Base(name) != name {
			return out, access.Errorf(access.CodeInvalid, "a file is called %q, which is no file of one directory", access.Clip(name, 60))
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(files[name]), 0o600); err != nil {
			return out, access.Errorf(access.CodeInvalid, "%w", err)
		}
		out.Files = append(out.Files, name)
	}
	return out, nil
}
