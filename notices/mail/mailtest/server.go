// Package mailtest has a mail server for tests, which keeps what it is given and goes
// wrong when it is told to.
package mailtest

import (
	"bytes"
	"crypto/tls"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	netmail "net/mail"
	"net/textproto"
	"strings"
	"sync"
	"testing"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
	"github.com/stretchr/testify/require"
)

// Server is a running mail server.
type Server struct {
	Addr string

	mu    sync.Mutex
	mails []Mail
	fault Fault
	// Password, if it is set, is what everybody must log in with.
	password string
	arrived  chan struct{}
}

// Mail is a message that the server took.
type Mail struct {
	From, To string
	Header   netmail.Header
	Body     string // the text
	HTML     string
}

// Fault returns what a recipient, or a message for one that was read whole, is refused
// with; nil takes it. Dropped reports whether the server takes the message and hangs up
// without saying so.
type Fault struct {
	Recipient func(address string) error
	Dropped   func(address string) bool
}

// Start starts a server on loopback, which ends with the test. With a certificate it
// wants STARTTLS.
func Start(t testing.TB, cert *tls.Certificate, password string) *Server {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	return StartOn(t, l, cert, password)
}

// StartOn is Start on a listener.
func StartOn(t testing.TB, l net.Listener, cert *tls.Certificate, password string) *Server {
	s := &Server{Addr: l.Addr().String(), password: password, arrived: make(chan struct{}, 1000)}
	srv := smtp.NewServer(s)
	srv.Domain, srv.AllowInsecureAuth = "localhost", false
	if cert != nil {
		srv.TLSConfig = &tls.Config{Certificates: []tls.Certificate{*cert}, MinVersion: tls.VersionTLS12}
	}
	done := make(chan struct{})
	go func() { defer close(done); _ = srv.Serve(l) }()
	t.Cleanup(func() { _ = srv.Close(); <-done })
	return s
}

// Break makes the server go wrong from now on.
func (s *Server) Break(f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault = f
}

// Mails returns what was taken so far.
func (s *Server) Mails() []Mail {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Mail(nil), s.mails...)
}

// Next waits for a message more.
func (s *Server) Next() <-chan struct{} { return s.arrived }

// NewSession implements smtp.Backend.
func (s *Server) NewSession(c *smtp.Conn) (smtp.Session, error) {
	return &session{server: s, conn: c}, nil
}

type session struct {
	server   *Server
	conn     *smtp.Conn
	loggedIn bool
	from, to string
}

// AuthMechanisms implements smtp.AuthSession.
func (s *session) AuthMechanisms() []string {
	if s.server.password == "" {
		return nil
	}
	return []string{sasl.Plain}
}

// Auth implements smtp.AuthSession.
func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, _, password string) error {
		if password != s.server.password {
			return smtp.ErrAuthFailed
		}
		s.loggedIn = true
		return nil
	}), nil
}

// Mail implements smtp.Session.
func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	if s.server.password != "" && !s.loggedIn {
		return smtp.ErrAuthRequired
	}
	s.from = from
	return nil
}

// Rcpt implements smtp.Session.
func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.server.mu.Lock()
	defer s.server.mu.Unlock()
	if f := s.server.fault.Recipient; f != nil {
		if err := f(to); err != nil {
			return err
		}
	}
	s.to = to
	return nil
}

// Data implements smtp.Session.
func (s *session) Data(r io.Reader) error {
	b, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	m, err := netmail.ReadMessage(bytes.NewReader(b))
	if err != nil {
		return err
	}
	taken := Mail{From: s.from, To: s.to, Header: m.Header}
	if err := taken.read(textproto.MIMEHeader(m.Header), m.Body); err != nil {
		return err
	}
	s.server.mu.Lock()
	defer s.server.mu.Unlock()
	s.server.mails = append(s.server.mails, taken)
	s.server.arrived <- struct{}{}
	if f := s.server.fault.Dropped; f != nil && f(s.to) {
		_ = s.conn.Close()
	}
	return nil
}

// read reads a part, and the parts in it.
func (m *Mail) read(h textproto.MIMEHeader, body io.Reader) error {
	kind, params, err := mime.ParseMediaType(h.Get("Content-Type"))
	if err != nil {
		return err
	}
	if kind == "multipart/alternative" {
		for parts := multipart.NewReader(body, params["boundary"]); ; {
			part, err := parts.NextRawPart()
			if err == io.EOF {
				return nil
			}
			if err != nil {
				return err
			}
			if err := m.read(part.Header, part); err != nil {
				return err
			}
		}
	}
	if strings.EqualFold(h.Get("Content-Transfer-Encoding"), "quoted-printable") {
		body = quotedprintable.NewReader(body)
	}
	text, err := io.ReadAll(body)
	if kind == "text/html" {
		m.HTML = string(text)
	} else {
		m.Body = string(text)
	}
	return err
}

// Reset implements smtp.Session.
func (s *session) Reset() {}

// Logout implements smtp.Session.
func (s *session) Logout() error { return nil }
