package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"os"
	"strings"
	"sync/atomic"
	"unicode"

	"go.temporal.io/sdk/client"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/internal/secret"
)

// temporalConfig is where Temporal is, and how it is reached: in clear only
// where there is neither TLS nor a key.
type temporalConfig struct {
	Address    string     `yaml:"address"`
	Namespace  string     `yaml:"namespace"`
	TLS        *tlsConfig `yaml:"tls,omitempty"`        // `{}` is TLS too
	APIKeyFile string     `yaml:"apiKeyFile,omitempty"` // file with a bearer token, read for every call, or vault:MOUNT/PATH#FIELD; with it there is always TLS
}

// tlsConfig is whom to believe to be Temporal, and who Ramp is to it.
type tlsConfig struct {
	CAFile     string `yaml:"caFile,omitempty"`     // authorities (PEM), read at start; the system's if empty
	CertFile   string `yaml:"certFile,omitempty"`   // Ramp's certificate (PEM), read with its key at each handshake, so they may rotate
	KeyFile    string `yaml:"keyFile,omitempty"`    // its private key (PEM)
	ServerName string `yaml:"serverName,omitempty"` // the name in Temporal's certificate; that of the address if empty
}

func (t temporalConfig) check() (issues []access.Issue) {
	bad := func(code, field, message string) {
		issues = append(issues, access.Issue{Code: code, Field: "temporal." + field, Message: message})
	}
	if _, _, err := net.SplitHostPort(t.Address); err != nil {
		bad("address_malformed", "address", "an address such as temporal.example.com:7233 is needed")
	}
	if t.Namespace == "" {
		bad("namespace_missing", "namespace", "the namespace is needed, such as default")
	}
	return append(issues, t.checkSecurity()...)
}

func (t temporalConfig) checkSecurity() (issues []access.Issue) {
	bad := func(code, field, message string) {
		issues = append(issues, access.Issue{Code: code, Field: "temporal." + field, Message: message})
	}
	if err := t.checkAPIKey(); err != nil {
		bad("api_key_unusable", "apiKeyFile", err.Error())
	}
	if t.TLS == nil {
		return issues
	}
	if _, err := t.TLS.authorities(); err != nil {
		bad("ca_unusable", "tls.caFile", err.Error())
	}
	switch {
	case t.TLS.CertFile == "" && t.TLS.KeyFile == "":
	case t.TLS.CertFile == "":
		bad("certificate_missing", "tls.keyFile", "a key is of no use without its certificate: certFile is needed too")
	case t.TLS.KeyFile == "":
		bad("key_missing", "tls.certFile", "a certificate is of no use without its key: keyFile is needed too")
	default:
		if _, err := t.TLS.certificate(); err != nil {
			bad("certificate_unusable", "tls.certFile", err.Error())
		}
	}
	return issues
}

// security is how Temporal is reached: with neither answer, in clear. There is
// no key without TLS, in which it would travel for all to read. Errors are
// CodeInvalid, with every issue.
func (t temporalConfig) security() (*tls.Config, client.Credentials, error) {
	if issues := t.checkSecurity(); len(issues) > 0 {
		return nil, nil, access.Invalid(issues...)
	}
	if t.TLS == nil && t.APIKeyFile == "" {
		return nil, nil, nil
	}
	settings := &tls.Config{MinVersion: tls.VersionTLS12}
	if c := t.TLS; c != nil {
		var err error
		if settings.RootCAs, err = c.authorities(); err != nil {
			return nil, nil, err
		}
		settings.ServerName = c.ServerName
		if c.CertFile != "" {
			settings.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return c.certificate() }
		}
	}
	if t.APIKeyFile == "" {
		return settings, nil, nil
	}
	return settings, client.NewAPIKeyDynamicCredentials(newAPIKey(t.APIKeyFile).read), nil
}

// authorities are nil where the system's are meant.
func (c tlsConfig) authorities() (*x509.CertPool, error) {
	if c.CAFile == "" {
		return nil, nil
	}
	b, err := os.ReadFile(c.CAFile)
	if err != nil {
		return nil, access.Errorf(access.CodeInvalid, "the authorities of Temporal: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(b) {
		return nil, access.Errorf(access.CodeInvalid, "there is no certificate (PEM) in %s", c.CAFile)
	}
	return pool, nil
}

// certificate refuses a key that others than its owner may read.
func (c tlsConfig) certificate() (*tls.Certificate, error) {
	info, err := os.Stat(c.KeyFile)
	if err != nil {
		return nil, access.Errorf(access.CodeInvalid, "the key of Temporal's client: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, access.Errorf(access.CodeInvalid, "the key %s may be read by others; chmod 600 it", c.KeyFile)
	}
	pair, err := tls.LoadX509KeyPair(c.CertFile, c.KeyFile)
	if err != nil {
		return nil, access.Errorf(access.CodeInvalid, "%s and %s are no certificate with its key: %w", c.CertFile, c.KeyFile, err)
	}
	return &pair, nil
}

// checkAPIKey reads a file, and does not ask Vault.
func (t temporalConfig) checkAPIKey() error {
	if t.APIKeyFile == "" {
		return nil
	}
	if !secret.IsFile(t.APIKeyFile) {
		return secret.Validate(t.APIKeyFile)
	}
	_, err := newAPIKey(t.APIKeyFile).read(context.Background())
	return err
}

// apiKey is read for every call, so that it may be rotated.
type apiKey struct {
	kept *secret.Cached
	last atomic.Pointer[string] // the last that could be read
}

func newAPIKey(ref string) *apiKey { return &apiKey{kept: secret.NewCached(ref)} }

// read refuses an empty key, since Temporal's client would call without any. One
// that cannot be read now is the one that was read last: access must end while
// Vault is down, and whether a key is still good is Temporal's to say.
func (k *apiKey) read(ctx context.Context) (string, error) {
	text, err := k.kept.Read(ctx)
	if last := k.last.Load(); err != nil && last != nil {
		return *last, nil
	}
	if err != nil {
		return "", access.Errorf(access.CodeUnavailable, "Temporal's API key: %w", err)
	}
	text = strings.TrimSpace(text)
	if text == "" || strings.ContainsFunc(text, unicode.IsSpace) {
		return "", access.Errorf(access.CodeUnavailable, "Temporal's API key: one key is needed, and nothing else beside it")
	}
	k.last.Store(&text)
	return text, nil
}
