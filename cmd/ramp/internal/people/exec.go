package people

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/client"
)

func execCommand() *cobra.Command {
	var s session
	var grant string
	c := &cobra.Command{
		Use: "exec REQUEST -- COMMAND [ARGS]", Short: "Run a command with a credential, until the access ends",
		Long: "Picks up a credential, runs a command with it in its environment (ssh, scp and sftp get its files),\n" +
			"and removes it afterwards. When the access ends, the command is ended too.",
		Example: "  ramp exec --last -- ssh demo\n  ramp exec 0123456789abcdef -- vault kv get secret/orders",
		RunE: func(cmd *cobra.Command, args []string) error {
			dash := cmd.ArgsLenAtDash()
			if dash < 0 {
				dash = min(len(args), 1)
			}
			c, id, err := s.request(args[:dash])
			if err != nil {
				return err
			}
			return execWith(cmd.Context(), c, id, grant, args[dash:])
		},
	}
	s.requestFlags(c)
	c.Flags().StringVar(&grant, "grant", "", "which grant, where a request has several")
	return c
}

// killAfter is how long a command has to end by itself once the access has ended.
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
	if err := writeFiles(&cred, dir); err != nil {
		return err
	}
	if len(argv) == 0 {
		argv = cred.Command
	}
	if len(argv) == 0 {
		return access.Errorf(access.CodeInvalid, "name a command to run: ramp exec %s -- COMMAND", id)
	}
	// From here on Ctrl-C is for the command, which shares our terminal.
	ignored := make(chan os.Signal, 8)
	signal.Notify(ignored, os.Interrupt)
	defer signal.Stop(ignored)
	ctx, cancel := context.WithDeadline(context.WithoutCancel(ctx), cred.ExpiresAt)
	defer cancel()
	go watch(ctx, c, id, cancel)
	argv = withArguments(argv, cred)
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
		fmt.Fprintln(os.Stderr, "ramp: the access has ended")
	}
	if _, missing := err.(*exec.Error); missing {
		return access.Errorf(access.CodeNotFound, "%w", err)
	}
	return err
}

// watch calls ended once when the access of a request ends, on time or early. It
// returns when ctx ends.
func watch(ctx context.Context, c *client.Client, id string, ended func()) {
	tick := time.NewTicker(2 * time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		// A server that cannot be reached proves nothing: the target ends the access.
		if r, err := c.Request(ctx, id); err == nil && r.State != access.StateActive {
			ended()
			return
		}
	}
}

// withArguments returns argv with the credential's arguments for that program
// before the user's own.
func withArguments(argv []string, cred access.Credential) []string {
	return slices.Concat(argv[:1], cred.Arguments[filepath.Base(argv[0])], argv[1:])
}
