package sshcert

import (
	"bytes"
	_ "embed"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations/sshcert/hostfiles"
)

//go:embed admit.sh
var admitScript []byte

const admitFile = "admit"

// writeAdmit writes the script that sshd runs into the directory. The caller holds
// the directory's lock.
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

// HostConfig returns what the sshd_config of a host needs for this target.
// Version is the host's, as `sshd -V` prints it: OpenSSH_9.1 or newer.
//
// AuthorizedPrincipalsFile would admit the same people, but then sshd does not
// say which connection belongs to which grant: a client that logs in, opens no
// session, and asks for one after its access ended would not be found. The
// script runs through /bin/sh, because sshd refuses to run programs in
// directories whose modes it finds too open.
//
// From OpenSSH 9.8 on, sshd shuts out an address from which logins fail, for
// longer each time. A script that goes on trying an ended grant's key would shut
// out every other grant from that address, which may be a whole office behind one
// router. Guessing keys is hopeless, so failed logins carry no penalty here;
// sshd's other penalties (crashes, connections that do not log in) stay.
// docs/targets/ssh.md says what to do on a host that also takes passwords.
func (c Config) HostConfig(version string) (string, error) {
	major, minor, err := parseVersion(version)
	if err != nil {
		return "", err
	}
	dir, err := filepath.Abs(string(c.Dir))
	if err != nil {
		return "", err
	}
	d := hostfiles.New(dir, hostfiles.OS{})
	lines := fmt.Sprintf(`TrustedUserCAKeys %s
RevokedKeys %s
AuthorizedPrincipalsCommand /bin/sh %s %%u %%i
AuthorizedPrincipalsCommandUser root
PermitUserEnvironment %s
`, d.CAPath(), d.RevokedPath(), d.Path(admitFile), hostfiles.GrantVariable)
	if major > 9 || major == 9 && minor >= 8 {
		lines += "PerSourcePenalties authfail:0\n"
	}
	return lines, nil
}

var versionShape = regexp.MustCompile(`OpenSSH_([0-9]{1,3})\.([0-9]{1,3})`)

// parseVersion reads a version of OpenSSH. One that is too old for this target is
// an error of code invalid.
func parseVersion(text string) (major, minor int, err error) {
	m := versionShape.FindStringSubmatch(text)
	if m == nil {
		return 0, 0, access.Errorf(access.CodeInvalid, "%q is not a version of OpenSSH, such as OpenSSH_10.0", access.Clip(text, 60))
	}
	major, _ = strconv.Atoi(m[1])
	minor, _ = strconv.Atoi(m[2])
	if major < 9 || major == 9 && minor < 1 {
		return 0, 0, access.Errorf(access.CodeInvalid, "OpenSSH %d.%d is too old: 9.1 is needed", major, minor)
	}
	return major, minor, nil
}
