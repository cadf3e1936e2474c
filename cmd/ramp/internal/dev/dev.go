//go:build !lean

package dev

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/sirupsen/logrus"
	"github.com/spf13/cobra"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config"
	"ramp.dev/ramp/dev/idp"
)

// options are where the parts of `ramp dev` listen, and which of them run.
type options struct {
	dir, listen, temporal, temporalUI, idp, ssh, postgres string
	without                                               []string
	reconcile                                             time.Duration
	scim                                                  bool
	contractsGit                                          string
	proposals                                             bool
}

// Command returns `ramp dev`.
func Command() *cobra.Command {
	var o options
	c := &cobra.Command{
		Use: "dev", Short: "Run all of Ramp on this machine", Args: cobra.NoArgs,
		Long: "Runs all of Ramp in one process, on loopback only: Temporal and its UI, SQLite, server and worker, an identity\n" +
			"provider with made-up people, example contracts, a file of facts that they ask, a mail server that keeps what is\n" +
			"sent as files, and an SSH host to get access to, and a Postgres where this machine has its programs. It keeps\n" +
			"everything in one directory and continues from there when it is started again. Ctrl-C stops it.",
		Example: "  ramp dev\n  ramp dev --listen 127.0.0.1:9090 --dir /tmp/ramp",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return start(cmd.Context(), o, cmd.OutOrStdout())
		},
	}
	c.Flags().StringVar(&o.dir, "dir", ".ramp", "directory in which everything is kept")
	c.Flags().StringVar(&o.listen, "listen", "127.0.0.1:8080", "address of Ramp's pages and API")
	c.Flags().StringVar(&o.temporal, "temporal", "127.0.0.1:7233", "address of Temporal")
	c.Flags().StringVar(&o.temporalUI, "temporal-ui", "127.0.0.1:8233", "address of the Temporal UI")
	c.Flags().StringVar(&o.idp, "idp", "127.0.0.1:8090", "address of the identity provider")
	c.Flags().StringVar(&o.ssh, "ssh", "127.0.0.1:2222", "address of the demo SSH host")
	c.Flags().StringVar(&o.postgres, "postgres", "127.0.0.1:5433", "address of the demo Postgres, which is started where this machine has initdb; off leaves it out")
	c.Flags().StringSliceVar(&o.without, "without", nil, "leave out server, worker or both, to run them as processes of their own")
	c.Flags().DurationVar(&o.reconcile, "reconcile-every", 10*time.Second, "how often targets, ledger and workflows are compared")
	c.Flags().BoolVar(&o.scim, "scim", false, "accept provisioning of people and groups (SCIM 2.0), with the token in "+scimTokenName)
	c.Flags().StringVar(&o.contractsGit, "contracts-git", "", "a git repository whose branch main has the contracts in its root, an address or a path, instead of DIR/contracts")
	c.Flags().BoolVar(&o.proposals, "proposals", false, "contracts change by proposals that their owners approve, no longer as DIR/contracts is edited")
	c.MarkFlagsMutuallyExclusive("contracts-git", "proposals")
	c.AddCommand(tokenCommand())
	return c
}

func tokenCommand() *cobra.Command {
	var dir string
	var ago time.Duration
	c := &cobra.Command{
		Use: "token PERSON", Short: "Print a token of the development identity provider", Args: cobra.ExactArgs(1),
		Long:    "Prints a bearer token for one of the made-up people, valid for an hour. In development only: it is signed with the\nkey that `ramp dev` keeps in its directory.",
		Example: "  export RAMP_TOKEN=$(ramp dev token alice)\n  ramp dev token bob --logged-in 1h  # too long ago for contracts with stepUp",
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := config.Load(filepath.Join(dir, config.DefaultName))
			if errors.Is(err, os.ErrNotExist) {
				return access.Errorf(access.CodeNotFound, "no `ramp dev` has run in %s yet; say where with --dir", dir)
			}
			if err != nil {
				return err
			}
			token, err := idp.Mint(dir, c.Server.Identity.Issuer, args[0], "ramp", time.Hour, ago)
			if err != nil {
				return err
			}
			fmt.Fprintln(cmd.OutOrStdout(), token)
			return nil
		},
	}
	c.Flags().StringVar(&dir, "dir", ".ramp", "the directory of ramp dev")
	c.Flags().DurationVar(&ago, "logged-in", 0, "how long ago the person logged in, as the token says")
	return c
}

// start starts every part in turn, and stops them in the opposite order.
func start(ctx context.Context, o options, out io.Writer) error {
	began := time.Now()
	for _, w := range o.without {
		if w != "server" && w != "worker" {
			return access.Errorf(access.CodeInvalid, "--without %s: only server and worker can be left out", w)
		}
	}
	d := &dev{options: o, log: logrus.StandardLogger()}
	ctx, cancel := context.WithCancel(ctx)
	defer d.on.Close()
	defer cancel()
	for _, step := range []func(context.Context) error{d.prepare, d.awaitDatabase, d.ports, d.startIDP, d.startTemporal, d.outside, d.startHost, d.startDatabase, d.configure, d.startWorker, d.startServer} {
		if err := step(ctx); err != nil {
			if ctx.Err() != nil {
				fmt.Fprintln(out, "\nStopped before it was ready.")
				return nil
			}
			return err
		}
	}
	fmt.Fprint(out, d.welcome(os.Args[0], time.Since(began), paintFor(out)))
	select {
	case <-ctx.Done():
		fmt.Fprintln(out, "\nStopping. Ctrl-C again stops at once.")
		d.on.Close()
		fmt.Fprintf(out, "Stopped. Everything is kept in %s; the same command continues from there.\n", d.dir)
		return nil
	case err := <-d.failed:
		return err
	}
}
