package syslog

import (
	"context"
	"crypto/tls"
	"net"
	"os"
	"regexp"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/internal/neterror"
)

// Config is one receiver of syslog.
type Config struct {
	Address string     `yaml:"address"`           // host:port; 6514 is the port of syslog over TLS
	CAFile  field.File `yaml:"caFile,omitempty"`  // PEM; the system's authorities if empty
	Cert    field.File `yaml:"cert,omitempty"`    // PEM: Ramp's own certificate, where the receiver wants one
	Key     field.File `yaml:"key,omitempty"`     // PEM: its key
	Name    string     `yaml:"name,omitempty"`    // the certificate's name, where it is not the address' host
	Host    string     `yaml:"host,omitempty"`    // the HOSTNAME of messages; this machine's name if empty
	MaxSize int        `yaml:"maxSize,omitempty"` // in bytes: the longest message that the receiver takes whole; 8192
}

const (
	defaultMaxSize = 8192
	leastMaxSize   = 2048 // what RFC 5425 has every receiver take
)

var hostForm = regexp.MustCompile(`^[!-~]{1,255}$`)

// Validate returns everything that is wrong; at is where it is configured.
func (c Config) Validate(at string) (issues access.Issues) {
	host, port, err := net.SplitHostPort(c.Address)
	issues.Require(err == nil && host != "" && port != "", "address_malformed", at+".address", "the address is like logs.example.com:6514")
	issues.Require((c.Cert == "") == (c.Key == ""), "certificate_incomplete", at+".cert", "cert and key come together")
	issues.Require(c.Host == "" || hostForm.MatchString(c.Host), "host_malformed", at+".host", "a host is printable ASCII without blanks, 255 characters at most")
	issues.Require(c.MaxSize == 0 || c.MaxSize >= leastMaxSize && c.MaxSize <= 1<<20, "size_malformed", at+".maxSize", "a size in bytes is needed, %d to %d", leastMaxSize, 1<<20)
	return issues
}

// Open returns the sink, and calls nothing. Files are read at each connection, so that they
// can be replaced.
func (c Config) Open() *Syslog {
	host := c.Host
	if host == "" {
		if own, err := os.Hostname(); err == nil && hostForm.MatchString(own) {
			host = own
		} else {
			host = "-"
		}
	}
	most := c.MaxSize
	if most == 0 {
		most = defaultMaxSize
	}
	return &Syslog{config: c, host: host, most: most, taken: takenWithin}
}

// connectWithin bounds connecting, TLS included.
const connectWithin = 10 * time.Second

// connect returns a connection to the receiver, whose certificate was verified.
func (c Config) connect(ctx context.Context) (*tls.Conn, error) {
	trusted, _, err := c.CAFile.Authorities()
	if err != nil {
		return nil, err
	}
	settings := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: c.Name, RootCAs: trusted}
	if c.Name == "" {
		settings.ServerName, _, _ = net.SplitHostPort(c.Address)
	}
	if c.Cert != "" {
		own, err := tls.LoadX509KeyPair(string(c.Cert), string(c.Key))
		if err != nil {
			return nil, access.Errorf(access.CodeUnavailable, "cert and key cannot be read: %w", err)
		}
		settings.Certificates = []tls.Certificate{own}
	}
	ctx, cancel := context.WithTimeout(ctx, connectWithin)
	defer cancel()
	plain, err := (&net.Dialer{}).DialContext(ctx, "tcp", c.Address)
	if err != nil {
		return nil, access.Errorf(access.CodeUnavailable, "the receiver cannot be reached: %w", neterror.Reason(err))
	}
	conn := tls.Client(&records{Conn: plain}, settings)
	if err := conn.HandshakeContext(ctx); err != nil {
		plain.Close()
		return nil, access.Errorf(access.CodeUnavailable, "the receiver's TLS: %w", neterror.Reason(err))
	}
	return conn, nil
}
