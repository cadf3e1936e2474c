package run

import (
	"context"
	"fmt"
	"io"
	"net"

	"github.com/sirupsen/logrus"
	"github.com/spf13/cobra"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/cmd/ramp/internal/output"
	"ramp.dev/ramp/integrations/sshcert"
)

// helperFlags are what both commands about a host of a fleet are told.
type helperFlags struct{ helper sshcert.Helper }

func (f *helperFlags) flags(c *cobra.Command) {
	c.Flags().StringVar(&f.helper.Dir, "dir", "/var/lib/ramp/ssh", "the host's directory, with the lines of who may log in")
	c.Flags().StringArrayVar(&f.helper.Users, "user", nil, "a login that grants may give here; for several, several times")
	c.Flags().StringVar(&f.helper.SourceAddress, "source-address", "", "CIDR block that every login must come from")
	c.Flags().StringVar(&f.helper.Authorities, "authorities", "/etc/ramp/ssh-ca.pub", "public keys that may sign certificates, one a line")
}

func hostCommand() *cobra.Command {
	c := &cobra.Command{Use: "host", Short: "The helper on each SSH host of a fleet",
		Long: "A target of kind sshfleet reaches each of its hosts by a helper that runs there, as root. docs/targets/ssh.md says how\n" +
			"a fleet is set up."}
	c.AddCommand(hostSetupCommand(), hostServeCommand())
	return c
}

func hostSetupCommand() *cobra.Command {
	var f helperFlags
	var sshd, install string
	var format output.Format
	c := &cobra.Command{
		Use: "setup", Short: "Print or install what the host's sshd needs", Args: cobra.NoArgs,
		Long: "Run it on the host, as root. It makes the host's directory, with the authorities and the program that sshd asks who\n" +
			"may log in, and prints what sshd_config needs, for this host's OpenSSH. With --install it writes that into a file\n" +
			"that sshd_config includes, after sshd itself has checked it. Then have sshd read it: systemctl reload ssh.",
		Example: "  ramp host setup --user deploy --install /etc/ssh/sshd_config.d/ramp.conf",
		RunE: func(cmd *cobra.Command, _ []string) error {
			version, err := sshdVersion(cmd.Context(), sshd)
			if err != nil {
				return err
			}
			lines, err := f.helper.Prepare(cmd.Context(), version)
			if err != nil {
				return err
			}
			if install != "" {
				if err := installLines(cmd.Context(), sshd, install, lines); err != nil {
					return err
				}
			}
			return format.Print(cmd.OutOrStdout(), map[string]any{"sshdConfig": lines, "installed": install}, func(w io.Writer) {
				if install == "" {
					fmt.Fprint(w, lines)
					return
				}
				fmt.Fprintf(w, "%s: installed. Now: systemctl reload ssh\n", install)
			})
		},
	}
	f.flags(c)
	format.Flag(c)
	c.Flags().StringVar(&sshd, "sshd", defaultSSHD, "the host's sshd")
	c.Flags().StringVar(&install, "install", "", "a file to write, which sshd_config includes; without it, the lines are printed")
	return c
}

func hostServeCommand() *cobra.Command {
	var f helperFlags
	var listen string
	c := &cobra.Command{
		Use: "serve", Short: "Let workers open and close access on this host", Args: cobra.NoArgs,
		Long: "Run it on the host, as root, as a service. Workers with a key in --workers reach it by SSH on a port of its own; let\n" +
			"nobody else reach that port. They can have it open and close grants for the logins of --user, and nothing else. It\n" +
			"cuts the sessions of grants that have ended, also when it hears from no worker. It stops at SIGTERM.",
		Example: "  ramp host serve --user deploy --workers /etc/ramp/workers.pub",
		RunE: func(cmd *cobra.Command, _ []string) error {
			l, err := listenOn(cmd.Context(), listen)
			if err != nil {
				return err
			}
			defer l.Close()
			logrus.WithField("address", l.Addr().String()).Info("host: serving workers")
			return f.helper.Serve(cmd.Context(), l, func(err error) {
				logrus.WithError(err).Error("host: sessions of ended grants could not be looked for, or cut; it goes on trying")
			})
		},
	}
	f.flags(c)
	c.Flags().StringVar(&listen, "listen", ":8022", "address of the helper's own port")
	c.Flags().StringVar(&f.helper.Workers, "workers", "/etc/ramp/workers.pub", "public keys of the workers that may call, one a line")
	c.Flags().StringVar(&f.helper.HostKey, "host-key", "/etc/ssh/ssh_host_ed25519_key", "the host's private key, by which workers know it")
	c.Flags().StringVar(&f.helper.Certificate, "host-certificate", "", "its certificate, where workers know hosts by an authority (hostAuthority)")
	return c
}

func listenOn(ctx context.Context, address string) (net.Listener, error) {
	var c net.ListenConfig
	l, err := c.Listen(ctx, "tcp", address)
	if err != nil {
		return nil, access.Errorf(access.CodeUnavailable, "--listen: %w", err)
	}
	return l, nil
}
