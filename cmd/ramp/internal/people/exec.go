package people

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"time"

	"github.com/spf13/cobra"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/client"
	"ramp.dev/ramp/cmd/ramp/internal/credential"
)

func execCommand() *cobra.Command {
	var s session
	var grant string
	c := &cobra.Command{
		Use: "exec REQUEST [flags] -- COMMAND [ARGS]", DisableFlagsInUseLine: true,
		Short: "Run a command with a credential, until the access ends",
		Long: "Picks up a credential, runs a command with it, and removes it afterwards. The command finds it in its\n" +
			"environment; variables of yours that speak to the same service, such as AWS_PROFILE, are left out. For SSH, the\n" +
			"command and everything that it starts find it: ssh, scp, sftp, git, rsync, ansible, and an agent of its own.\n" +
			"RAMP_SSH_CONFIG is the path of the configuration, for `ssh -F`, and RAMP_OUTPUTS that of what a Terraform module hands out.\n\n" +
			"When the access ends, the command and all that it has started are ended too. An extension moves that end.\n" +
			"Without a command it runs the one that fits the credential, such as ssh, if there is one.",
		Example: "  ramp exec --last -- ssh demo\n  ramp exec 0123456789abcdef -- vault kv get secret/orders",
		RunE: func(cmd *cobra.Command, args []string) error {
			dash := cmd.ArgsLenAtDash()
			if dash < 0 {
				dash = len(args)
			}
			if dash > 1 || s.last && dash > 0 {
				return access.Errorf(access.CodeInvalid, "put -- before the command: ramp exec REQUEST -- COMMAND, or ramp exec --last -- COMMAND")
			}
			c, id, err := s.request(args[:dash])
			if err != nil {
				return err
			}
			return execWith(cmd.Context(), c, id, grant, args[dash:])
		},
	}
	c.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return access.Errorf(access.CodeInvalid, "%s; flags of the command belong after --: ramp exec REQUEST -- COMMAND", err)
	})
	s.requestFlags(c)
	c.Flags().StringVar(&grant, "grant", "", "which grant, where a request has several: its name, or its target")
	return c
}

func execWith(ctx context.Context, c *client.Client, id, grant string, argv []string) error {
	cred, _, err := pickUp(ctx, c, id, grant)
	if err != nil {
		return err
	}
	session, err := credential.Open(cred)
	if err != nil {
		return err
	}
	defer session.Close()
	cred = session.Cred
	if len(argv) == 0 {
		argv = cred.Command
	}
	if len(argv) == 0 {
		return access.Errorf(access.CodeInvalid, "name a command to run: ramp exec %s -- COMMAND", id)
	}
	argv = credential.Argv(argv, cred)
	cmd := exec.Command(argv[0], argv[1:]...) // #nosec G204 -- the user runs their own command, as themselves
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.Env = credential.Environ(cred, os.Environ(), session.Env)
	// Signals are the command's from here on, and do not end the watch.
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	err = credential.Run(cmd, ended(ctx, c, id, cred.ExpiresAt))
	var missing *exec.Error
	if errors.As(err, &missing) {
		return access.Errorf(access.CodeNotFound, "%w", err)
	}
	return err
}

// watchEvery is how often the state of a request is asked for.
const watchEvery = 2 * time.Second

// ended returns a channel that is closed when the access of a request ends: at the
// end that is in force then, which an extension moves, or before (docs/threats.md, case 76). A
// server that cannot be reached proves nothing early: then it is the last end that
// is known.
func ended(ctx context.Context, c *client.Client, id string, end time.Time) <-chan struct{} {
	over := make(chan struct{})
	go func() {
		for {
			wait := min(watchEvery, time.Until(end))
			select {
			case <-ctx.Done():
				return
			case <-time.After(wait):
			}
			asking, cancel := context.WithTimeout(ctx, watchEvery)
			r, err := c.Request(asking, id)
			cancel()
			if err == nil && r.State == access.StateActive && r.ExpiresAt != nil {
				end = *r.ExpiresAt
			}
			if err == nil && r.State != access.StateActive || !time.Now().Before(end) {
				fmt.Fprintln(os.Stderr, "ramp: the access has ended")
				close(over)
				return
			}
		}
	}()
	return over
}
