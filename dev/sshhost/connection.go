package sshhost

import (
	"fmt"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"
)

const (
	// pollInterval is how often a connection reads the files, so that it also ends
	// when somebody removes the line by hand.
	pollInterval    = time.Second
	warnBefore      = time.Minute
	farewellTimeout = 500 * time.Millisecond
	maxChannels     = 8
)

// connection is one login, with all the sessions in it.
type connection struct {
	host  *Host
	conn  *ssh.ServerConn
	grant string
	ended chan struct{} // closed when the connection is cut
	once  sync.Once

	mu       sync.Mutex
	expires  time.Time // as last read from the principals file
	sessions map[*session]struct{}
}

func newConnection(h *Host, conn *ssh.ServerConn) *connection {
	return &connection{host: h, conn: conn, grant: conn.Permissions.Extensions[permGrant],
		ended: make(chan struct{}), sessions: map[*session]struct{}{}}
}

// serve serves sessions until the connection closes. This host offers nothing
// else: no forwarding, no copying of files.
func (c *connection) serve(channels <-chan ssh.NewChannel) {
	c.refresh()
	var all sync.WaitGroup
	defer all.Wait()
	for nc := range channels {
		if nc.ChannelType() != "session" {
			nc.Reject(ssh.Prohibited, "this host has sessions only")
			continue
		}
		s := &session{c: c}
		if !c.add(s) {
			nc.Reject(ssh.ResourceShortage, "too many sessions in one connection")
			continue
		}
		channel, requests, err := nc.Accept()
		if err != nil {
			c.remove(s)
			continue
		}
		all.Go(func() {
			defer c.remove(s)
			s.serve(channel, requests)
		})
	}
}

func (c *connection) add(s *session) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.sessions) >= maxChannels {
		return false
	}
	c.sessions[s] = struct{}{}
	return true
}

func (c *connection) remove(s *session) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.sessions, s)
}

// each calls do for every session, without holding the lock.
func (c *connection) each(do func(*session)) {
	c.mu.Lock()
	var all []*session
	for s := range c.sessions {
		all = append(all, s)
	}
	c.mu.Unlock()
	for _, s := range all {
		do(s)
	}
}

// watch ends the connection when its grant is no longer admitted. It follows the
// principals file and not the certificate, whose expiry counts at login only: an
// extension moves the first and cannot move the second.
func (c *connection) watch() {
	warned := false
	for {
		left, admitted := c.refresh()
		if !admitted {
			c.cut()
			return
		}
		if left > warnBefore {
			warned = false
		} else if !warned {
			warned = true
			notice := fmt.Sprintf("Your access ends in %s, at %s.", left.Round(time.Second), c.end())
			go c.each(func(s *session) { s.notice(notice) })
		}
		select {
		case <-c.ended:
			return
		case <-time.After(min(left, pollInterval)):
		}
	}
}

// refresh reads the files again. A file that cannot be read admits nobody.
func (c *connection) refresh() (left time.Duration, admitted bool) {
	line, err := c.host.admitted(c.conn.User(), c.grant, c.conn.RemoteAddr())
	if err != nil || line == nil {
		return 0, false
	}
	end := line.Options.ExpiresAt
	if end.IsZero() { // somebody's own line, without an expiry
		end = time.Now().Add(24 * time.Hour)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.expires = end
	return time.Until(end), true
}

func (c *connection) left() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return max(time.Until(c.expires), 0).Round(time.Second)
}

func (c *connection) end() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.expires.UTC().Format("15:04:05 MST")
}

// cut ends the connection. Telling the user has a timeout: a client that reads
// nothing must not keep its access by that.
func (c *connection) cut() {
	c.once.Do(func() {
		close(c.ended)
		told := make(chan struct{})
		go func() {
			defer close(told)
			c.each(func(s *session) { s.farewell() })
		}()
		select {
		case <-told:
		case <-time.After(farewellTimeout):
		}
		c.conn.Close()
	})
}
