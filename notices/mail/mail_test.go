package mail_test

import (
	"crypto/tls"
	"os"
	"path/filepath"
	"testing"

	"github.com/emersion/go-smtp"
	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/internal/testcert"
	"ramp.dev/ramp/notices/channel"
	"ramp.dev/ramp/notices/mail"
	"ramp.dev/ramp/notices/mail/mailtest"
)

// certificate is a server's own, and the file in which clients find its authority.
func certificate(t *testing.T) (*tls.Certificate, field.File) {
	certs := testcert.New(t)
	own, err := tls.LoadX509KeyPair(certs.Cert, certs.Key)
	require.NoError(t, err)
	return &own, field.File(certs.Authority)
}

func password(t *testing.T, text string) field.Secret {
	path := filepath.Join(t.TempDir(), "password")
	require.NoError(t, os.WriteFile(path, []byte(text+"\n"), 0o600))
	return field.SecretFile(path)
}

var message = channel.Message{ID: "0a1b", Thread: "request.r1", Subject: "[Ramp] BREAK GLASS: Ørjan opened orders", Text: "Ørjan opened orders.\n.\nAn end.\n", Urgent: true}

// TestMailByTLS: a message arrives whole, over TLS that was verified, by a login.
func TestMailByTLS(t *testing.T) {
	cert, ca := certificate(t)
	s := mailtest.Start(t, cert, "opensesame")
	config := mail.Config{Server: s.Addr, From: "Ramp <ramp@example.com>", Username: "ramp", Password: password(t, "opensesame"), CAFile: ca}
	require.Empty(t, config.Validate("mail"))
	require.NoError(t, mail.New(config).Ping(t.Context()))
	require.NoError(t, mail.New(config).Send(t.Context(), "alice@example.com", message))
	got := s.Mails()
	require.Len(t, got, 1)
	require.Equal(t, "ramp@example.com", got[0].From)
	require.Equal(t, "alice@example.com", got[0].To)
	for name, want := range map[string]string{"Message-Id": "<0a1b@example.com>", "References": "<request.r1@example.com>", "In-Reply-To": "<request.r1@example.com>",
		"Auto-Submitted": "auto-generated", "Importance": "high"} {
		require.Equal(t, want, got[0].Header.Get(name), name)
	}
	subject := got[0].Header.Get("Subject")
	require.Contains(t, subject, "=?UTF-8?")
	require.Contains(t, got[0].Body, "An end.")

	wrong := config
	wrong.Password = password(t, "guess")
	err := mail.New(wrong).Send(t.Context(), "alice@example.com", message)
	require.Error(t, err)
	require.False(t, channel.IsRefused(err), "the password may be put right")
	require.NotContains(t, err.Error(), "guess")
	require.Error(t, mail.New(wrong).Ping(t.Context()))
	wrong = config
	wrong.CAFile = ""
	require.ErrorContains(t, mail.New(wrong).Ping(t.Context()), "certificate", "nobody vouches for the server")
	require.Len(t, s.Mails(), 1)
}

// TestMailInClear: a server without TLS is given neither a password nor a message,
// unless the configuration says so of one on this machine.
func TestMailInClear(t *testing.T) {
	s := mailtest.Start(t, nil, "")
	config := mail.Config{Server: s.Addr, From: "ramp@example.com"}
	require.Error(t, mail.New(config).Send(t.Context(), "alice@example.com", message))
	require.Empty(t, s.Mails())
	config.TLS = "none"
	require.Empty(t, config.Validate("mail"))
	require.NoError(t, mail.New(config).Send(t.Context(), "alice@example.com", message))
	require.Len(t, s.Mails(), 1)
	config.Server = "mail.example.com:25"
	require.Equal(t, "mail_in_clear", config.Validate("mail")[0].Code)
}

// TestMailRefused tells what is tried again from what is not.
func TestMailRefused(t *testing.T) {
	s := mailtest.Start(t, nil, "")
	m := mail.New(mail.Config{Server: s.Addr, From: "ramp@example.com", TLS: "none"})
	for code, refused := range map[int]bool{550: true, 451: false} {
		s.Break(mailtest.Fault{Recipient: func(string) error { return &smtp.SMTPError{Code: code, Message: "no"} }})
		err := m.Send(t.Context(), "nobody@example.com", message)
		require.Error(t, err)
		require.Equal(t, refused, channel.IsRefused(err), "%d", code)
	}
	s.Break(mailtest.Fault{Dropped: func(string) bool { return true }})
	err := m.Send(t.Context(), "alice@example.com", message)
	require.Error(t, err, "the server has it, and its reply was lost")
	require.False(t, channel.IsRefused(err))
	s.Break(mailtest.Fault{})
	require.NoError(t, m.Send(t.Context(), "alice@example.com", message))
	got := s.Mails()
	require.Len(t, got, 2)
	require.Equal(t, got[0].Header.Get("Message-Id"), got[1].Header.Get("Message-Id"), "a mailbox shows it once")
	require.True(t, channel.IsRefused(m.Send(t.Context(), "alice@example.com\r\nBcc: mallory@example.com", message)))
}

func TestMailConfig(t *testing.T) {
	good := mail.Config{Server: "smtp.example.com:587", From: "Ramp <ramp@example.com>"}
	require.Empty(t, good.Validate("mail"))
	for code, change := range map[string]func(*mail.Config){
		"mail_server":    func(c *mail.Config) { c.Server = "smtp.example.com" },
		"mail_from":      func(c *mail.Config) { c.From = "Ramp" },
		"mail_tls":       func(c *mail.Config) { c.TLS = "perhaps" },
		"mail_in_clear":  func(c *mail.Config) { c.TLS = "none" },
		"mail_login":     func(c *mail.Config) { c.Username = "ramp" },
		"mail_ca_unused": func(c *mail.Config) { c.Server, c.TLS, c.CAFile = "127.0.0.1:25", "none", "ca.pem" },
	} {
		c := good
		change(&c)
		issues := c.Validate("mail")
		require.Len(t, issues, 1, code)
		require.Equal(t, code, issues[0].Code)
	}
}
