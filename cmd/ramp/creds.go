package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/client"
)

func credsCommand() *cobra.Command {
	var o common
	var grant, dir string
	c := &cobra.Command{
		Use: "creds REQUEST", Short: "Pick up a credential of live access", GroupID: "people", Args: cobra.MaximumNArgs(1),
		Long: "Mints a credential, sealed on its way to a key that never leaves this process, and prints it.\n" +
			"`ramp exec` does the same and leaves nothing behind: prefer it.",
		Example: "  eval \"$(ramp creds --last)\"\n  ramp creds --last --into ./access",
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := o.id(args)
			if err != nil {
				return err
			}
			c, err := o.client()
			if err != nil {
				return err
			}
			cred, err := pickUp(cmd.Context(), c, id, grant)
			if err != nil {
				return err
			}
			if dir != "" {
				if dir, err = filepath.Abs(dir); err != nil {
					return err
				}
				if err := os.MkdirAll(dir, 0o700); err != nil {
					return access.Errorf(access.CodeInvalid, "--into: %w", err)
				}
				if err := place(&cred, dir); err != nil {
					return err
				}
			} else if o.output == "table" && len(cred.Files) > 0 {
				return access.Errorf(access.CodeInvalid, "this credential is files: say where with --into DIRECTORY, or use `ramp exec %s -- COMMAND`", id)
			}
			return o.print(cmd.OutOrStdout(), cred, exports(cred, dir))
		},
	}
	o.flags(c)
	o.lastFlag(c)
	c.Flags().StringVar(&grant, "grant", "", "which grant, where a request has several")
	c.Flags().StringVar(&dir, "into", "", "a directory for the files of the credential")
	return c
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
		fmt.Fprintf(w, "# good until %s\n", at(cred.ExpiresAt))
	}
}

// pickUp finds out the grant where it was not named.
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
			return access.Credential{}, access.Errorf(access.CodeInvalid, "this request has several grants; choose with --grant: %s", strings.Join(names, ", "))
		}
		grant = r.Plan.Grants[0].Name
	}
	return c.PickUp(ctx, id, grant)
}

// place writes a credential's files and fills in where they are.
func place(cred *access.Credential, dir string) error {
	for name, content := range cred.Files {
		if filepath.Base(name) != name || name == "." || name == ".." {
			return access.Errorf(access.CodeInternal, "the credential has a file with a path in its name")
		}
		content = strings.ReplaceAll(content, "{{dir}}", dir)
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			return access.Errorf(access.CodeInvalid, "credential: %w", err)
		}
	}
	for name, v := range cred.Env {
		cred.Env[name] = strings.ReplaceAll(v, "{{dir}}", dir)
	}
	return nil
}

func execCommand() *cobra.Command {
	var o common
	var grant string
	c := &cobra.Command{
		Use: "exec REQUEST -- COMMAND [ARGS]", Short: "Run a command with a credential; it ends with the access", GroupID: "people",
		Long: "Picks a credential up, runs a command with it in its environment (ssh, scp and sftp get its files),\n" +
			"and removes it afterwards. When the access ends, so does the command.",
		Example: "  ramp exec --last -- ssh demo\n  ramp exec 0123456789abcdef -- vault kv get secret/orders",
		RunE: func(cmd *cobra.Command, args []string) error {
			dash := cmd.ArgsLenAtDash()
			if dash < 0 {
				dash = min(len(args), 1)
			}
			id, err := o.id(args[:dash])
			if err != nil {
				return err
			}
			c, err := o.client()
			if err != nil {
				return err
			}
			return execWith(cmd.Context(), c, id, grant, args[dash:])
		},
	}
	o.flags(c)
	o.lastFlag(c)
	c.Flags().StringVar(&grant, "grant", "", "which grant, where a request has several")
	return c
}

// killAfter is how long a command has to end by itself once the access is over.
const killAfter = 5 * time.Second

func execWith(ctx context.Context, c *client.Client, id, grant string, argv []string) error {
	cred, err := pickUp(ctx, c, id, grant)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "ramp-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if err := place(&cred, dir); err != nil {
		return err
	}
	if len(argv) == 0 {
		argv = cred.Command
	}
	if len(argv) == 0 {
		return access.Errorf(access.CodeInvalid, "say what to run: ramp exec %s -- COMMAND", id)
	}
	// From here on Ctrl-C is the command's, which shares our terminal.
	ignored := make(chan os.Signal, 8)
	signal.Notify(ignored, os.Interrupt)
	defer signal.Stop(ignored)
	ctx, cancel := context.WithDeadline(context.WithoutCancel(ctx), cred.ExpiresAt)
	defer cancel()
	go follow(ctx, c, id, cancel)
	argv = withFiles(argv, cred, dir)
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...) // #nosec G204 -- the user runs their own command, as themselves
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.Env = os.Environ()
	for name, v := range cred.Env {
		cmd.Env = append(cmd.Env, name+"="+v)
	}
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = killAfter
	err = cmd.Run()
	if ctx.Err() != nil {
		fmt.Fprintln(os.Stderr, "ramp: the access is over")
	}
	if _, missing := err.(*exec.Error); missing {
		return access.Errorf(access.CodeNotFound, "%w", err)
	}
	return err
}

// withFiles points programs of the ssh family, which read no environment, at
// the credential's configuration.
func withFiles(argv []string, cred access.Credential, dir string) []string {
	if _, ok := cred.Files["config"]; !ok || cred.Kind != "ssh" || !slices.Contains([]string{"ssh", "scp", "sftp"}, filepath.Base(argv[0])) {
		return argv
	}
	return append([]string{argv[0], "-F", filepath.Join(dir, "config")}, argv[1:]...)
}
