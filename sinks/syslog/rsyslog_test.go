package syslog_test

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"ramp.dev/ramp/internal/ports"
	"ramp.dev/ramp/internal/testcert"
)

// rsyslog is Debian's server of syslog. What it has read it writes before it reads on, so
// that even one that is killed loses nothing that it has taken.
type rsyslog struct {
	t           testing.TB
	conf, pid   string
	file, parts string
	address     string
	certs       testcert.Certificates
	cmd         *exec.Cmd
	ended       chan error
}

const rsyslogConf = `
global(workDirectory=%[1]q maxMessageSize="64k" defaultNetstreamDriver="ossl"
  defaultNetstreamDriverCAFile=%[2]q defaultNetstreamDriverCertFile=%[3]q defaultNetstreamDriverKeyFile=%[4]q)
module(load="imtcp" streamDriver.name="ossl" streamDriver.mode="1" streamDriver.authMode="x509/certvalid")
template(name="body" type="string" string="%%msg%%\n")
template(name="parts" type="string" string="%%pri%% %%timereported:::date-rfc3339%% %%hostname%% %%app-name%% %%procid%% %%msgid%% %%structured-data%% %%protocol-version%%\n")
ruleset(name="ramp" queue.type="Direct") {
  action(type="omfile" file=%[5]q template="body" asyncWriting="off" flushOnTXEnd="on" action.resumeRetryCount="-1" action.resumeInterval="1")
  action(type="omfile" file=%[6]q template="parts" asyncWriting="off" flushOnTXEnd="on")
}
input(type="imtcp" address="127.0.0.1" port="%[7]d" ruleset="ramp")
`

// startRsyslog starts a server that ends with the test. One that is missing fails the test.
func startRsyslog(t testing.TB) *rsyslog {
	dir := t.TempDir()
	r := &rsyslog{t: t, conf: filepath.Join(dir, "rsyslog.conf"), pid: filepath.Join(dir, "pid"), file: filepath.Join(dir, "events"), parts: filepath.Join(dir, "parts"), certs: testcert.New(t)}
	port := ports.PortForTest(t)
	r.address = port.Addr()
	require.NoError(t, os.WriteFile(r.conf, fmt.Appendf(nil, rsyslogConf, dir, r.certs.Authority, r.certs.Cert, r.certs.Key, r.file, r.parts, port.Number), 0o600))
	r.start()
	t.Cleanup(func() { r.stop(syscall.SIGKILL) })
	return r
}

func (r *rsyslog) start() {
	path, err := exec.LookPath("rsyslogd")
	if err != nil {
		path, err = exec.LookPath("/usr/sbin/rsyslogd")
	}
	require.NoError(r.t, err, "rsyslogd is missing: run make setup")
	r.cmd = exec.Command(path, "-n", "-f", r.conf, "-i", r.pid, "-C")
	var said bytes.Buffer
	r.cmd.Stdout, r.cmd.Stderr = &said, &said
	require.NoError(r.t, r.cmd.Start())
	r.ended = make(chan error, 1)
	go func(cmd *exec.Cmd, ended chan<- error) { ended <- cmd.Wait() }(r.cmd, r.ended)
	require.Eventually(r.t, func() bool {
		c, err := net.Dial("tcp", r.address)
		if err == nil {
			c.Close()
		}
		return err == nil
	}, 30*time.Second, 5*time.Millisecond, "rsyslogd does not listen")
}

func (r *rsyslog) stop(signal syscall.Signal) {
	if r.cmd == nil {
		return
	}
	_ = r.cmd.Process.Signal(signal)
	<-r.ended
	r.cmd = nil
	_ = os.Remove(r.pid)
}

// room lets the server write so many bytes more to each file, all of them if below 0.
func (r *rsyslog) room(more int64) {
	limit := unix.Rlimit{Cur: unix.RLIM_INFINITY, Max: unix.RLIM_INFINITY}
	if more >= 0 {
		info, err := os.Stat(r.file)
		require.NoError(r.t, err)
		limit.Cur = uint64(info.Size() + more)
	}
	require.NoError(r.t, unix.Prlimit(r.cmd.Process.Pid, unix.RLIMIT_FSIZE, &limit, nil))
}

// lines returns what a file has.
func lines(t testing.TB, path string) (out [][]byte) {
	text, err := os.ReadFile(path)
	if os.IsNotExist(err) {
		return nil
	}
	require.NoError(t, err)
	for _, line := range bytes.Split(text, []byte{'\n'}) {
		if line = bytes.TrimSpace(line); len(line) > 0 {
			out = append(out, line)
		}
	}
	return out
}
