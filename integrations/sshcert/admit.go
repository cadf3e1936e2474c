package sshcert

import (
	"bytes"
	_ "embed"
	"fmt"
	"os"
	"path/filepath"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations/sshcert/hostfiles"
)

//go:embed admit.sh
var admitScript []byte

const admitFile = "admit"

// writeAdmit puts the script that sshd runs into the directory. Hold its lock.
func writeAdmit(dir *hostfiles.Dir) error {
	path := dir.Path(admitFile)
	if old, err := os.ReadFile(path); err == nil && bytes.Equal(old, admitScript) {
		return nil
	}
	if err := (hostfiles.OS{}).Replace(path, admitScript, 0o755); err != nil {
		return access.Errorf(access.CodeUnavailable, "the host's admit script: %w", err)
	}
	return nil
}

// HostConfig is what the host's sshd_config needs for this target.
//
// AuthorizedPrincipalsFile would admit the same people, but then sshd does not
// say which connection belongs to which grant: a client that logs in, opens no
// session, and asks for one after its access ended would not be found. The
// script runs through /bin/sh, as sshd refuses programs in directories that it
// finds too open.
func (c Config) HostConfig() (string, error) {
	dir, err := filepath.Abs(string(c.Dir))
	if err != nil {
		return "", err
	}
	d := hostfiles.New(dir, hostfiles.OS{})
	return fmt.Sprintf(`TrustedUserCAKeys %s
RevokedKeys %s
AuthorizedPrincipalsCommand /bin/sh %s %%u %%i
AuthorizedPrincipalsCommandUser root
PermitUserEnvironment %s
`, d.CAPath(), d.RevokedPath(), d.Path(admitFile), hostfiles.GrantVariable), nil
}
