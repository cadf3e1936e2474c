package syslog_test

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/internal/testcert"
	"ramp.dev/ramp/sinks"
	"ramp.dev/ramp/sinks/sink"
	"ramp.dev/ramp/sinks/sinktest"
	"ramp.dev/ramp/sinks/syslog"
)

func config(r *rsyslog, address string) syslog.Config {
	return syslog.Config{Address: address, CAFile: field.File(r.certs.Authority), Cert: field.File(r.certs.Cert), Key: field.File(r.certs.Key), Host: "ramp.example.com", MaxSize: 64 << 10}
}

// harness is a receiver for the suite.
func harness(t testing.TB) sinktest.Harness {
	r := startRsyslog(t)
	wire := sinktest.NewWire(t, r.address)
	c := config(r, wire.Address())
	return sinktest.Harness{
		Config:   sinks.Config{Syslog: &c},
		Received: func() [][]byte { return lines(t, r.file) },
		Faults: append(wire.Faults(), wire.Tear(6000),
			sinktest.Fault{Name: "ReceiverIsKilled", Begin: func() { r.stop(syscall.SIGKILL) }, End: r.start},
			sinktest.Fault{Name: "ReceiverIsStopped", Begin: func() { r.stop(syscall.SIGTERM) }, End: r.start},
		),
	}
}

func TestCase114EverythingInOrderOnce(t *testing.T) {
	t.Parallel()
	sinktest.Run(t, harness)
}

func BenchmarkThroughput(b *testing.B) { sinktest.Bench(b, harness) }

// TestMessage: each part is where RFC 5424 has it, as the receiver reads it.
func TestMessage(t *testing.T) {
	t.Parallel()
	r := startRsyslog(t)
	s := config(r, r.address).Open()
	at := time.Date(2026, 11, 26, 2, 15, 4, 123456000, time.UTC)
	long := `{"x":"` + strings.Repeat("ü", 20_000) + `"}`
	n, err := s.Send(t.Context(), []sink.Message{
		{Seq: 4711, At: at, Kind: access.EventGlassBroken, Severity: sink.Alert, Body: []byte(`{"id":"4711"}`)},
		{Seq: 1 << 31, At: at, Kind: "a kind\nof a newer Ramp that is longer than 32", Severity: sink.Informational, Body: []byte(long)},
	})
	require.NoError(t, err)
	require.Equal(t, 2, n)
	parts := lines(t, r.parts)
	require.Len(t, parts, 2)
	require.Equal(t, `105 2026-11-26T02:15:04.123456+00:00 ramp.example.com ramp - request.glass_broken [meta sequenceId="4711"] 1`, strings.ReplaceAll(string(parts[0]), "Z ", "+00:00 "))
	require.Contains(t, string(parts[1]), `a?kind?of?a?newer?Ramp?that?is?? [meta sequenceId="1"]`)
	require.Equal(t, long, string(lines(t, r.file)[1]))
}

// TestCase114ReceiverEnds: a receiver that says goodbye with messages unread has not taken
// them, and one that dies without a word may not have, though it has read them.
func TestCase114ReceiverEnds(t *testing.T) {
	t.Parallel()
	ends := map[string]func(conn *tls.Conn) error{
		"said that it has read everything": func(conn *tls.Conn) error {
			_, err := io.Copy(io.Discard, conn)
			return errors.Join(err, conn.Close())
		},
		"stopped while it reads": func(conn *tls.Conn) error {
			_, err := io.ReadFull(conn, make([]byte, 100))
			waitForUnread(conn.NetConn().(*net.TCPConn))
			return errors.Join(err, conn.Close()) // with close_notify
		},
		"killed after it has read": func(conn *tls.Conn) error {
			_, err := io.Copy(io.Discard, conn)
			return errors.Join(err, conn.NetConn().Close())
		},
	}
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		for name, end := range ends {
			t.Run(tls.VersionName(version)+" "+name, func(t *testing.T) { receiverEnds(t, version, end, strings.HasPrefix(name, "said")) })
		}
	}
}

func receiverEnds(t *testing.T, version uint16, end func(conn *tls.Conn) error, taken bool) {
	certs := testcert.New(t)
	own, err := tls.LoadX509KeyPair(certs.Cert, certs.Key)
	require.NoError(t, err)
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{own}, MaxVersion: version})
	require.NoError(t, err)
	defer l.Close()
	ended := make(chan error, 1)
	go func() {
		conn, err := l.Accept()
		if err == nil {
			err = end(conn.(*tls.Conn))
		}
		ended <- err
	}()
	s := syslog.Config{Address: l.Addr().String(), CAFile: field.File(certs.Authority)}.Open()
	var messages []sink.Message
	for i := range 60 { // several records of TLS
		messages = append(messages, sink.Message{Seq: int64(i + 1), Body: []byte(strings.Repeat("x", 1000))})
	}
	n, err := s.Send(t.Context(), messages)
	if taken {
		require.NoError(t, err)
		require.Equal(t, len(messages), n)
	} else {
		require.ErrorContains(t, err, "the receiver has not read everything")
		require.Zero(t, n)
	}
	require.NoError(t, <-ended)
}

// waitForUnread waits until the last of a batch is in the kernel's buffer of a connection.
func waitForUnread(conn *net.TCPConn) {
	raw, err := conn.SyscallConn()
	for until := time.Now().Add(time.Minute); err == nil && time.Now().Before(until); time.Sleep(time.Millisecond) {
		n := 0
		if err = raw.Control(func(fd uintptr) { n, _ = unix.IoctlGetInt(int(fd), unix.SIOCINQ) }); n > 30_000 {
			return
		}
	}
}

// TestTooLong: a receiver would cut it off and say nothing.
func TestTooLong(t *testing.T) {
	s := syslog.Config{Address: "127.0.0.1:1"}.Open()
	_, err := s.Send(t.Context(), []sink.Message{{Seq: 7, Body: []byte(strings.Repeat("x", 8200))}})
	require.ErrorContains(t, err, "event 7 is a message of 82")
	require.ErrorContains(t, err, "takes 8192 (maxSize)")
}

// TestCase115WhoIsThere: another server's certificate is refused, and so is a client without one.
func TestCase115WhoIsThere(t *testing.T) {
	t.Parallel()
	r := startRsyslog(t)
	other := config(r, r.address)
	other.CAFile = field.File(testcert.New(t).Authority)
	require.ErrorContains(t, other.Open().Ping(t.Context()), "the receiver's TLS")
	named := config(r, r.address)
	named.Name = "logs.example.com"
	require.ErrorContains(t, named.Open().Ping(t.Context()), "the receiver's TLS")
	nobody := config(r, r.address)
	nobody.Cert, nobody.Key = "", ""
	_, err := nobody.Open().Send(t.Context(), []sink.Message{{Seq: 1, Body: []byte("{}")}})
	require.Error(t, err)
	require.Empty(t, lines(t, r.file))
	require.NoError(t, config(r, r.address).Open().Ping(t.Context()))
}

// TestDiskOfTheReceiverIsFull: rsyslog throws away what it has read and cannot write. What
// is missing is seen by number, and is there after it was sent again.
func TestDiskOfTheReceiverIsFull(t *testing.T) {
	t.Parallel()
	var r *rsyslog
	w := sinktest.New(t, func(t testing.TB) sinktest.Harness {
		r = startRsyslog(t)
		c := config(r, r.address)
		return sinktest.Harness{Config: sinks.Config{Syslog: &c}, Received: func() [][]byte { return lines(t, r.file) }}
	})
	w.Work(w.Ledger)
	w.Append(20)
	w.Arrived()
	r.room(2500)
	w.Append(30)
	require.Eventually(t, func() bool { return w.Cursor().Seq == 50 }, time.Minute, time.Millisecond)
	r.room(-1)
	// The server tries its file again after a second.
	require.Eventually(t, func() bool {
		before := len(lines(t, r.file))
		n, err := sinks.Resend(t.Context(), w.Consumer().Send, w.Ledger, 21, 50)
		return err == nil && n == 30 && len(lines(t, r.file)) >= before+30
	}, time.Minute, 100*time.Millisecond)
	have := map[string]bool{}
	for _, line := range lines(t, r.file) {
		if number := regexp.MustCompile(`"sequence":"(\d{20})".*}$`).FindSubmatch(line); number != nil { // not the half of one
			have[string(number[1])] = true
		}
	}
	require.Len(t, have, 50)
}

func TestValidate(t *testing.T) {
	require.Empty(t, syslog.Config{Address: "logs.example.com:6514"}.Validate("s"))
	require.Len(t, syslog.Config{Address: "logs.example.com", Cert: "x", Host: "a b", MaxSize: 10}.Validate("s"), 4)
}
