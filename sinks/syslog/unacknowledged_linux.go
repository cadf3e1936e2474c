package syslog

import (
	"errors"
	"net"

	"golang.org/x/sys/unix"
)

// unacknowledged returns how many bytes the other end of a TCP connection has not
// acknowledged.
func unacknowledged(conn net.Conn) (n int, err error) {
	raw, err := conn.(*net.TCPConn).SyscallConn()
	if err != nil {
		return 0, err
	}
	var failed error
	err = raw.Control(func(fd uintptr) { n, failed = unix.IoctlGetInt(int(fd), unix.SIOCOUTQ) }) // #nosec G115 -- a descriptor
	return n, errors.Join(err, failed)
}
