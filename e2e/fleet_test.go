package e2e

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/internal/netfault"
	"ramp.dev/ramp/internal/ports"
	"ramp.dev/ramp/internal/testtools"
)

// fleet is some hosts, each set up as the documentation says, and what a worker has of them.
type fleet struct {
	in    *installation
	dir   string // with the keys of the authorities and of the worker
	login string
	hosts []*fleetHost
}

// fleetHost is a real sshd and `ramp host serve`, with processes of their own that no other
// host sees.
type fleetHost struct {
	name, address string // the address is its own, on the loopback
	ssh, helper   int    // ports
	dir           string
	wire          *netfault.Wire // between the worker and the helper, past which people go
	cmd           *exec.Cmd
	out           *testtools.Output
}

// startFleet starts a host for each name.
func startFleet(in *installation, names ...string) *fleet {
	require.Zero(in, os.Geteuid(), "this test needs root, as sshd does; run it in a container")
	require.NoError(in, os.MkdirAll("/run/sshd", 0o755)) // sshd insists
	me, err := user.Current()
	require.NoError(in, err)
	dir, err := os.MkdirTemp("", "ramp-fleet-") // sshd reads no keys below a directory of the test's long name
	require.NoError(in, err)
	in.Cleanup(func() { os.RemoveAll(dir) })
	f := &fleet{in: in, dir: dir, login: me.Username}
	for _, name := range []string{"ca", "hostca", "worker"} {
		f.runs("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", filepath.Join(dir, name))
	}
	for i, name := range names {
		h := &fleetHost{name: name, out: &testtools.Output{}, address: fmt.Sprintf("127.0.0.%d", i+11), ssh: ports.PortForTest(in.T).Number, helper: ports.PortForTest(in.T).Number, dir: filepath.Join(dir, name)}
		h.wire = netfault.New(in.T, net.JoinHostPort(h.address, "0"), net.JoinHostPort(h.address, strconv.Itoa(h.helper)))
		f.hosts = append(f.hosts, h)
		in.Cleanup(func() {
			h.crashes()
			if in.Failed() {
				in.Logf("%s: %s", h.name, h.out.String())
			}
		})
		f.sets(h)
		f.starts(h)
	}
	for _, h := range f.hosts {
		f.awaits(h)
	}
	return f
}

// runs runs a program to its end.
func (f *fleet) runs(name string, args ...string) []byte {
	f.in.Helper()
	out, err := exec.Command(name, args...).Output()
	require.NoError(f.in, err, "%s %v", name, args)
	return out
}

// flags are those of both commands about a host.
func (f *fleet) flags(h *fleetHost) []string {
	return []string{"--dir", filepath.Join(h.dir, "ramp"), "--user", f.login, "--authorities", filepath.Join(f.dir, "ca.pub")}
}

// sets sets a host up.
func (f *fleet) sets(h *fleetHost) {
	key := filepath.Join(h.dir, "host")
	require.NoError(f.in, os.Mkdir(h.dir, 0o755))
	f.runs("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key)
	f.runs("ssh-keygen", "-q", "-s", filepath.Join(f.dir, "hostca"), "-I", h.name, "-h", "-n", h.address, key+".pub")
	lines := f.runs(binary, append([]string{"host", "setup"}, f.flags(h)...)...)
	testtools.SSHD{Trust: string(lines), Address: h.address, Port: h.ssh, HostKey: key, Certificate: key + "-cert.pub"}.Write(f.in, h.dir)
}

// boots starts a host, and waits until it listens.
func (f *fleet) boots(h *fleetHost) {
	f.starts(h)
	f.awaits(h)
}

// starts starts a host's processes, in a namespace of their own.
func (f *fleet) starts(h *fleetHost) {
	key := filepath.Join(h.dir, "host")
	h.cmd = testtools.Machine(`/usr/sbin/sshd -D -e -f "$0" & "$@" & wait`, append([]string{filepath.Join(h.dir, "sshd_config"),
		binary, "host", "serve", "--listen", net.JoinHostPort(h.address, strconv.Itoa(h.helper)), "--workers", filepath.Join(f.dir, "worker.pub"),
		"--host-key", key, "--host-certificate", key + "-cert.pub"}, f.flags(h)...)...)
	h.cmd.Stdout, h.cmd.Stderr = h.out, h.out
	require.NoError(f.in, h.cmd.Start())
}

func (f *fleet) awaits(h *fleetHost) {
	f.in.eventually(time.Minute, h.name+" listens", func() bool {
		for _, port := range []int{h.ssh, h.helper} {
			conn, err := net.Dial("tcp", net.JoinHostPort(h.address, strconv.Itoa(port)))
			if err != nil {
				return false
			}
			conn.Close()
		}
		return true
	})
}

// crashes ends all of a host's processes at once: the kernel ends a namespace with its first.
func (h *fleetHost) crashes() {
	if h.cmd != nil {
		_ = h.cmd.Process.Kill()
		_ = h.cmd.Wait()
		h.cmd = nil
	}
}

// config is the target's, for a worker whose network is the hosts' wires.
func (f *fleet) config() doc {
	var hosts []any
	for _, h := range f.hosts {
		_, port, err := net.SplitHostPort(h.wire.Address())
		require.NoError(f.in, err)
		helper, err := strconv.Atoi(port)
		require.NoError(f.in, err)
		hosts = append(hosts, doc{"name": h.name, "host": h.address, "port": h.ssh, "helperPort": helper, "labels": doc{"role": "web"}})
	}
	return doc{"kind": "sshfleet", "users": []string{f.login}, "ca": filepath.Join(f.dir, "ca"), "helperKey": filepath.Join(f.dir, "worker"),
		"hostAuthority": filepath.Join(f.dir, "hostca.pub"), "hosts": hosts}
}

// wires are the network between the worker and the helpers.
func (f *fleet) wires() (all []*netfault.Wire) {
	for _, h := range f.hosts {
		all = append(all, h.wire)
	}
	return all
}
