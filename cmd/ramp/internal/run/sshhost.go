package run

import (
	"context"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/google/renameio/v2"
	"github.com/spf13/cobra"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config"
	"ramp.dev/ramp/integrations/sshcert"
)

// defaultSSHD is where Debian and others have sshd. It is on few people's PATH.
const defaultSSHD = "/usr/sbin/sshd"

func sshHostCommand() *cobra.Command {
	var f configured
	var sshd, install string
	c := &cobra.Command{
		Use: "ssh-host [TARGET]", Short: "Print or install what an SSH host needs", Args: cobra.MaximumNArgs(1),
		Long: "Run it on the host that a target of kind ssh stands for. It makes the target's directory, with the authority\n" +
			"and the program that sshd asks who may log in, and prints what sshd_config needs, for this host's OpenSSH.\n\n" +
			"With --install it writes that into a file that sshd_config includes, after sshd itself has checked it.\n" +
			"Then have sshd read it: systemctl reload ssh. docs/targets/ssh.md says what each line is for.",
		Example: "  ramp ssh-host --config /etc/ramp/ramp.yaml\n  ramp ssh-host ssh/orders --install /etc/ssh/sshd_config.d/ramp.conf",
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := config.Load(f.path)
			if err != nil {
				return err
			}
			name, host, err := targetOf[sshcert.Config](c, "ssh", args)
			if err != nil {
				return err
			}
			lines, err := prepareHost(cmd.Context(), name, host, sshd)
			if err != nil {
				return err
			}
			if install != "" {
				if err := installLines(cmd.Context(), sshd, install, lines); err != nil {
					return err
				}
			}
			out := map[string]any{"target": name, "sshdConfig": lines, "installed": install}
			return f.format.Print(cmd.OutOrStdout(), out, func(w io.Writer) {
				if install == "" {
					fmt.Fprint(w, lines)
					return
				}
				fmt.Fprintf(w, "%s: installed for %s. Now: systemctl reload ssh\n", install, name)
			})
		},
	}
	f.flags(c, "the worker's")
	c.Flags().StringVar(&sshd, "sshd", defaultSSHD, "the host's sshd")
	c.Flags().StringVar(&install, "install", "", "a file to write, which sshd_config includes; without it, the lines are printed")
	return c
}

// prepareHost makes the target's files and returns the lines for sshd_config.
func prepareHost(ctx context.Context, name string, host sshcert.Config, sshd string) (string, error) {
	version, err := sshdVersion(ctx, sshd)
	if err != nil {
		return "", err
	}
	lines, err := host.HostConfig(version)
	if err != nil {
		return "", err
	}
	if _, err := host.Open(ctx, name); err != nil { // makes the files that the lines name
		return "", err
	}
	return lines, nil
}

// sshdVersion returns what an sshd says of its version.
func sshdVersion(ctx context.Context, sshd string) (string, error) {
	version, err := exec.CommandContext(ctx, sshd, "-V").CombinedOutput() // #nosec G204 -- the operator's own sshd
	if err != nil {
		return "", access.Errorf(access.CodeUnavailable, "%s -V: %w; name the host's sshd with --sshd", sshd, err)
	}
	return string(version), nil
}

// installLines writes a file that sshd_config includes, if sshd accepts it.
func installLines(ctx context.Context, sshd, path, lines string) error {
	file, err := renameio.NewPendingFile(path, renameio.WithPermissions(0o644), renameio.WithTempDir(filepath.Dir(path)))
	if err != nil {
		return access.Errorf(access.CodeUnavailable, "--install: %w", err)
	}
	defer file.Cleanup()
	if _, err := io.WriteString(file, "# Written by ramp.\n"+lines); err != nil {
		return access.Errorf(access.CodeUnavailable, "--install: %w", err)
	}
	// Alone, not with the host's sshd_config: that one may be wrong already, which
	// is not for this command to say.
	if out, err := exec.CommandContext(ctx, sshd, "-t", "-f", file.Name()).CombinedOutput(); err != nil { // #nosec G204 -- as above
		return access.Errorf(access.CodeInvalid, "sshd does not accept the lines, so nothing was written: %s", strings.TrimSpace(string(out)))
	}
	if err := file.CloseAtomicallyReplace(); err != nil {
		return access.Errorf(access.CodeUnavailable, "--install: %w", err)
	}
	return nil
}
