package config

import (
	"context"
	"crypto/x509"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config/field"
)

func connect(t *testing.T, c Temporal, within time.Duration) (client.Client, error) {
	c.Namespace = "default"
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()
	temporal, err := Config{Temporal: c}.DialTemporal(ctx)
	if err == nil {
		t.Cleanup(temporal.Close)
	}
	return temporal, err
}

func TestTemporalOverTLS(t *testing.T) {
	ours, theirs := newAuthority(t), newAuthority(t)
	for _, a := range []*authority{ours, theirs} {
		a.Issue("ramp", func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} })
	}
	open := newFrontend(t, ours, nil, local)
	closed := newFrontend(t, ours, ours, local)
	elsewhere := newFrontend(t, ours, nil, named)
	rampOf := func(a *authority, c TLS) *TLS {
		c.CertFile, c.KeyFile = a.path("ramp.pem"), a.path("ramp.key")
		return &c
	}
	believed := TLS{CAFile: ours.path("ca.pem")}
	for _, c := range []struct {
		name string
		at   *frontend
		tls  *TLS
		ok   bool
	}{
		{"the right authority", open, &believed, true},
		{"another authority", open, &TLS{CAFile: theirs.path("ca.pem")}, false},
		{"the system's authorities", open, &TLS{}, false},
		{"no TLS", open, nil, false},
		{"a certificate", closed, rampOf(ours, believed), true},
		{"no certificate", closed, &believed, false},
		{"another authority's certificate", closed, rampOf(theirs, believed), false},
		{"another's name", elsewhere, &believed, false},
		{"a name that is expected", elsewhere, &TLS{CAFile: believed.CAFile, ServerName: "temporal.example.com"}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, _, before := c.at.last()
			within := time.Second
			if c.ok {
				within = 30 * time.Second
			}
			_, err := connect(t, Temporal{Address: c.at.address, TLS: c.tls}, within)
			_, _, after := c.at.last()
			if c.ok {
				require.NoError(t, err)
				require.Greater(t, after, before)
				return
			}
			require.Equal(t, access.CodeUnavailable, access.CodeOf(err), "%v", err)
			require.Equal(t, before, after, "a call arrived")
		})
	}
}

// call makes one call, which the frontend records.
func call(t *testing.T, c client.Client) {
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	_, _ = c.WorkflowService().DescribeNamespace(ctx, &workflowservice.DescribeNamespaceRequest{Namespace: "default"})
}

func TestTemporalCertificateRotates(t *testing.T) {
	a := newAuthority(t)
	f := newFrontend(t, a, a, local)
	first := a.Issue("ramp", func(*x509.Certificate) {})
	c, err := connect(t, Temporal{Address: f.address, TLS: &TLS{CAFile: a.path("ca.pem"), CertFile: a.path("ramp.pem"), KeyFile: a.path("ramp.key")}}, 30*time.Second)
	require.NoError(t, err)
	_, caller, _ := f.last()
	require.Equal(t, first.SerialNumber.String(), caller)
	second := a.Issue("ramp", func(*x509.Certificate) {})
	require.Eventually(t, func() bool {
		call(t, c)
		_, caller, _ := f.last()
		return caller == second.SerialNumber.String()
	}, 30*time.Second, 100*time.Millisecond)
}

func TestTemporalAPIKey(t *testing.T) {
	a := newAuthority(t)
	f := newFrontend(t, a, nil, local)
	file := filepath.Join(t.TempDir(), "temporal.key")
	write := func(text string) { require.NoError(t, os.WriteFile(file, []byte(text), 0o600)) }
	write("first-key\n")
	c, err := connect(t, Temporal{Address: f.address, APIKey: field.SecretFile(file), TLS: &TLS{CAFile: a.path("ca.pem")}}, 30*time.Second)
	require.NoError(t, err)
	key, _, _ := f.last()
	require.Equal(t, "Bearer first-key", key)
	write("second-key")
	call(t, c)
	key, _, _ = f.last()
	require.Equal(t, "Bearer second-key", key)
	require.NoError(t, os.Remove(file))
	call(t, c)
	key, _, n := f.last()
	require.Equal(t, "Bearer second-key", key, "access must end while nobody can say what the key is")
	write("\n")
	call(t, c)
	_, _, after := f.last()
	require.Equal(t, n, after, "without a key there is no call")
}

// TestTemporalInClearIsNotSpokenTo: with a key or with TLS, a server that speaks
// in clear sees the beginning of a handshake and nothing else.
func TestTemporalInClearIsNotSpokenTo(t *testing.T) {
	file := filepath.Join(t.TempDir(), "temporal.key")
	require.NoError(t, os.WriteFile(file, []byte("MARKED"), 0o600))
	for name, c := range map[string]Temporal{"a key alone": {APIKey: field.SecretFile(file)}, "TLS": {TLS: &TLS{}}, "both": {TLS: &TLS{}, APIKey: field.SecretFile(file)}} {
		t.Run(name, func(t *testing.T) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			require.NoError(t, err)
			defer l.Close()
			heard := make(chan []byte, 100)
			go func() {
				for {
					conn, err := l.Accept()
					if err != nil {
						return
					}
					_, _ = conn.Write([]byte{0, 0, 0, 4, 0, 0, 0, 0, 0}) // HTTP/2 in clear: settings
					_ = conn.SetReadDeadline(time.Now().Add(time.Second))
					b := make([]byte, 16<<10)
					for total := 0; ; {
						n, err := conn.Read(b[total:])
						if total += n; err != nil {
							heard <- b[:total]
							break
						}
					}
					conn.Close()
				}
			}()
			c.Address = l.Addr().String()
			_, err = connect(t, c, 2*time.Second)
			require.Equal(t, access.CodeUnavailable, access.CodeOf(err), "%v", err)
			said := <-heard
			require.NotEmpty(t, said)
			require.Equal(t, byte(22), said[0], "a TLS handshake")
			require.NotContains(t, string(said), "MARKED")
			require.NotContains(t, string(said), "HTTP/2.0")
		})
	}
}

func TestValidateTemporal(t *testing.T) {
	a := newAuthority(t)
	a.Issue("ramp", func(*x509.Certificate) {})
	a.Issue("other", func(*x509.Certificate) {})
	require.NoError(t, os.WriteFile(a.File("api.key"), []byte("key"), 0o600))
	require.NoError(t, os.WriteFile(a.File("two.key"), []byte("key\nkey"), 0o600))
	open, err := os.ReadFile(a.File("ramp.key"))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(a.File("open.key"), open, 0o644))
	for _, c := range []struct{ name, fields, want string }{
		{"a key alone", "apiKey: file:DIR/api.key", ""},
		{"TLS alone", "tls: {}", ""},
		{"all of it", "apiKey: file:DIR/api.key, tls: {caFile: DIR/ca.pem, certFile: DIR/ramp.pem, keyFile: DIR/ramp.key, serverName: temporal.example.com}", ""},
		{"nothing in tls", "tls: ", ":3:56: temporal.tls: it is empty"},
		{"nothing in apiKey", `apiKey: ""`, ":3:56: temporal.apiKey: it is empty"},
		{"a key that is not there", "apiKey: file:none.key", ":3:56: temporal.apiKey: "},
		{"two keys", "apiKey: file:DIR/two.key", ":3:56: temporal.apiKey: Temporal's API key: one key is needed"},
		{"authorities that are not there", "tls: {caFile: none.pem}", ":3:62: temporal.tls.caFile: "},
		{"authorities that are none", "tls: {caFile: DIR/api.key}", "there is no certificate (PEM) in "},
		{"a key without a certificate", "tls: {keyFile: DIR/ramp.key}", ":3:62: temporal.tls.keyFile: a key is of no use"},
		{"a certificate without a key", "tls: {certFile: DIR/ramp.pem}", ":3:62: temporal.tls.certFile: a certificate is of no use"},
		{"another's key", "tls: {certFile: DIR/ramp.pem, keyFile: DIR/other.key}", "are not a certificate and its key"},
		{"a key for all to read", "tls: {certFile: DIR/ramp.pem, keyFile: DIR/open.key}", "may be read by others"},
		{"an unknown field", "tls: {insecure: true}", `unknown field "temporal.tls.insecure"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			fields := strings.ReplaceAll(c.fields, "DIR", a.Dir)
			text := strings.Replace(goodConfig, "namespace: default}", "namespace: default, "+fields+"}", 1)
			err := check(configFile(t, text))
			if c.want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, c.want)
			require.Len(t, access.IssuesOf(err), 1, "%v", err)
		})
	}
}

// TestTemporalPaths: they are relative to the file, and shown.
func TestTemporalPaths(t *testing.T) {
	text := strings.Replace(goodConfig, "namespace: default}", "namespace: default, apiKey: file:api.key, tls: {caFile: ca.pem, certFile: ramp.pem, keyFile: ramp.key}}", 1)
	path := configFile(t, text)
	out := shown(t, path)
	for _, name := range []string{"api.key", "ca.pem", "ramp.pem", "ramp.key"} {
		require.Contains(t, out, filepath.Join(filepath.Dir(path), name))
	}
	out = shown(t, configFile(t, strings.Replace(goodConfig, "namespace: default}", "namespace: default, tls: {}}", 1)))
	require.Contains(t, out, "tls: {}")
}
