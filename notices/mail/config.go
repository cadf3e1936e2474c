package mail

import (
	"net"
	"net/mail"
	"slices"
	"strings"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config/field"
)

// Config is a mail server that takes Ramp's mail.
type Config struct {
	Server   string       `yaml:"server,omitempty"` // host:port, such as smtp.example.com:587
	From     string       `yaml:"from,omitempty"`   // Ramp <ramp@example.com>
	TLS      string       `yaml:"tls,omitempty"`    // starttls (if empty), implicit or none
	Username string       `yaml:"username,omitempty"`
	Password field.Secret `yaml:"password,omitempty"` // read for each message
	CAFile   field.File   `yaml:"caFile,omitempty"`   // certificate authorities; the system's if empty
}

const (
	startTLS    = "starttls"
	implicitTLS = "implicit"
	noTLS       = "none"
)

// Validate returns everything that is wrong, reaching for nothing. Fields are named
// below at.
func (c Config) Validate(at string) (issues access.Issues) {
	host, port, err := net.SplitHostPort(c.Server)
	if err != nil || host == "" || port == "" {
		issues.Add("mail_server", at+".server", "a mail server is needed, as host:port, such as smtp.example.com:587")
	}
	if _, err := mail.ParseAddress(c.From); err != nil {
		issues.Add("mail_from", at+".from", "the sender's address is needed, such as Ramp <ramp@example.com>")
	}
	if !slices.Contains([]string{"", startTLS, implicitTLS, noTLS}, c.TLS) {
		issues.Add("mail_tls", at+".tls", "tls is %s (so, too, if it is left out), %s or %s", startTLS, implicitTLS, noTLS)
	}
	switch {
	case c.TLS == noTLS && !loopback(host):
		issues.Add("mail_in_clear", at+".tls", "without TLS everybody on the way reads who has access to what; %s is for a server on this machine", noTLS)
	case c.TLS == noTLS && c.CAFile != "":
		issues.Add("mail_ca_unused", at+".caFile", "without TLS no certificate is checked: leave caFile out")
	}
	if (c.Username == "") != c.Password.IsZero() {
		issues.Add("mail_login", at+".username", "username and password belong together")
	}
	return issues
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}
