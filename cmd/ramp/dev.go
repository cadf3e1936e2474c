//go:build !lean

package main

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

// devFlags are where the parts of `ramp dev` live.
type devFlags struct {
	dir, listen, temporal, temporalUI, idp, ssh string
	without                                     []string
	reconcile                                   time.Duration
	scim                                        bool
}

func devCommand() *cobra.Command {
	var f devFlags
	c := &cobra.Command{
		Use: "dev", Short: "Run all of Ramp on this machine", GroupID: "run", Args: cobra.NoArgs,
		Long: "Runs all of Ramp in one process, on loopback only: Temporal and its UI, SQLite, server and worker,\n" +
			"an identity provider with made-up people, example contracts, and an SSH host to get access to.\n" +
			"Everything is kept in one directory; the same command goes on from there. Ctrl-C stops it.",
		Example: "  ramp dev\n  ramp dev --listen 127.0.0.1:9090 --dir /tmp/ramp",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runDev(cmd.Context(), f, cmd.OutOrStdout())
		},
	}
	c.Flags().StringVar(&f.dir, "dir", ".ramp", "directory in which everything is kept")
	c.Flags().StringVar(&f.listen, "listen", "127.0.0.1:8080", "address of Ramp's pages and API")
	c.Flags().StringVar(&f.temporal, "temporal", "127.0.0.1:7233", "address of Temporal")
	c.Flags().StringVar(&f.temporalUI, "temporal-ui", "127.0.0.1:8233", "address of the Temporal UI")
	c.Flags().StringVar(&f.idp, "idp", "127.0.0.1:8090", "address of the identity provider")
	c.Flags().StringVar(&f.ssh, "ssh", "127.0.0.1:2222", "address of the demo SSH host")
	c.Flags().StringSliceVar(&f.without, "without", nil, "leave out server, worker or both, to run them beside")
	c.Flags().DurationVar(&f.reconcile, "reconcile-every", 10*time.Second, "how often targets, ledger and workflows are compared")
	c.Flags().BoolVar(&f.scim, "scim", false, "let people and groups be provisioned (SCIM 2.0), with the token in "+scimTokenName)
	c.AddCommand(devTokenCommand())
	return c
}

func devTokenCommand() *cobra.Command {
	var dir string
	var ago time.Duration
	c := &cobra.Command{
		Use: "token PERSON", Short: "Print a token of the development identity provider", Args: cobra.ExactArgs(1),
		Long:    "Prints a bearer token, good for an hour, for one of the made-up people. In development only: it is signed with the key that `ramp dev` keeps in its directory.",
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
	c.Flags().StringVar(&dir, "dir", ".ramp", "the directory of `ramp dev`")
	c.Flags().DurationVar(&ago, "logged-in", 0, "how long ago the person logged in, as the token says")
	return c
}

// runDev starts every part in turn and stops them the other way round.
func runDev(ctx context.Context, f devFlags, out io.Writer) error {
	began := time.Now()
	for _, w := range f.without {
		if w != "server" && w != "worker" {
			return access.Errorf(access.CodeInvalid, "--without %s: only server and worker can be left out", w)
		}
	}
	d := &dev{flags: f, log: logrus.StandardLogger()}
	ctx, cancel := context.WithCancel(ctx)
	defer d.on.close()
	defer cancel()
	for _, step := range []func(context.Context) error{d.prepare, d.ports, d.identity, d.engine, d.host, d.write, d.worker, d.server} {
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
		d.on.close()
		fmt.Fprintf(out, "Stopped. Everything is kept in %s; the same command goes on from there.\n", d.flags.dir)
		return nil
	case err := <-d.failed:
		return err
	}
}
