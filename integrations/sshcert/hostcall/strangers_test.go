package hostcall

import (
	"context"
	"crypto/ed25519"
	"net"
	"net/netip"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ssh"
)

// onlyHost can be asked whether it is there.
type onlyHost struct{ Host }

func (onlyHost) Ping(context.Context) error { return nil }

// address is a connection's, from an address.
type address struct {
	net.Conn
	from   net.Addr
	closed bool
}

func (a *address) RemoteAddr() net.Addr { return a.from }
func (a *address) LocalAddr() net.Addr  { return at("198.51.100.1:8022") }
func (a *address) Close() error         { a.closed = true; return nil }

func at(s string) net.Addr { return net.TCPAddrFromAddrPort(netip.MustParseAddrPort(s)) }

// TestCase159StrangersTakeTheirOwnPlaces: who opens more connections than there is room for
// loses their own, from however many addresses of the host, and nobody else's.
func TestCase159StrangersTakeTheirOwnPlaces(t *testing.T) {
	for name, froms := range map[string][]string{
		"the host":         {"127.0.0.1:1", "127.0.0.2:2", "198.51.100.1:3", "[::1]:4"},
		"an address":       {"192.0.2.9:1", "192.0.2.9:2"},
		"an IPv6 network":  {"[2001:db8::1]:1", "[2001:db8::2]:2", "[2001:db8::3:0:0:1]:3"},
		"several of these": {"127.0.0.1:1", "192.0.2.9:1", "192.0.2.10:2"},
	} {
		t.Run(name, func(t *testing.T) {
			var s strangers
			worker := &address{from: at("192.0.2.1:1")}
			one := s.add(worker)
			var theirs []*address
			for i := range 4 * maxStrangers {
				theirs = append(theirs, &address{from: at(froms[i%len(froms)])})
				s.add(theirs[i])
			}
			require.False(t, worker.closed, "it came first, and is still proving its key")
			open := 0
			for _, a := range theirs {
				if !a.closed {
					open++
				}
			}
			require.Equal(t, maxStrangers-1, open)
			require.True(t, theirs[0].closed)
			require.False(t, theirs[len(theirs)-1].closed, "a new one does not wait")
			s.remove(one)
			s.remove(one)
			require.Len(t, s.waiting, maxStrangers-1)
			require.NotContains(t, s.from, "192.0.2.1")
		})
	}
}

// full is a listener on a host that has no room for a connection at first. To its helper,
// what calls from 127.0.0.2 is another host.
type full struct {
	net.Listener
	once sync.Once
}

// elsewhere is a connection from another host.
type elsewhere struct{ net.Conn }

func (elsewhere) RemoteAddr() net.Addr { return at("192.0.2.1:1") }

func (f *full) Accept() (conn net.Conn, err error) {
	f.once.Do(func() { err = &net.OpError{Op: "accept", Err: syscall.EMFILE} })
	if err == nil {
		conn, err = f.Listener.Accept()
	}
	if err == nil && conn.RemoteAddr().(*net.TCPAddr).IP.Equal(net.IPv4(127, 0, 0, 2)) {
		conn = elsewhere{conn}
	}
	return conn, err
}

// TestCase159HeldConnections: connections that somebody on the host opens and holds, more
// than the helper takes, keep no worker out, and a host without room does not end the helper.
func TestCase159HeldConnections(t *testing.T) {
	_, key, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	signer, err := ssh.NewSignerFromKey(key)
	require.NoError(t, err)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, stop := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() {
		served <- Server{Host: onlyHost{}, Key: signer, Workers: []ssh.PublicKey{signer.PublicKey()}}.Serve(ctx, &full{Listener: l})
	}()
	// What was closed is opened again at once, for as long as the test goes on.
	var holding sync.WaitGroup
	for range maxStrangers + maxCalls {
		conn, err := net.Dial("tcp", l.Addr().String())
		require.NoError(t, err)
		holding.Go(func() {
			for ctx.Err() == nil {
				_, _ = conn.Read(make([]byte, 64)) // what the helper calls itself
				_, err := conn.Read(make([]byte, 1))
				conn.Close()
				if err == nil || ctx.Err() != nil {
					return
				}
				if conn, err = net.Dial("tcp", l.Addr().String()); err != nil {
					return
				}
			}
		})
	}
	worker := NewClient(l.Addr().String(), signer, ssh.FixedHostKey(signer.PublicKey()), func(ctx context.Context, to string) (net.Conn, error) {
		d := net.Dialer{LocalAddr: at("127.0.0.2:0")}
		return d.DialContext(ctx, "tcp", to)
	})
	require.NoError(t, worker.Ping(t.Context()))
	stop()
	require.NoError(t, <-served)
	holding.Wait()
}
