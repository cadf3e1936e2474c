package neterror_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/internal/neterror"
)

// nobody is an address at which nobody listens: port 1 is given to no test.
const nobody = "127.0.0.1:1"

// TestReason: real failures of real connections say why, and repeat no part of an address.
func TestReason(t *testing.T) {
	secure := httptest.NewTLSServer(http.NotFoundHandler())
	defer secure.Close()
	plain := httptest.NewServer(http.NotFoundHandler())
	defer plain.Close()
	elsewhere := secure.Client()
	elsewhere.Transport.(*http.Transport).TLSClientConfig.ServerName = "siem.example.com.invalid"
	// Names are resolved by nobody, whatever the machine's resolver does.
	nowhere := &net.Dialer{Resolver: &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) { return nil, errors.New("no resolver") }}}
	unresolved := &http.Client{Transport: &http.Transport{DialContext: nowhere.DialContext}}
	dial := func(d *net.Dialer, address string) error {
		_, err := d.DialContext(t.Context(), "tcp", address)
		return err
	}
	get := func(c *http.Client, url string) error { _, err := c.Get(url); return err } //nolint:bodyclose // there is no response
	for _, c := range []struct {
		err error
		why string
	}{
		{get(http.DefaultClient, "http://hunter2:hunter2@"+nobody+"/hunter2?token=hunter2"), "connection refused"},
		{dial(&net.Dialer{}, nobody), "connection refused"},
		{get(unresolved, "http://hunter2.invalid/"), "not resolved"},
		{dial(nowhere, "hunter2.invalid:6514"), "not resolved"},
		{get(&http.Client{}, secure.URL), "unknown authority"},
		{get(elsewhere, secure.URL), "for another name"},
		{func() error {
			_, err := tls.Dial("tcp", plain.Listener.Addr().String(), &tls.Config{InsecureSkipVerify: true}) // #nosec G402 -- it never gets so far
			return err
		}(), "first record does not look"},
	} {
		require.Error(t, c.err, c.why)
		said := neterror.Reason(c.err).Error()
		require.Contains(t, said, c.why)
		require.NotRegexp(t, `127\.0\.0\.1|\[::1\]|:[0-9]+|invalid|hunter2`, said)
	}
	// As they come now and then, when a connection is torn at the wrong instant.
	from, to := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 54380}, &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 23912}
	closed := &net.OpError{Op: "write", Net: "tcp", Source: from, Addr: to, Err: net.ErrClosed}
	for _, torn := range []error{closed, &net.OpError{Op: "write", Net: "tcp", Source: from, Addr: to, Err: fmt.Errorf("tls: %w", closed)}, errors.New(closed.Error()), fmt.Errorf("http: %s", closed)} {
		require.NotRegexp(t, `\d+\.\d+`, neterror.Reason(torn).Error())
		require.ErrorContains(t, neterror.Reason(torn), "use of closed network connection")
	}
	own := errors.New("x")
	require.Equal(t, own, neterror.Reason(own))
	require.ErrorIs(t, neterror.Reason(&net.OpError{Op: "read", Err: context.DeadlineExceeded}), context.DeadlineExceeded)
}
