package hostcall

import (
	"net"
	"net/netip"
	"sync"
)

// maxStrangers bounds the connections that have not yet proven a worker's key.
const maxStrangers = 256

// strangers are the connections that have not yet proven a worker's key. Anybody on the
// host can open as many as they like and hold them. So a new one never waits: where there
// are too many, the source with the most of them loses its oldest.
type strangers struct {
	mu      sync.Mutex
	waiting []*stranger // the oldest first
	from    map[string]int
}

type stranger struct {
	conn   net.Conn
	source string
}

// add takes a connection in, and closes another one where there are too many.
func (s *strangers) add(conn net.Conn) *stranger {
	one := &stranger{conn, source(conn)}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.from == nil {
		s.from = map[string]int{}
	}
	s.waiting = append(s.waiting, one)
	s.from[one.source]++
	if len(s.waiting) > maxStrangers {
		worst := s.worst()
		worst.conn.Close()
		s.drop(worst)
	}
	return one
}

// worst returns the oldest connection of the source that has most.
func (s *strangers) worst() *stranger {
	worst := s.waiting[0]
	for _, one := range s.waiting {
		if s.from[one.source] > s.from[worst.source] {
			worst = one
		}
	}
	return worst
}

// remove is called when a connection has proven a key, or has ended.
func (s *strangers) remove(one *stranger) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drop(one)
}

func (s *strangers) drop(one *stranger) {
	for i, other := range s.waiting {
		if other != one {
			continue
		}
		s.waiting = append(s.waiting[:i], s.waiting[i+1:]...)
		if s.from[one.source]--; s.from[one.source] == 0 {
			delete(s.from, one.source)
		}
		return
	}
}

// source returns where a connection comes from: the host itself, which has many addresses
// for anybody who is on it, an IPv4 address, or an IPv6 network as one customer gets it.
func source(conn net.Conn) string {
	from, err := netip.ParseAddrPort(conn.RemoteAddr().String())
	if err != nil {
		return ""
	}
	at := from.Addr().Unmap().WithZone("")
	to, err := netip.ParseAddrPort(conn.LocalAddr().String())
	if at.IsLoopback() || err == nil && to.Addr().Unmap().WithZone("") == at {
		return "this host"
	}
	if at.Is6() {
		network, _ := at.Prefix(64) // of an IPv6 address there is one
		return network.String()
	}
	return at.String()
}
