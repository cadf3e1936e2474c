package people

import (
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/client"
	"ramp.dev/ramp/cmd/ramp/internal/output"
)

func credsCommand() *cobra.Command {
	var s session
	var grant, dir string
	c := &cobra.Command{
		Use: "creds REQUEST", Short: "Pick up a credential for active access", Args: cobra.MaximumNArgs(1),
		Long: "Mints a credential and prints it. On its way it is sealed to a key that never leaves this process.\n" +
			"`ramp exec` does the same and leaves nothing behind: prefer it.",
		Example: "  eval \"$(ramp creds --last)\"\n  ramp creds --last --into ./access",
		RunE: func(cmd *cobra.Command, args []string) error {
			c, id, err := s.request(args)
			if err != nil {
				return err
			}
			cred, err := pickUp(cmd.Context(), c, id, grant)
			if err != nil {
				return err
			}
			if dir != "" {
				if dir, err = writeInto(&cred, dir); err != nil {
					return err
				}
			} else if s.format.IsTable() && len(cred.Files) > 0 {
				return access.Errorf(access.CodeInvalid, "this credential consists of files: choose a directory for them with --into, or run `ramp exec %s -- COMMAND`", id)
			}
			return s.format.Print(cmd.OutOrStdout(), cred, exports(cred, dir))
		},
	}
	s.requestFlags(c)
	c.Flags().StringVar(&grant, "grant", "", "which grant, where a request has several")
	c.Flags().StringVar(&dir, "into", "", "a directory for the files of the credential")
	return c
}

// writeInto makes a directory and writes the credential's files into it.
func writeInto(cred *access.Credential, dir string) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", access.Errorf(access.CodeInvalid, "--into: %w", err)
	}
	return dir, writeFiles(cred, dir)
}

// exports prints shell assignments, so that eval takes them.
func exports(cred access.Credential, dir string) func(io.Writer) {
	return func(w io.Writer) {
		for _, name := range slices.Sorted(maps.Keys(cred.Env)) {
			fmt.Fprintf(w, "export %s='%s'\n", name, strings.ReplaceAll(cred.Env[name], "'", `'\''`))
		}
		if dir != "" {
			fmt.Fprintf(w, "# files are in %s\n", dir)
		}
		if cred.Hint != "" {
			fmt.Fprintf(w, "# %s\n", cred.Hint)
		}
		fmt.Fprintf(w, "# valid until %s\n", output.Time(cred.ExpiresAt))
	}
}

// pickUp picks up the credential of a grant; of the request's only one, where
// none is named.
func pickUp(ctx context.Context, c *client.Client, id, grant string) (access.Credential, error) {
	if grant == "" {
		r, err := c.Request(ctx, id)
		if err != nil {
			return access.Credential{}, err
		}
		if len(r.Plan.Grants) != 1 {
			var names []string
			for _, g := range r.Plan.Grants {
				names = append(names, g.Name+" ("+g.Target+")")
			}
			return access.Credential{}, access.Errorf(access.CodeInvalid, "this request has several grants; choose one with --grant: %s", strings.Join(names, ", "))
		}
		grant = r.Plan.Grants[0].Name
	}
	return c.PickUp(ctx, id, grant)
}

// dirPlaceholder stands in a credential for the directory that its files are in.
const dirPlaceholder = "{{dir}}"

// writeFiles writes a credential's files and fills in where they are.
func writeFiles(cred *access.Credential, dir string) error {
	for name, content := range cred.Files {
		if filepath.Base(name) != name || name == "." || name == ".." {
			return access.Errorf(access.CodeInternal, "the credential has a file with a path in its name")
		}
		content = strings.ReplaceAll(content, dirPlaceholder, dir)
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			return access.Errorf(access.CodeInvalid, "credential: %w", err)
		}
	}
	for name, v := range cred.Env {
		cred.Env[name] = strings.ReplaceAll(v, dirPlaceholder, dir)
	}
	for _, arguments := range cred.Arguments {
		for i, a := range arguments {
			arguments[i] = strings.ReplaceAll(a, dirPlaceholder, dir)
		}
	}
	return nil
}
