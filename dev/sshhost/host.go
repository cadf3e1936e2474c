package sshhost

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sirupsen/logrus"
	"golang.org/x/crypto/ssh"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations/sshcert/hostfiles"
)

// Config configures a host.
type Config struct {
	Dir  string             // the directory shared with the ssh target
	Addr string             // a loopback address and port; port 0 takes a free one
	Log  logrus.FieldLogger // logins and refusals, without secrets; nil logs nothing
}

// Host is a running host.
type Host struct {
	dir      *hostfiles.Dir
	log      logrus.FieldLogger
	key      ssh.Signer
	listener net.Listener
	control  *control
	live     *registry
	numbers  atomic.Int64 // of connections, in this run
	orders   *orderBook
	started  time.Time
	done     sync.WaitGroup
	stop     sync.Once
}

const (
	handshakeTimeout = 20 * time.Second
	maxConnections   = 64
)

// ControlPath returns the path of the control socket of the host with this
// directory.
func ControlPath(dir string) string { return filepath.Join(dir, "control.sock") }

// HostKeyPath returns the path of the public key of the host with this directory.
// The host writes it when it first starts.
func HostKeyPath(dir string) string { return filepath.Join(dir, "host_ed25519.pub") }

// Start starts the host. It runs until ctx ends or Close is called. Errors are of
// code invalid (not a loopback address), conflict (the address is taken, or a
// host with this directory runs already) and unavailable.
func Start(ctx context.Context, c Config) (*Host, error) {
	if err := checkLoopback(c.Addr); err != nil {
		return nil, err
	}
	log := c.Log
	if log == nil {
		silent := logrus.New()
		silent.SetLevel(logrus.PanicLevel)
		log = silent
	}
	h := &Host{
		dir: hostfiles.New(c.Dir, hostfiles.OS{}), log: log,
		live: newRegistry(), orders: newOrderBook(), started: time.Now(),
	}
	if err := h.dir.Create(); err != nil {
		return nil, err
	}
	if err := h.endLeftOver(ctx); err != nil {
		return nil, err
	}
	var err error
	if h.key, err = loadOrCreateHostKey(c.Dir); err != nil {
		return nil, err
	}
	if h.control, err = listenControl(ControlPath(c.Dir), h.live); err != nil {
		return nil, err
	}
	if h.listener, err = net.Listen("tcp", c.Addr); err != nil {
		h.control.close()
		return nil, access.Errorf(access.CodeConflict, "the demo host cannot listen on %s: %w", c.Addr, err)
	}
	h.done.Go(h.control.serve)
	h.done.Go(h.serve)
	context.AfterFunc(ctx, func() { h.Close() })
	return h, nil
}

// Addr returns the address that the host listens on.
func (h *Host) Addr() *net.TCPAddr { return h.listener.Addr().(*net.TCPAddr) }

// Close cuts every session, and returns when everything has stopped. It is
// idempotent.
func (h *Host) Close() error {
	h.stop.Do(func() {
		h.listener.Close()
		h.live.close()
		h.control.close()
	})
	h.done.Wait()
	return nil
}

func checkLoopback(addr string) error {
	host, _, err := net.SplitHostPort(addr)
	ip := net.ParseIP(host)
	if err != nil || (host != "localhost" && (ip == nil || !ip.IsLoopback())) {
		return access.Invalid(access.Issue{Code: "not_loopback", Field: "addr",
			Message: access.Clip(addr, 60) + " is no loopback address with a port, such as 127.0.0.1:2222"})
	}
	return nil
}

func (h *Host) serve() {
	slots := make(chan struct{}, maxConnections)
	for {
		conn, err := h.listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil { // such as too many open files, which passes
			h.log.WithError(err).Warn("demo host: accept")
			time.Sleep(50 * time.Millisecond)
			continue
		}
		select {
		case slots <- struct{}{}:
		default:
			conn.Close()
			continue
		}
		h.done.Go(func() {
			defer func() { <-slots }()
			h.handle(conn)
		})
	}
}

// handle serves one connection to its end.
func (h *Host) handle(raw net.Conn) {
	defer raw.Close()
	// Registered before the handshake, so that Close also closes it there.
	forget := h.live.opening(raw)
	defer forget()
	raw.SetDeadline(time.Now().Add(handshakeTimeout))
	conn, channels, requests, err := ssh.NewServerConn(raw, h.serverConfig())
	if err != nil {
		h.log.WithField("from", raw.RemoteAddr().String()).WithError(err).Info("demo host: refused")
		return
	}
	raw.SetDeadline(time.Time{})
	c := newConnection(h, conn)
	defer h.live.add(c)()
	defer h.record(c)() // before it is taken from the live ones, so that a revoke finds all that there was
	log := h.log.WithFields(logrus.Fields{"grant": c.grant, "user": conn.User(), "from": raw.RemoteAddr().String()})
	log.Info("demo host: logged in")
	// watch first reads again whether the grant is admitted. A revoke removes the
	// line before it looks for connections, and this connection is registered: so
	// either the revoke sees it, or it sees the revoke.
	go c.watch()
	go ssh.DiscardRequests(requests)
	c.serve(channels)
	c.cut()
	log.Info("demo host: logged out")
}

func loadOrCreateHostKey(dir string) (ssh.Signer, error) {
	public := HostKeyPath(dir)
	private := public[:len(public)-len(".pub")]
	b, err := os.ReadFile(private)
	if errors.Is(err, os.ErrNotExist) {
		if b, err = newHostKey(); err == nil {
			err = hostfiles.OS{}.Replace(private, b, 0o600)
		}
	}
	if err != nil {
		return nil, access.Errorf(access.CodeUnavailable, "demo host's key: %w", err)
	}
	key, err := ssh.ParsePrivateKey(b)
	if err != nil {
		return nil, access.Errorf(access.CodeInvalid, "demo host's key: %s is not a private key", private)
	}
	if err := (hostfiles.OS{}).Replace(public, ssh.MarshalAuthorizedKey(key.PublicKey()), 0o644); err != nil {
		return nil, access.Errorf(access.CodeUnavailable, "demo host's key: %w", err)
	}
	return key, nil
}
