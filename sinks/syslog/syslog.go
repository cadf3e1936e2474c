// Package syslog sends events as syslog messages (RFC 5424) over TLS (RFC 5425), each with
// its length before it.
//
// Syslog has no acknowledgement: what was written to a connection may never be read. So
// each batch has a connection of its own, which Ramp closes for writing after the last
// message; the receiver's own close, with TLS's close_notify and without a reset, says that
// it has read up to there. A connection that ends otherwise has taken nothing, and all is
// sent again. Behind a TCP proxy, which hides the reset, a receiver that is stopped while it
// reads cannot be told from one that has read everything.
package syslog

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/internal/neterror"
	"ramp.dev/ramp/sinks/sink"
)

// Syslog implements sink.Sink.
type Syslog struct {
	config Config
	host   string
	most   int           // the longest message, in bytes
	taken  time.Duration // for how long a batch is waited for
}

var _ sink.Sink = (*Syslog)(nil)

// takenWithin bounds how long a receiver may take to read a batch.
const takenWithin = 20 * time.Second

// Batch implements sink.Sink. Each batch costs a connection; so it waits for others.
func (s *Syslog) Batch() (int, time.Duration) { return 2000, 250 * time.Millisecond }

// Ping implements sink.Sink.
func (s *Syslog) Ping(ctx context.Context) error {
	conn, err := s.config.connect(ctx)
	if err != nil {
		return err
	}
	return s.finish(conn)
}

// Send implements sink.Sink: all of the messages are taken, or none.
func (s *Syslog) Send(ctx context.Context, messages []sink.Message) (int, error) {
	var all bytes.Buffer
	for _, m := range messages {
		text := s.message(m)
		if len(text) > s.most {
			return 0, access.Errorf(access.CodeInvalid, "event %d is a message of %d bytes, and the receiver takes %d (maxSize): raise both", m.Seq, len(text), s.most)
		}
		all.WriteString(strconv.Itoa(len(text)))
		all.WriteByte(' ')
		all.Write(text)
	}
	conn, err := s.config.connect(ctx)
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Now()) })
	defer stop()
	_ = conn.SetDeadline(time.Now().Add(s.taken))
	if _, err := conn.Write(all.Bytes()); err != nil {
		return 0, lost(err)
	}
	if err := s.finish(conn); err != nil {
		return 0, err
	}
	return len(messages), nil
}

// finish closes a connection for writing, waits for the receiver to close it in turn, and
// returns an error unless the receiver has read everything before.
//
// The receiver's close_notify alone does not say that: one that is stopped sends it too,
// with messages unread. But then its kernel resets the connection, where it otherwise ends
// it (RFC 1122, 4.2.2.13); and what had not arrived by then is not acknowledged.
func (s *Syslog) finish(conn *tls.Conn) error {
	defer conn.Close()
	if err := conn.CloseWrite(); err != nil {
		return lost(err)
	}
	if _, err := io.Copy(io.Discard, conn); err != nil {
		return lost(err)
	}
	below := conn.NetConn().(*records)
	if !below.endsWithAlert(conn.ConnectionState().Version) {
		return lost(errors.New("it has ended without a close_notify"))
	}
	if _, err := io.Copy(io.Discard, below.Conn); err != nil {
		return lost(err)
	}
	if n, err := unacknowledged(below.Conn); err != nil || n > 0 {
		return lost(errors.Join(err, errors.New("it has closed the connection before everything arrived")))
	}
	return nil
}

func lost(err error) error {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return access.Errorf(access.CodeUnavailable, "the receiver has not read everything in time; it may be overloaded, or its disk full")
	}
	return access.Errorf(access.CodeUnavailable, "the receiver has not read everything: %w", neterror.Reason(err))
}

// facility is "log audit" (RFC 5424, table 1).
const facility = 13

// severities are the numbers of RFC 5424, table 2.
var severities = map[sink.Severity]int{sink.Informational: 6, sink.Warning: 4, sink.Alert: 1}

// maxSequence is the largest sequenceId (RFC 5424, 7.3.1); 1 follows it.
const maxSequence = 1<<31 - 1

// message returns a message without its length.
func (s *Syslog) message(m sink.Message) []byte {
	var b bytes.Buffer
	id := strings.Map(func(r rune) rune {
		if r <= ' ' || r > '~' {
			return '?'
		}
		return r
	}, access.Clip(string(m.Kind), 31))
	fmt.Fprintf(&b, "<%d>1 %s %s ramp - %s [meta sequenceId=\"%d\"] ", facility*8+severities[m.Severity],
		m.At.UTC().Format("2006-01-02T15:04:05.000000Z"), s.host, id, (m.Seq-1)%maxSequence+1)
	b.Write(m.Body)
	return b.Bytes()
}
