package config

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"strings"
	"sync/atomic"
	"unicode"

	"go.temporal.io/sdk/client"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/internal/privatefile"
	"ramp.dev/ramp/internal/secret"
)

// TLS says which authorities Temporal's certificate must be from, and which
// certificate Ramp shows.
type TLS struct {
	CAFile     field.File `yaml:"caFile,omitempty"`     // authorities (PEM), read at start; the system's if empty
	CertFile   field.File `yaml:"certFile,omitempty"`   // Ramp's certificate (PEM), read with its key at each handshake, so they may rotate
	KeyFile    field.File `yaml:"keyFile,omitempty"`    // its private key (PEM)
	ServerName string     `yaml:"serverName,omitempty"` // the name in Temporal's certificate; that of the address if empty
}

func (t Temporal) validateSecurity() (issues access.Issues) {
	if err := t.validateAPIKey(); err != nil {
		issues.Add("api_key_unusable", "temporal.apiKey", "%s", err)
	}
	if t.TLS == nil {
		return issues
	}
	if _, err := t.TLS.authorities(); err != nil {
		issues.Add("ca_unusable", "temporal.tls.caFile", "%s", err)
	}
	switch {
	case t.TLS.CertFile == "" && t.TLS.KeyFile == "":
	case t.TLS.CertFile == "":
		issues.Add("certificate_missing", "temporal.tls.keyFile", "a key is of no use without its certificate: certFile is needed too")
	case t.TLS.KeyFile == "":
		issues.Add("key_missing", "temporal.tls.certFile", "a certificate is of no use without its key: keyFile is needed too")
	default:
		if _, err := t.TLS.certificate(); err != nil {
			issues.Add("certificate_unusable", "temporal.tls.certFile", "%s", err)
		}
	}
	return issues
}

// security returns how Temporal is reached; with neither value, in clear. There
// is no key without TLS, in which it would travel for all to read. Errors are
// CodeInvalid, with every issue.
func (t Temporal) security() (*tls.Config, client.Credentials, error) {
	if err := t.validateSecurity().Err(); err != nil {
		return nil, nil, err
	}
	if err := t.APIKey.Validate(); err != nil {
		return nil, nil, err
	}
	if t.TLS == nil && t.APIKey.IsZero() {
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
	if t.APIKey.IsZero() {
		return settings, nil, nil
	}
	return settings, client.NewAPIKeyDynamicCredentials(newAPIKey(t.APIKey).read), nil
}

// authorities returns nil where the system's are meant.
func (c TLS) authorities() (*x509.CertPool, error) {
	pool, _, err := c.CAFile.Authorities()
	if err != nil {
		return nil, access.Errorf(access.CodeInvalid, "the authorities of Temporal: %w", err)
	}
	return pool, nil
}

// certificate refuses a key that others than its owner may read.
func (c TLS) certificate() (*tls.Certificate, error) {
	if err := privatefile.Check(string(c.KeyFile)); err != nil {
		return nil, access.Errorf(access.CodeInvalid, "the key of Temporal's client: %w", err)
	}
	pair, err := tls.LoadX509KeyPair(string(c.CertFile), string(c.KeyFile))
	if err != nil {
		return nil, access.Errorf(access.CodeInvalid, "%s and %s are not a certificate and its key: %w", c.CertFile, c.KeyFile, err)
	}
	return &pair, nil
}

// validateAPIKey reads a key that is on this machine, and does not ask Vault.
func (t Temporal) validateAPIKey() error {
	if t.APIKey.IsZero() || t.APIKey.Validate() != nil {
		return nil // the form of every secret is checked in one place
	}
	text, here, err := t.APIKey.ReadHere(context.Background())
	if err != nil {
		return access.Errorf(access.CodeUnavailable, "Temporal's API key: %w", err)
	}
	if here {
		_, err = cleanAPIKey(text)
	}
	return err
}

// apiKey is read for every call, so that it may be rotated.
type apiKey struct {
	cached *secret.Cached
	last   atomic.Pointer[string] // the last that could be read
}

func newAPIKey(s field.Secret) *apiKey { return &apiKey{cached: s.Cached()} }

// read returns the key, or the one that was read last if it cannot be read now:
// access must end while Vault is down, and Temporal decides whether a key is still
// good.
func (k *apiKey) read(ctx context.Context) (string, error) {
	text, err := k.cached.Read(ctx)
	if last := k.last.Load(); err != nil && last != nil {
		return *last, nil
	}
	if err != nil {
		return "", access.Errorf(access.CodeUnavailable, "Temporal's API key: %w", err)
	}
	if text, err = cleanAPIKey(text); err != nil {
		return "", err
	}
	k.last.Store(&text)
	return text, nil
}

// cleanAPIKey refuses an empty key, since Temporal's client would call without
// any.
func cleanAPIKey(text string) (string, error) {
	text = strings.TrimSpace(text)
	if text == "" || strings.ContainsFunc(text, unicode.IsSpace) {
		return "", access.Errorf(access.CodeUnavailable, "Temporal's API key: one key is needed, and nothing else beside it")
	}
	return text, nil
}
