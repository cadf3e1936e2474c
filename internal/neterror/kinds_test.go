package neterror_test

import (
	"crypto/tls"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/internal/neterror"
)

// TestErrorsWithoutAddress: real failures of real connections say why, and name neither
// host nor port.
func TestErrorsWithoutAddress(t *testing.T) {
	s := httptest.NewTLSServer(http.NotFoundHandler())
	defer s.Close()
	trusting := s.Client()
	trusting.Transport.(*http.Transport).TLSClientConfig.ServerName = "siem.example.com.invalid"
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	dial := func(address string) error { _, err := net.Dial("tcp", address); return err }
	get := func(c *http.Client, url string) error { _, err := c.Get(url); return err } //nolint:bodyclose // there is no response
	for why, err := range map[string]error{
		"connection refused":         get(http.DefaultClient, closed.URL),
		"connect: connection refus":  dial(strings.TrimPrefix(closed.URL, "http://")),
		"not resolved":               dial("nowhere.invalid:6514"),
		"unknown authority":          get(&http.Client{}, s.URL),
		"for another name":           get(trusting, s.URL),
		"first record does not look": func() error { _, err := tls.Dial("tcp", plain(t), &tls.Config{InsecureSkipVerify: true}); return err }(), // #nosec G402 -- it never gets so far
	} {
		require.Error(t, err, why)
		said := neterror.Reason(err).Error()
		require.Contains(t, said, why)
		require.NotRegexp(t, `127\.0\.0\.1|\[::1\]|:[0-9]{2,}|invalid`, said)
	}
}

// plain is the address of a server without TLS.
func plain(t *testing.T) string {
	s := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(s.Close)
	return strings.TrimPrefix(s.URL, "http://")
}
