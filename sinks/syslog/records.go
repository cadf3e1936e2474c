package syslog

import (
	"crypto/tls"
	"net"
)

// records is a connection below TLS that notes the last record that was read. Package tls
// takes an end of the connection between two records for a close_notify, which a process
// that was killed does not send.
type records struct {
	net.Conn
	header []byte // of the record that is being read
	left   int    // of its body
	kind   byte   // of the last record
	size   int
}

const headerSize = 5

// Read implements net.Conn.
func (r *records) Read(p []byte) (int, error) {
	n, err := r.Conn.Read(p)
	for b := p[:n]; len(b) > 0; {
		if r.left > 0 {
			skip := min(r.left, len(b))
			r.left, b = r.left-skip, b[skip:]
			continue
		}
		take := min(headerSize-len(r.header), len(b))
		r.header, b = append(r.header, b[:take]...), b[take:]
		if len(r.header) == headerSize {
			r.kind, r.size = r.header[0], int(r.header[3])<<8|int(r.header[4])
			r.left, r.header = r.size, r.header[:0]
		}
	}
	return n, err
}

// The records of RFC 8446 and RFC 5246. From TLS 1.3 on an alert looks like data, and is
// known by its size: two bytes, one for the kind, sixteen that authenticate it.
const (
	recordAlert = 21
	recordData  = 23
	alertSize   = 2 + 1 + 16
)

// endsWithAlert reports whether the last record that was read is a whole alert. One that is
// no close_notify is an error of package tls.
func (r *records) endsWithAlert(version uint16) bool {
	if r.left > 0 || len(r.header) > 0 {
		return false
	}
	if version >= tls.VersionTLS13 {
		return r.kind == recordData && r.size == alertSize
	}
	return r.kind == recordAlert
}
