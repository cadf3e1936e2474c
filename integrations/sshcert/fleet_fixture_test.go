package sshcert

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/integrations/targettest"
	"ramp.dev/ramp/internal/ports"
	"ramp.dev/ramp/internal/testtools"
	"ramp.dev/ramp/ledger"
)

// helperVariable makes the test binary a host's helper, in the host's own processes.
const helperVariable = "RAMP_TEST_HELPER"

// helperProcess is what a helper in a process of its own is told.
type helperProcess struct {
	Helper Helper
	Listen string
}

func TestMain(m *testing.M) {
	text := os.Getenv(helperVariable)
	if text == "" {
		os.Exit(m.Run())
	}
	var p helperProcess
	err := json.Unmarshal([]byte(text), &p)
	if err == nil {
		err = p.run()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "helper:", err)
		os.Exit(1)
	}
}

func (p helperProcess) run() error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	l, err := net.Listen("tcp", p.Listen)
	if err != nil {
		return err
	}
	return p.Helper.Serve(ctx, l, func(err error) { fmt.Fprintln(os.Stderr, "helper:", err) })
}

// machine is one host of a fleet: a real sshd and the helper, with processes of their
// own that no other host sees.
type machine struct {
	dir     string // of the host
	address string // of its own, on the loopback
	ssh     int    // sshd's port
	process helperProcess
	cmd     *exec.Cmd
	out     *testtools.Output
}

// fleetOf is three hosts and the target's configuration.
type fleetOf struct {
	hosts  map[string]*machine
	config FleetConfig
	user   string
	led    *ledger.Ledger
}

func keygen(t *testing.T, args ...string) {
	out, err := exec.Command("ssh-keygen", append([]string{"-q"}, args...)...).CombinedOutput()
	require.NoErrorf(t, err, "%s", out)
}

// startFleet starts web1, web2 and db1. The hosts are known by certificates of one
// authority.
func startFleet(t *testing.T) *fleetOf {
	for _, program := range []string{"/usr/sbin/sshd", "ssh", "ssh-keygen", "unshare"} {
		_, err := exec.LookPath(program)
		require.NoErrorf(t, err, "this test needs OpenSSH and util-linux: apt-get install openssh-server openssh-client util-linux")
	}
	require.Zero(t, os.Geteuid(), "this test needs root, as sshd does; run it in a container")
	require.NoError(t, os.MkdirAll("/run/sshd", 0o755)) // sshd insists
	me, err := user.Current()
	require.NoError(t, err)
	dir := shortTemp(t)
	for _, name := range []string{"ca", "hostca", "worker"} {
		keygen(t, "-t", "ed25519", "-N", "", "-C", name, "-f", filepath.Join(dir, name))
	}
	f := &fleetOf{hosts: map[string]*machine{}, user: me.Username, config: FleetConfig{
		CA: field.File(filepath.Join(dir, "ca")), Users: []string{me.Username, "other"}, HelperKey: field.File(filepath.Join(dir, "worker")),
		HostAuthority: field.FileOrText(filepath.Join(dir, "hostca.pub")),
	}}
	f.led, err = ledger.Open(context.Background(), "sqlite:"+filepath.Join(dir, "ledger.db"))
	require.NoError(t, err)
	t.Cleanup(func() { f.led.Close() })
	for i, name := range []string{"web1", "web2", "db1"} {
		m := &machine{dir: filepath.Join(dir, name), address: fmt.Sprintf("127.0.0.%d", i+11), ssh: ports.PortForTest(t).Number}
		helper := ports.PortForTest(t).Number
		require.NoError(t, os.Mkdir(m.dir, 0o755))
		key := filepath.Join(m.dir, "host")
		keygen(t, "-t", "ed25519", "-N", "", "-f", key)
		keygen(t, "-s", filepath.Join(dir, "hostca"), "-I", name, "-h", "-n", m.address, key+".pub")
		m.process = helperProcess{Listen: net.JoinHostPort(m.address, strconv.Itoa(helper)), Helper: Helper{
			Dir: filepath.Join(m.dir, "ramp"), Users: []string{me.Username, "other"}, Authorities: filepath.Join(dir, "ca.pub"),
			Workers: filepath.Join(dir, "worker.pub"), HostKey: key, Certificate: key + "-cert.pub"}}
		f.hosts[name] = m
		f.config.Hosts = append(f.config.Hosts, FleetHost{Name: name, Host: m.address, Port: m.ssh, HelperPort: helper,
			Labels: map[string]string{"role": strings.TrimRight(name, "0123456789"), "site": "eu"}})
		m.prepare(t)
		// Here, and not where a subtest boots it again, which may end before others.
		t.Cleanup(func() {
			m.crash()
			if t.Failed() {
				t.Logf("%s: %s", name, m.out.String())
			}
		})
		m.start(t)
	}
	return f
}

// prepare sets the host up, as `ramp host setup` does.
func (m *machine) prepare(t *testing.T) {
	version, err := exec.Command("/usr/sbin/sshd", "-V").CombinedOutput()
	require.NoErrorf(t, err, "%s", version)
	trust, err := m.process.Helper.Prepare(context.Background(), string(version))
	require.NoError(t, err)
	testtools.SSHD{Trust: trust, Address: m.address, Port: m.ssh, HostKey: m.process.Helper.HostKey, Certificate: m.process.Helper.Certificate}.Write(t, m.dir)
}

// start boots the host: its processes are in a namespace of their own.
func (m *machine) start(t *testing.T) {
	told, err := json.Marshal(m.process)
	require.NoError(t, err)
	self, err := os.Executable()
	require.NoError(t, err)
	m.out = &testtools.Output{}
	m.cmd = testtools.Machine(`/usr/sbin/sshd -D -e -f "$1" & "$2" & wait`, "host", filepath.Join(m.dir, "sshd_config"), self)
	m.cmd.Env = append(os.Environ(), helperVariable+"="+string(told))
	m.cmd.Stdout, m.cmd.Stderr = m.out, m.out
	require.NoError(t, m.cmd.Start())
	require.Eventually(t, func() bool {
		for _, at := range []string{m.process.Listen, net.JoinHostPort(m.address, strconv.Itoa(m.ssh))} {
			conn, err := net.Dial("tcp", at)
			if err != nil {
				return false
			}
			conn.Close()
		}
		return true
	}, 30*time.Second, 20*time.Millisecond, "the host does not listen")
}

// crash ends all of the host's processes at once.
func (m *machine) crash() {
	if m.cmd == nil {
		return
	}
	_ = m.cmd.Process.Kill()
	_ = m.cmd.Wait()
	m.cmd = nil
}

// open opens the target, as a worker does. The wrapper is put before each host.
func (f *fleetOf) open(t *testing.T, dial func(ctx context.Context, address string) (net.Conn, error)) *fleet {
	opened, err := f.config.open(context.Background(), "ssh/demo", dial)
	require.NoError(t, err)
	opened.UseHolders(f.led.Holders("ssh/demo"))
	opened.patience, opened.openPatience = time.Minute, time.Minute
	return opened
}

// on is an entitlement on hosts.
func (f *fleetOf) on(hosts ...any) access.Entitlement {
	return access.Entitlement{"user": f.user, "hosts": hosts}
}

// minted opens a grant and picks it up.
func minted(t *testing.T, target *fleet, e access.Entitlement) (access.Grant, access.Credential) {
	g := newGrant(e)
	require.NoError(t, target.Grant(context.Background(), g))
	cred, err := target.Mint(context.Background(), g)
	require.NoError(t, err)
	return g, cred
}

// sshOn runs a command on a host of the fleet with OpenSSH's own client.
func sshOn(ctx context.Context, t *testing.T, cred access.Credential, host string, args ...string) (string, error) {
	cmd := sshCommand(ctx, t, cred, args...)
	for i, arg := range cmd.Args {
		if arg == "demo" {
			cmd.Args[i] = host
		}
	}
	return ran(cmd)
}

// shellOn opens a shell that stays open.
func shellOn(t *testing.T, cred access.Credential, host string) (*sshProcess, error) {
	cmd := sshCommand(context.Background(), t, cred, "exec /bin/sh")
	for i, arg := range cmd.Args {
		if arg == "demo" {
			cmd.Args[i] = host
		}
	}
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	s := &sshProcess{cmd: cmd, in: in, out: bufio.NewReader(out)}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	return s, s.Alive(ctx)
}

// everywhere runs a command on all hosts. It was refused if all of them refused.
func everywhere(ctx context.Context, t *testing.T, g access.Grant, cred access.Credential, hosts ...string) error {
	var refused, failed []error
	for _, host := range hosts {
		out, err := sshOn(ctx, t, cred, host, "echo $"+"RAMP_GRANT")
		switch {
		case errors.Is(err, targettest.ErrRefused):
			refused = append(refused, err)
		case err != nil:
			failed = append(failed, err)
		case strings.TrimSpace(out) != g.Name:
			failed = append(failed, fmt.Errorf("RAMP_GRANT is %q", out))
		}
	}
	if len(failed) == 0 && len(refused) == len(hosts) {
		return errors.Join(refused...)
	}
	return errors.Join(failed...)
}
