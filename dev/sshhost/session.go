package sshhost

import (
	"bufio"
	"fmt"
	"io"
	"sync"

	"golang.org/x/crypto/ssh"
	"golang.org/x/term"
)

// session is one shell or one command in a connection.
type session struct {
	c *connection

	mu       sync.Mutex
	channel  ssh.Channel
	terminal *term.Terminal // nil without a pty
	running  bool
}

// cutStatus is the exit status of a session that was cut: the one that ssh uses
// for a lost connection.
const cutStatus = 255

func (s *session) serve(channel ssh.Channel, requests <-chan *ssh.Request) {
	s.mu.Lock()
	s.channel = channel
	s.mu.Unlock()
	defer channel.Close()
	var all sync.WaitGroup
	defer all.Wait()
	for r := range requests {
		ok, start := s.request(r)
		if r.WantReply {
			r.Reply(ok, nil)
		}
		if start != nil {
			all.Go(func() {
				s.exit(start())
				channel.Close()
			})
		}
	}
}

// request handles one request. It returns start for the request that begins the
// session's work.
func (s *session) request(r *ssh.Request) (ok bool, start func() int) {
	forced := s.c.conn.Permissions.Extensions[permCommand]
	switch r.Type {
	case "pty-req":
		return s.pty(r.Payload), nil
	case "window-change":
		return s.resize(r.Payload), nil
	case "shell":
		if forced != "" {
			return s.begin(func() int { return s.command(forced) })
		}
		return s.begin(s.shell)
	case "exec":
		var m struct{ Command string }
		if ssh.Unmarshal(r.Payload, &m) != nil {
			return false, nil
		}
		if forced != "" {
			m.Command = forced
		}
		return s.begin(func() int { return s.command(m.Command) })
	}
	return false, nil
}

// begin returns work once: a session runs one command or shell.
func (s *session) begin(work func() int) (bool, func() int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running {
		return false, nil
	}
	s.running = true
	return true, work
}

func (s *session) pty(payload []byte) bool {
	var m struct {
		Term          string
		Columns, Rows uint32
		Width, Height uint32
		Modes         string
	}
	_, permitted := s.c.conn.Permissions.Extensions["permit-pty"]
	if !permitted || ssh.Unmarshal(payload, &m) != nil {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running || s.terminal != nil {
		return false
	}
	s.terminal = term.NewTerminal(interruptible{s.channel}, s.c.conn.User()+"@demo:~$ ")
	s.terminal.AutoCompleteCallback = complete
	setSize(s.terminal, m.Columns, m.Rows)
	return true
}

func (s *session) resize(payload []byte) bool {
	var m struct{ Columns, Rows, Width, Height uint32 }
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.terminal == nil || ssh.Unmarshal(payload, &m) != nil {
		return false
	}
	setSize(s.terminal, m.Columns, m.Rows)
	return true
}

// setSize ignores sizes that no terminal has: they break the line editor.
func setSize(t *term.Terminal, columns, rows uint32) {
	if columns > 0 && columns < 10_000 && rows > 0 && rows < 10_000 {
		_ = t.SetSize(int(columns), int(rows))
	}
}

// interruptible makes Ctrl-C clear the line; the line editor would end the shell.
type interruptible struct{ io.ReadWriter }

func (i interruptible) Read(b []byte) (int, error) {
	n, err := i.ReadWriter.Read(b)
	for k := range b[:n] {
		if b[k] == 0x03 { // Ctrl-C
			b[k] = 0x15 // Ctrl-U
		}
	}
	return n, err
}

// output returns the writers for the session's text.
func (s *session) output() (stdout, stderr io.Writer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.terminal != nil:
		return s.terminal, s.terminal
	case s.channel != nil:
		return s.channel, s.channel.Stderr()
	}
	return io.Discard, io.Discard
}

// command runs one line and returns its exit status.
func (s *session) command(line string) int {
	stdout, stderr := s.output()
	status, _ := s.c.shell(stdout, stderr).run(line)
	return status
}

const maxLine = 4096

// shell runs lines until the user leaves, and returns the last one's status.
func (s *session) shell() int {
	stdout, stderr := s.output()
	sh := s.c.shell(stdout, stderr)
	next := s.terminal.ReadLine
	if s.terminal == nil {
		lines := bufio.NewScanner(s.channel)
		lines.Buffer(nil, maxLine)
		next = func() (string, error) {
			if lines.Scan() {
				return lines.Text(), nil
			}
			return "", io.EOF
		}
	} else {
		sh.greet()
	}
	status := 0
	for {
		line, err := next()
		if err != nil && err != term.ErrPasteIndicator {
			return status
		}
		var left bool
		if status, left = sh.run(line); left {
			return status
		}
	}
}

// notice writes a message to the user while they work.
func (s *session) notice(text string) {
	_, stderr := s.output()
	fmt.Fprintln(stderr, text)
}

func (s *session) farewell() {
	s.notice("Access ended.")
	s.exit(cutStatus)
}

// exit sends the client the exit status. Only the first call has an effect.
func (s *session) exit(status int) {
	s.mu.Lock()
	channel := s.channel
	s.mu.Unlock()
	if channel == nil {
		return
	}
	m := ssh.Marshal(struct{ Status uint32 }{uint32(status)}) // #nosec G115 -- an exit status is 0 to 255
	_, _ = channel.SendRequest("exit-status", false, m)
}
