//go:build !lean

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/sirupsen/logrus"
	"github.com/spf13/cobra"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/engine/devidp"
)

// devFlags are where the parts of `ramp dev` live.
type devFlags struct {
	dir, listen, temporal, temporalUI, idp, ssh string
	without                                     []string
	reconcile                                   time.Duration
}

func devCommand() *cobra.Command {
	var f devFlags
	c := &cobra.Command{
		Use: "dev", Short: "Run all of Ramp on this machine", GroupID: "run", Args: cobra.NoArgs,
		Long: "Runs all of Ramp in one process: Temporal and its UI, SQLite, server and worker, an identity provider\n" +
			"with made-up people, example contracts, and an SSH host to get access to. Everything is kept in one\n" +
			"directory; the same command goes on from there.",
		Example: "  ramp dev\n  ramp dev --listen 127.0.0.1:9090 --dir /tmp/ramp",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runDev(cmd.Context(), f, cmd.OutOrStdout())
		},
	}
	c.Flags().StringVar(&f.dir, "dir", ".ramp", "where everything is kept")
	c.Flags().StringVar(&f.listen, "listen", "127.0.0.1:8080", "Ramp's pages and API")
	c.Flags().StringVar(&f.temporal, "temporal", "127.0.0.1:7233", "Temporal")
	c.Flags().StringVar(&f.temporalUI, "temporal-ui", "127.0.0.1:8233", "the Temporal UI")
	c.Flags().StringVar(&f.idp, "idp", "127.0.0.1:8090", "the development identity provider")
	c.Flags().StringVar(&f.ssh, "ssh", "127.0.0.1:2222", "the demo host")
	c.Flags().StringSliceVar(&f.without, "without", nil, "leave out server, worker or both, to run them beside")
	c.Flags().DurationVar(&f.reconcile, "reconcile-every", 10*time.Second, "how often targets, ledger and workflows are compared")
	c.AddCommand(devTokenCommand())
	return c
}

func devTokenCommand() *cobra.Command {
	var dir string
	c := &cobra.Command{
		Use: "token PERSON", Short: "Print a token of the development identity provider", Args: cobra.ExactArgs(1),
		Long:    "Prints a bearer token, good for an hour, for one of the made-up people. In development only: it is signed with the key that `ramp dev` keeps in its directory.",
		Example: "  export RAMP_TOKEN=$(ramp dev token alice)",
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := loadConfig(filepath.Join(dir, configName))
			if errors.Is(err, os.ErrNotExist) {
				return access.Errorf(access.CodeNotFound, "no `ramp dev` has run in %s yet; say where with --dir", dir)
			}
			if err != nil {
				return err
			}
			token, err := devidp.Mint(dir, c.Server.Identity.Issuer, args[0], "ramp", time.Hour)
			if err != nil {
				return err
			}
			fmt.Fprintln(cmd.OutOrStdout(), token)
			return nil
		},
	}
	c.Flags().StringVar(&dir, "dir", ".ramp", "the directory of `ramp dev`")
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
	defer d.stop()
	defer cancel()
	for _, step := range []func(context.Context) error{d.prepare, d.identity, d.engine, d.host, d.write, d.worker, d.server} {
		if err := step(ctx); err != nil {
			return withFlag(err)
		}
	}
	fmt.Fprint(out, d.welcome(time.Since(began)))
	select {
	case <-ctx.Done():
		fmt.Fprintln(out, "\nStopping. Access that is open ends at its time all the same where the target can; the rest goes on with the next start.")
		return nil
	case err := <-d.failed:
		return err
	}
}

// withFlag names the flag that helps against a port that is taken.
func withFlag(err error) error {
	if access.CodeOf(err) != access.CodeConflict {
		return err
	}
	for what, flag := range map[string]string{"Temporal cannot": "--temporal or --temporal-ui", "identity provider cannot": "--idp",
		"demo host cannot": "--ssh", "cannot listen": "--listen"} {
		if strings.Contains(err.Error(), what) && (what != "cannot listen" || strings.HasPrefix(err.Error(), what)) {
			return access.Errorf(access.CodeConflict, "%s\nIs another `ramp dev` running? Choose another port with %s", err, flag)
		}
	}
	return err
}

func (d *dev) welcome(took time.Duration) string {
	var b strings.Builder
	self := os.Args[0]
	where := ""
	if d.flags.dir != ".ramp" {
		where = " --dir " + d.flags.dir
	}
	server := ""
	if d.flags.listen != "127.0.0.1:8080" {
		server = "  export RAMP_SERVER=http://" + d.flags.listen + "\n"
	}
	fmt.Fprintf(&b, "Ramp is ready, after %.1f s. Ctrl-C stops it; the same command goes on where it was.\n\n", took.Seconds())
	row := func(what, at, about string) { fmt.Fprintf(&b, "  %-13s %-26s %s\n", what, at, about) }
	row("Ramp", "http://"+d.flags.listen, "log in as alice (asks), bob (approves), carol, dave, erin, oscar")
	row("Temporal UI", "http://"+d.flags.temporalUI, "every request is a workflow there")
	row("Demo host", d.flags.ssh, "ssh/demo: nothing gets in without Ramp")
	row("Contracts", filepath.Join(d.flags.dir, "contracts"), "edit them; a change is taken within a second")
	row("State", d.flags.dir, "delete it to begin anew")
	fmt.Fprintf(&b, "\nTry it in another terminal:\n\n%s"+
		"  export RAMP_TOKEN=$(%[2]s dev token alice%[3]s)\n"+
		"  %[2]s request ssh-demo --for 2m --reason \"look into incident 42\"\n"+
		"  RAMP_TOKEN=$(%[2]s dev token bob%[3]s) %[2]s approve --last      # or as bob in the browser\n"+
		"  %[2]s exec --last -- ssh demo\n"+
		"  %[2]s show --last\n\n", server, self, where)
	return b.String()
}
