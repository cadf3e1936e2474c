package sshcert

import (
	"bytes"
	"context"
	"math/rand/v2"
	"net"
	"os"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/sync/errgroup"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/integrations/sshcert/hostcall"
	"ramp.dev/ramp/integrations/sshcert/hostfiles"
	"ramp.dev/ramp/integrations/sshcert/hostsessions"
	"ramp.dev/ramp/internal/clock"
	"ramp.dev/ramp/internal/privatefile"
)

// Helper is what runs on each host of a fleet, as root: it lets workers open and close
// grants there, and cuts the sessions of grants that have ended, also when it hears from
// nobody.
type Helper struct {
	Dir           string   // of the host's own, made where it is missing; see package hostfiles
	Users         []string // the logins that grants may give here, whatever a worker says
	SourceAddress string   // CIDR block that every login must come from; empty is anywhere
	Authorities   string   // path of the public keys that may sign certificates, one a line
	Workers       string   // path of the public keys of workers, one a line
	HostKey       string   // path of the host's private key
	Certificate   string   // path of its certificate; empty for none
}

// config returns the configuration of the host as a target of its own.
func (h Helper) config() Config {
	return Config{Dir: field.File(h.Dir), Users: h.Users, SourceAddress: h.SourceAddress, Sessions: SessionsConfig{Processes: true},
		// What only clients of a host are told, and nothing here reads; it must be well-formed.
		Host: "localhost", HostKey: "unread"}
}

// Prepare makes the host's files, and returns what its sshd_config needs; see
// Config.HostConfig. Errors are of code invalid and unavailable.
func (h Helper) Prepare(ctx context.Context, version string) (string, error) {
	lines, err := h.config().HostConfig(version)
	if err != nil {
		return "", err
	}
	_, err = h.open(ctx, hostfiles.OS{})
	return lines, err
}

// open makes the host's files and returns what acts on them.
func (h Helper) open(ctx context.Context, disk hostfiles.Disk) (*target, error) {
	c := h.config()
	if issues := c.Validate("ssh/helper"); len(issues) > 0 {
		return nil, access.Invalid(issues...)
	}
	if _, err := publicKeys("the authorities' public keys", h.Authorities); err != nil {
		return nil, err
	}
	trusted, err := os.ReadFile(h.Authorities)
	if err != nil {
		return nil, access.Errorf(access.CodeUnavailable, "the authorities' public keys: %w", err)
	}
	dir, unlock, err := c.prepare(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	if old, err := os.ReadFile(dir.CAPath()); err != nil || !bytes.Equal(old, trusted) {
		if err := (hostfiles.OS{}).Replace(dir.CAPath(), trusted, 0o644); err != nil {
			return nil, access.Errorf(access.CodeUnavailable, "the authorities' public keys: %w", err)
		}
	}
	dir = hostfiles.New(h.Dir, disk)
	return &target{name: "ssh/helper", config: c, dir: dir, sessions: hostsessions.NewProcesses(dir)}, nil
}

// publicKeys reads a file of public keys, one a line; what says whose they are. Errors are of
// code unavailable, and invalid: there is none, or one cannot be read.
func publicKeys(what, path string) (keys []ssh.PublicKey, err error) {
	rest, err := os.ReadFile(path)
	if err != nil {
		return nil, access.Errorf(access.CodeUnavailable, "%s cannot be read: %w", what, err)
	}
	for len(bytes.TrimSpace(rest)) > 0 {
		var key ssh.PublicKey
		if key, _, _, rest, err = ssh.ParseAuthorizedKey(rest); err != nil {
			return nil, access.Errorf(access.CodeInvalid, "%s: line %d of %s that is not empty is no public key, such as ssh-ed25519 AAAA…", what, len(keys)+1, path)
		}
		keys = append(keys, key)
	}
	if len(keys) == 0 {
		return nil, access.Errorf(access.CodeInvalid, "%s: %s is empty", what, path)
	}
	return keys, nil
}

// privateKey reads a private key that nobody else may read. No error quotes it.
func privateKey(path string) (ssh.Signer, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, access.Errorf(access.CodeUnavailable, "private key: %w", err)
	}
	if err := privatefile.Check(path); err != nil {
		return nil, err
	}
	key, err := ssh.ParsePrivateKey(b)
	if err != nil {
		return nil, access.Errorf(access.CodeInvalid, "%s is not a private key without a passphrase", path)
	}
	return key, nil
}

// hostSigner returns the host's key, with its certificate if there is one.
func (h Helper) hostSigner() (ssh.Signer, error) {
	key, err := privateKey(h.HostKey)
	if err != nil || h.Certificate == "" {
		return key, err
	}
	keys, err := publicKeys("the host's certificate", h.Certificate)
	if err != nil {
		return nil, err
	}
	cert, ok := keys[0].(*ssh.Certificate)
	if !ok || cert.CertType != ssh.HostCert {
		return nil, access.Errorf(access.CodeInvalid, "%s is not a host's certificate", h.Certificate)
	}
	signer, err := ssh.NewCertSigner(cert, key)
	if err != nil {
		return nil, access.Errorf(access.CodeInvalid, "%s is not the certificate of %s", h.Certificate, h.HostKey)
	}
	return signer, nil
}

// Serve serves workers on a listener until ctx ends. Errors are of code invalid and
// unavailable. Report is told of what fails at looking for ended sessions.
func (h Helper) Serve(ctx context.Context, l net.Listener, report func(error)) error {
	return h.serve(ctx, l, hostfiles.OS{}, report)
}

func (h Helper) serve(ctx context.Context, l net.Listener, disk hostfiles.Disk, report func(error)) error {
	workers, err := publicKeys("the workers' public keys", h.Workers)
	if err != nil {
		return err
	}
	key, err := h.hostSigner()
	if err != nil {
		return err
	}
	t, err := h.open(ctx, disk)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	done := make(chan struct{})
	defer func() { <-done }()
	go func() {
		defer close(done)
		t.watch(ctx, hostsessions.NewProcesses(t.dir), report)
	}()
	defer cancel()
	return hostcall.Server{Host: helperHost{t, h}, Key: key, Workers: workers}.Serve(ctx, l)
}

const (
	// look is how often a helper looks for sessions of grants that have ended.
	look = time.Second
	// cutWithin is how long it cuts them before it looks again.
	cutWithin = 5 * time.Second
)

// watch cuts the sessions of grants that have ended until ctx ends: sshd checks an expiry
// at login only, and Ramp may be gone.
func (t *target) watch(ctx context.Context, live *hostsessions.Processes, report func(error)) {
	tick := time.NewTicker(look)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if err := t.cutEnded(ctx, live); err != nil && ctx.Err() == nil {
				report(err)
			}
		}
	}
}

// cutEnded cuts the live sessions of each grant of this host's that no line admits now. A
// grant that the directory has never held is somebody else's: another target may have a
// directory on the same host, and a process with its grant in its environment.
func (t *target) cutEnded(ctx context.Context, processes *hostsessions.Processes) error {
	live, err := processes.Grants()
	if err != nil {
		return err
	}
	// At once, and in another order each time: what comes back as often as it is killed, which
	// somebody left behind under an ended grant's name, holds up no cut of another grant, and
	// a lot of that none for ever.
	rand.Shuffle(len(live), func(i, j int) { live[i], live[j] = live[j], live[i] })
	ctx, cancel := context.WithTimeout(ctx, cutWithin)
	defer cancel()
	var group errgroup.Group
	group.SetLimit(maxAtOnce)
	for _, grant := range live {
		group.Go(func() error { return t.cutIfEnded(ctx, grant) }) // one that fails stops no other
	}
	return group.Wait()
}

func (t *target) cutIfEnded(ctx context.Context, grant string) error {
	ours, err := t.dir.Knows(grant)
	if err != nil {
		return err
	}
	admissions, err := t.dir.Admissions(grant)
	if err != nil {
		return err
	}
	if !ours || admits(admissions, clock.Now()) {
		return nil
	}
	return t.sessions.Cut(ctx, grant)
}

func admits(admissions map[string][]hostfiles.Line, at time.Time) bool {
	for _, lines := range admissions {
		for _, l := range lines {
			if l.Admits(at) {
				return true
			}
		}
	}
	return false
}

// helperHost is the host that a helper serves.
type helperHost struct {
	*target
	helper Helper
}

// Ping implements hostcall.Host.
func (h helperHost) Ping(ctx context.Context) error { return h.reach(ctx) }

// Setup implements hostcall.Host.
func (h helperHost) Setup(context.Context) (is hostcall.Setup, err error) {
	trusted, err := publicKeys("the authorities' public keys", h.dir.CAPath())
	if err != nil {
		return is, err
	}
	is.Users = h.config.Users
	for _, key := range trusted {
		is.Authorities = append(is.Authorities, ssh.FingerprintSHA256(key))
	}
	looked, err := h.goesBy()
	if err != nil {
		return is, err
	}
	for _, one := range []guarded{
		{h.helper.Workers, "says which keys the helper lets in", 0o022},
		{h.helper.Authorities, "says which authority the host will trust", 0o022},
		{h.helper.HostKey, "is the host's own key", 0o077},
	} {
		if looked, err = one.withDirectories(append(looked, one), "leads to what the helper goes by"); err != nil {
			return is, err
		}
	}
	is.Rights.TooMuch, err = othersMay(looked)
	return is, err
}

// Issue implements hostcall.Host.
func (h helperHost) Issue(ctx context.Context, g access.Grant, key ssh.PublicKey) (time.Time, error) {
	return h.issue(ctx, g, key)
}
