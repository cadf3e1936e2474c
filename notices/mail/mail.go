// Package mail sends notices by SMTP.
package mail

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	netmail "net/mail"
	"strconv"
	"strings"
	"time"

	"github.com/wneessen/go-mail"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/notices/channel"
)

// Mail is a mail server.
type Mail struct{ config Config }

var _ channel.Channel = Mail{}

// New returns the mail server of a configuration that was validated.
func New(c Config) Mail { return Mail{c} }

// within bounds one conversation with the server.
const within = 30 * time.Second

// client makes a client for one conversation: the password may have changed since the
// last one.
func (m Mail) client(ctx context.Context) (*mail.Client, error) {
	host, text, err := net.SplitHostPort(m.config.Server)
	if err != nil {
		return nil, access.Errorf(access.CodeInvalid, "mail server: %w", err)
	}
	port, err := strconv.Atoi(text)
	if err != nil {
		return nil, access.Errorf(access.CodeInvalid, "mail server: %w", err)
	}
	options := []mail.Option{mail.WithPort(port), mail.WithTimeout(within), mail.WithoutNoop(), mail.WithoutRset()}
	switch m.config.TLS {
	case noTLS:
		options = append(options, mail.WithTLSPolicy(mail.NoTLS))
	case implicitTLS:
		options = append(options, mail.WithSSL())
	default:
		options = append(options, mail.WithTLSPolicy(mail.TLSMandatory))
	}
	if m.config.TLS != noTLS {
		trusted, _, err := m.config.CAFile.Authorities()
		if err != nil {
			return nil, fmt.Errorf("mail server: %w", err)
		}
		options = append(options, mail.WithTLSConfig(&tls.Config{ServerName: host, MinVersion: tls.VersionTLS12, RootCAs: trusted}))
	}
	if m.config.Username != "" {
		password, err := m.config.Password.Read(ctx)
		if err != nil {
			return nil, err
		}
		options = append(options, mail.WithSMTPAuth(mail.SMTPAuthAutoDiscover), mail.WithUsername(m.config.Username), mail.WithPassword(strings.TrimSpace(password)))
	}
	return mail.NewClient(host, options...)
}

// Send implements channel.Channel. The Message-ID is the message's own, so that a
// mailbox that drops copies shows one that was sent twice once.
func (m Mail) Send(ctx context.Context, address string, message channel.Message) error {
	from, err := netmail.ParseAddress(m.config.From)
	if err != nil {
		return access.Errorf(access.CodeInvalid, "the sender's address: %w", err)
	}
	_, domain, _ := strings.Cut(from.Address, "@")
	msg := mail.NewMsg()
	msg.FromMailAddress(from)
	if err := msg.To(address); err != nil {
		return channel.Refused(err)
	}
	msg.Subject(message.Subject)
	msg.SetDate()
	msg.SetMessageIDWithValue(message.ID + "@" + domain)
	if message.Thread != "" {
		thread := "<" + message.Thread + "@" + domain + ">"
		msg.SetGenHeader(mail.HeaderInReplyTo, thread)
		msg.SetGenHeader(mail.HeaderReferences, thread)
	}
	// With it no mailbox sends an automatic reply (RFC 3834).
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	if message.Urgent {
		msg.SetImportance(mail.ImportanceHigh)
	}
	msg.SetBodyString(mail.TypeTextPlain, message.Text)
	if message.HTML != "" {
		msg.AddAlternativeString(mail.TypeTextHTML, message.HTML)
	}
	c, err := m.client(ctx)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	conversation, err := c.DialToSMTPClientWithContext(ctx)
	if err != nil {
		return access.Errorf(access.CodeUnavailable, "mail server: %w", err)
	}
	// The server has the message once it says so; a goodbye that goes wrong after that
	// is no reason to send it again.
	defer func() { _ = c.CloseWithSMTPClient(conversation) }()
	if err := c.SendWithSMTPClient(conversation, msg); err != nil {
		return failed(err)
	}
	return nil
}

// failed marks what the server will not take however often it is asked. A refusal
// before it was told of the message may be of the login or the sender, and is tried
// again.
func failed(err error) error {
	err = access.Errorf(access.CodeUnavailable, "mail server: %w", err)
	var why *mail.SendError
	if errors.As(err, &why) && !why.IsTemp() && why.Reason == mail.ErrSMTPRcptTo && why.ErrorCode() >= 500 {
		return channel.Refused(err)
	}
	return err
}

// Ping implements channel.Channel: it logs in, and says nothing more.
func (m Mail) Ping(ctx context.Context) error {
	c, err := m.client(ctx)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	if err := c.DialWithContext(ctx); err != nil {
		return access.Errorf(access.CodeUnavailable, "mail server: %w", err)
	}
	return c.Close()
}
