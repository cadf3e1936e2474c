// Package ports finds ports of this machine to listen on later: for a process that
// is told its port when it starts, and for one that comes back where it was. A
// port that the system chose for a listener is no such port: once that listener is
// closed the system may give it to any outgoing connection.
package ports

import (
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"strconv"
)

// Port is reserved until Release: the system gives it to no outgoing connection,
// and Reserve to nobody else on this machine. Nothing listens on it.
type Port struct {
	Number int
	host   string
	mark   net.PacketConn
}

// Reserve reserves a free port of host. The mark that other processes see is the UDP
// port of the same number, which is held: the system takes it away when this
// process ends, however it ends.
func Reserve(host string) (*Port, error) {
	from, below := reservable(outgoing())
	var last error
	for range 1000 {
		p := &Port{Number: from + rand.IntN(below-from), host: host} // #nosec G404 -- nobody gains by a guess
		if p.mark, last = net.ListenPacket("udp", p.Addr()); last != nil {
			continue
		}
		var l net.Listener
		if l, last = net.Listen("tcp", p.Addr()); last != nil {
			p.Release()
			continue
		}
		return p, l.Close()
	}
	return nil, fmt.Errorf("no port of %s between %d and %d is free: %w", host, from, below, last)
}

// Addr is host and number.
func (p *Port) Addr() string { return net.JoinHostPort(p.host, strconv.Itoa(p.Number)) }

// Release ends the reservation.
func (p *Port) Release() { _ = p.mark.Close() }

// outgoing returns the ports that the system gives to outgoing connections, from the first to
// the last: Linux says, and elsewhere it is the range that IANA has for it.
func outgoing() (first, last int) {
	b, err := os.ReadFile("/proc/sys/net/ipv4/ip_local_port_range")
	if err == nil {
		if _, err = fmt.Sscan(string(b), &first, &last); err == nil {
			return first, last
		}
	}
	return 49152, 65535
}

// reservable returns a range of ports, without its end, that is apart from the outgoing
// ones and from where well-known services listen. Where the outgoing ones leave no
// room there is none, and the range is a usual one.
func reservable(first, last int) (from, below int) {
	const lowest, room = 20000, 2000
	switch {
	case first-lowest >= room:
		return lowest, first
	case 1<<16-(last+1) >= room:
		return last + 1, 1 << 16
	}
	return lowest, 1 << 15
}
