package temporalserver

import (
	"net"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/internal/ports"
)

// reservations are the ports of one server that nobody has named. Temporal is told
// numbers and listens later.
type reservations []*ports.Port

// at checks that addr is a free port of loopback, and returns it; for port 0
// it reserves one.
func (r *reservations) at(addr string) (host string, port int, err error) {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return "", 0, access.Errorf(access.CodeConflict, "Temporal cannot listen on %s: %w", addr, err)
	}
	defer l.Close()
	a := l.Addr().(*net.TCPAddr)
	if !a.IP.IsLoopback() {
		return "", 0, access.Errorf(access.CodeInvalid, "the embedded Temporal server has no authentication, so it listens on loopback only: %s is not a loopback address", addr)
	}
	host = a.IP.String()
	if _, named, err := net.SplitHostPort(addr); err == nil && named != "0" {
		return host, a.Port, nil
	}
	port, err = r.port(host)
	return host, port, err
}

// port reserves one of host.
func (r *reservations) port(host string) (int, error) {
	p, err := ports.Reserve(host)
	if err != nil {
		return 0, access.Errorf(access.CodeConflict, "the Temporal server: %w", err)
	}
	*r = append(*r, p)
	return p.Number, nil
}

func (r reservations) release() {
	for _, p := range r {
		p.Release()
	}
}
