package credential

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"

	"ramp.dev/ramp/access"
)

// facts are what is taken of each host from a credential's ssh_config. Everything else
// in it is ignored: a ProxyCommand, say, would run on this machine.
var facts = map[string]*regexp.Regexp{
	"Host":     regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$`),
	"HostName": regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9.:-]{0,251}[A-Za-z0-9])?$`),
	"Port":     regexp.MustCompile(`^[0-9]{1,5}$`),
	"User":     regexp.MustCompile(`^[a-z_][a-z0-9_-]{0,31}$`),
}

// maxHosts bounds the hosts of one credential.
const maxHosts = 1000

// sshConfig writes an ssh_config of its own from four facts of the credential's about
// each host.
func sshConfig(theirs, dir string) (string, error) {
	hosts, err := sshHosts(theirs)
	if err != nil {
		return "", err
	}
	if strings.ContainsAny(dir, "\"\n\r") {
		return "", access.Errorf(access.CodeInvalid, "ssh cannot read its configuration from a directory with a quote or a line break in its name")
	}
	dir = strings.ReplaceAll(dir, "%", "%%") // ssh expands what is after a %
	var out strings.Builder
	for _, found := range hosts {
		out.WriteString(sshBlock(found, dir))
	}
	return out.String(), nil
}

// sshHosts returns the facts about each host, in order. What is missing, malformed or
// there twice is an error.
func sshHosts(theirs string) (hosts []map[string]string, err error) {
	names := map[string]bool{}
	for line := range strings.Lines(theirs) {
		words := strings.Fields(line)
		if len(words) < 2 || facts[words[0]] == nil {
			continue
		}
		if words[0] == "Host" {
			hosts = append(hosts, map[string]string{})
		}
		unusable := access.Errorf(access.CodeEvidence, "the credential's ssh configuration has no usable %s; it was not used", words[0])
		if len(hosts) == 0 || len(words) != 2 || !facts[words[0]].MatchString(words[1]) {
			return nil, unusable
		}
		found := hosts[len(hosts)-1]
		if _, twice := found[words[0]]; twice || words[0] == "Host" && names[words[1]] {
			return nil, unusable
		}
		found[words[0]] = words[1]
		names[found["Host"]] = true
	}
	for _, found := range hosts {
		port, _ := strconv.Atoi(found["Port"])
		if len(found) != len(facts) || port < 1 || port > 65535 {
			hosts = nil
			break
		}
	}
	if len(hosts) == 0 || len(hosts) > maxHosts {
		return nil, access.Errorf(access.CodeEvidence, "the credential's ssh configuration names no host, port and user; it was not used")
	}
	return hosts, nil
}

// sshBlock is what ssh is told of one host.
func sshBlock(found map[string]string, dir string) string {
	return fmt.Sprintf(`Host %s
  HostName %s
  Port %s
  User %s
  IdentityFile "%s/id"
  CertificateFile "%s/id-cert.pub"
  UserKnownHostsFile "%s/known_hosts"
  GlobalKnownHostsFile none
  StrictHostKeyChecking yes
  UpdateHostKeys no
  IdentitiesOnly yes
  IdentityAgent none
  PreferredAuthentications publickey
  ControlMaster no
  ControlPath none
  ProxyCommand none
  PermitLocalCommand no
`, found["Host"], found["HostName"], found["Port"], found["User"], dir, dir, dir)
}

// sshHelpers makes everything that speaks SSH find the credential (docs/threats.md, case 80): a
// directory for PATH in which ssh, scp and sftp are told of its configuration,
// variables for git, rsync and ansible, and an agent that holds its key alone.
// stop ends the agent.
func sshHelpers(cred access.Credential, dir string) (env map[string]string, stop func(), err error) {
	bin := filepath.Join(dir, "bin")
	if err := os.Mkdir(bin, 0o700); err != nil {
		return nil, nil, access.Errorf(access.CodeUnavailable, "credential: %w", err)
	}
	for program, arguments := range cred.Arguments {
		real, err := exec.LookPath(program)
		if err != nil {
			continue // a person who runs it gets the shell's own message
		}
		script := "#!/bin/sh\nexec " + quoted(append([]string{real}, arguments...)) + " \"$@\"\n"
		if err := os.WriteFile(filepath.Join(bin, program), []byte(script), 0o700); err != nil { // #nosec G306 -- a program for its owner alone
			return nil, nil, access.Errorf(access.CodeUnavailable, "credential: %w", err)
		}
	}
	socket := filepath.Join(dir, "agent")
	if stop, err = serveAgent(cred, socket); err != nil {
		return nil, nil, err
	}
	config := filepath.Join(dir, "config")
	return map[string]string{
		"PATH":             bin + string(os.PathListSeparator) + os.Getenv("PATH"),
		"SSH_AUTH_SOCK":    socket,
		"RAMP_SSH_CONFIG":  config,
		"GIT_SSH_COMMAND":  quoted([]string{"ssh", "-F", config}),
		"RSYNC_RSH":        "ssh -F " + config, // rsync splits at blanks and knows no quotes of a shell; the path has none
		"ANSIBLE_SSH_ARGS": quoted([]string{"-F", config}),
	}, stop, nil
}

// quoted writes words for a POSIX shell.
func quoted(words []string) string {
	out := make([]string, len(words))
	for i, w := range words {
		out[i] = "'" + strings.ReplaceAll(w, "'", `'\''`) + "'"
	}
	return strings.Join(out, " ")
}

// serveAgent serves an SSH agent on a socket of the private directory.
func serveAgent(cred access.Credential, socket string) (stop func(), err error) {
	refuse := func(err error) (func(), error) {
		return nil, access.Errorf(access.CodeEvidence, "the credential's key: %w", err)
	}
	key, err := ssh.ParseRawPrivateKey([]byte(cred.Files["id"]))
	if err != nil {
		return refuse(err)
	}
	public, _, _, _, err := ssh.ParseAuthorizedKey([]byte(cred.Files["id-cert.pub"]))
	if err != nil {
		return refuse(err)
	}
	certificate, ok := public.(*ssh.Certificate)
	if !ok {
		return refuse(fmt.Errorf("it has no certificate"))
	}
	keys := agent.NewKeyring()
	if err := keys.Add(agent.AddedKey{PrivateKey: key, Certificate: certificate}); err != nil {
		return refuse(err)
	}
	l, err := net.Listen("unix", socket)
	if err != nil {
		return nil, access.Errorf(access.CodeUnavailable, "an agent at %s, of %d characters (a socket's path has 107 at the most; XDG_RUNTIME_DIR moves it): %w", socket, len(socket), err)
	}
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				_ = agent.ServeAgent(keys, conn)
			}()
		}
	}()
	return func() { l.Close() }, nil
}
