package config

import (
	"context"
	"io"
	"net"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/ledger/ledgertest"
)

// TestAwaitsLedger: a process that starts while the way to its database is cut waits
// for it; one that the database refuses does not.
func TestAwaitsLedger(t *testing.T) {
	postgres := ledgertest.Postgres(t)
	at, err := url.Parse(postgres)
	require.NoError(t, err)
	way, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer way.Close()
	tries, open := make(chan struct{}, 100), make(chan struct{})
	go func() {
		for {
			c, err := way.Accept()
			if err != nil {
				return
			}
			select {
			case <-open:
				go forward(c, at.Host)
			default:
				c.Close()
				tries <- struct{}{}
			}
		}
	}()
	through := Ledger{URL: field.ParseURL(strings.Replace(postgres, at.Host, way.Addr().String(), 1))}
	ended := make(chan error, 1)
	go func() {
		l, err := through.Await(t.Context())
		if err == nil {
			err = l.Close()
		}
		ended <- err
	}()
	<-tries
	close(open)
	require.NoError(t, <-ended)

	for what, change := range map[string][2]string{"no such database": {"/postgres", "/nothing"}, "no such user": {"ramp@", "nobody@"}} {
		_, err = Ledger{URL: field.ParseURL(strings.Replace(postgres, change[0], change[1], 1))}.Await(t.Context())
		require.Equal(t, access.CodeUnavailable, access.CodeOf(err), what)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err = Ledger{URL: field.ParseURL("postgres://ramp@127.0.0.1:1/postgres?sslmode=disable")}.Await(ctx)
	require.Equal(t, access.CodeUnavailable, access.CodeOf(err), "it waits no longer than it should")
}

func forward(c net.Conn, to string) {
	defer c.Close()
	server, err := net.Dial("tcp", to)
	if err != nil {
		return
	}
	defer server.Close()
	go func() { _, _ = io.Copy(server, c) }()
	_, _ = io.Copy(c, server)
}
