// Package mailbox is a mail server for development: it delivers nothing, and writes each
// message into a directory, where people read what Ramp would have sent.
package mailbox

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	netmail "net/mail"
	"net/textproto"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/emersion/go-smtp"

	"ramp.dev/ramp/access"
)

// maxMessage bounds one message, in bytes.
const maxMessage = 1 << 20

// Server is a running mail server. Stop it.
type Server struct {
	Addr string // of loopback

	smtp *smtp.Server
	done chan struct{}
}

// Start listens on a free port of loopback and writes into a directory, which it makes.
// Anybody on this machine can write to it. Errors are CodeInvalid.
func Start(dir string) (*Server, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, access.Errorf(access.CodeInvalid, "mail: %w", err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, access.Errorf(access.CodeInvalid, "mail: %w", err)
	}
	s := &Server{Addr: l.Addr().String(), done: make(chan struct{}),
		smtp: smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &session{dir: dir}, nil }))}
	s.smtp.Domain, s.smtp.MaxMessageBytes, s.smtp.MaxRecipients = "localhost", maxMessage, 1
	s.smtp.ReadTimeout, s.smtp.WriteTimeout = time.Minute, time.Minute
	go func() { defer close(s.done); _ = s.smtp.Serve(l) }()
	return s, nil
}

// Stop ends the server, with the messages that it was given written.
func (s *Server) Stop() {
	_ = s.smtp.Close()
	<-s.done
}

// session is one message after the other.
type session struct{ dir, to string }

// Mail implements smtp.Session.
func (s *session) Mail(string, *smtp.MailOptions) error { return nil }

// Rcpt implements smtp.Session.
func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error { s.to = to; return nil }

// Reset implements smtp.Session.
func (s *session) Reset() { s.to = "" }

// Logout implements smtp.Session.
func (s *session) Logout() error { return nil }

// notInNames is what a file's name does not have.
var notInNames = regexp.MustCompile(`[^A-Za-z0-9@_-]+`)

// Data implements smtp.Session: it writes the message to a new file, whose name begins with
// the time, in UTC, and beside it the message's page, where it has one.
func (s *session) Data(r io.Reader) error {
	text, page, err := readable(r)
	if err != nil {
		return err
	}
	name := time.Now().UTC().Format("20060102-150405") + "-" + access.Clip(notInNames.ReplaceAllString(s.to, "."), 80)
	for n := 0; n < 1000; n++ {
		path := filepath.Join(s.dir, fmt.Sprintf("%s-%d.txt", name, n))
		f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) // #nosec G304 -- of the directory, with a name without a slash
		if errors.Is(err, os.ErrExist) {
			continue
		}
		if err != nil {
			return err
		}
		if page != "" {
			if err := os.WriteFile(strings.TrimSuffix(path, ".txt")+".html", []byte(page), 0o600); err != nil { // #nosec G304 -- as above
				return errors.Join(err, f.Close())
			}
		}
		_, err = f.WriteString(text)
		return errors.Join(err, f.Close())
	}
	return errors.New("there are too many messages of this second")
}

// readable returns a message as people read it: who it is for, its subject, and its text;
// and its page, if it has one.
func readable(r io.Reader) (text, page string, err error) {
	m, err := netmail.ReadMessage(r)
	if err != nil {
		return "", "", err
	}
	if text, page, err = parts(textproto.MIMEHeader(m.Header), m.Body); err != nil {
		return "", "", err
	}
	subject, err := (&mime.WordDecoder{}).DecodeHeader(m.Header.Get("Subject"))
	if err != nil {
		subject = m.Header.Get("Subject")
	}
	return fmt.Sprintf("To: %s\nSubject: %s\n\n%s", m.Header.Get("To"), subject, strings.ReplaceAll(text, "\r\n", "\n")), page, nil
}

// parts returns the text and the page of a message, which is one of the two, or both as
// alternatives.
func parts(h textproto.MIMEHeader, body io.Reader) (text, page string, err error) {
	kind, params, err := mime.ParseMediaType(h.Get("Content-Type"))
	if err != nil {
		kind = "text/plain"
	}
	if kind == "multipart/alternative" {
		for all := multipart.NewReader(body, params["boundary"]); ; {
			part, err := all.NextRawPart()
			if errors.Is(err, io.EOF) {
				return text, page, nil
			}
			if err != nil {
				return "", "", err
			}
			t, p, err := parts(part.Header, part)
			if err != nil {
				return "", "", err
			}
			text, page = cmp.Or(text, t), cmp.Or(page, p)
		}
	}
	if strings.EqualFold(h.Get("Content-Transfer-Encoding"), "quoted-printable") {
		body = quotedprintable.NewReader(body)
	}
	b, err := io.ReadAll(body)
	if kind == "text/html" {
		return "", string(b), err
	}
	return string(b), "", err
}
