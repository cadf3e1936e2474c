package sshhost

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// shell is the built-in shell. It runs none of the machine's programs: its
// commands are the functions below, its files are in files.go.
type shell struct {
	stdout, stderr io.Writer
	user, grant    string
	left           func() time.Duration
	end            func() string
	started        time.Time
	orders         *orderBook
	files          map[string]string
}

func (c *connection) shell(stdout, stderr io.Writer) *shell {
	return &shell{stdout: stdout, stderr: stderr, user: c.conn.User(), grant: c.grant,
		left: c.left, end: c.end, started: c.host.started, orders: c.host.orders, files: files()}
}

const (
	statusUsage   = 2
	statusUnknown = 127
)

type command struct {
	usage, help string
	run         func(s *shell, args []string) int
}

// commands returns every command but exit.
func commands() map[string]command {
	return map[string]command{
		"help":   {"help", "this list", (*shell).help},
		"whoami": {"whoami", "who you are here", say(func(s *shell) string { return s.user })},
		"hostname": {"hostname", "the name of this host",
			say(func(*shell) string { return "demo" })},
		"pwd":    {"pwd", "where you are", say(func(s *shell) string { return "/home/" + s.user })},
		"date":   {"date", "the time", say(func(*shell) string { return time.Now().UTC().Format(time.UnixDate) })},
		"uptime": {"uptime", "how long this host is up", say((*shell).uptime)},
		"ls":     {"ls", "the files", (*shell).ls},
		"cat":    {"cat FILE…", "show files", (*shell).cat},
		"tail":   {"tail FILE…", "the last lines of files", (*shell).tail},
		"grep":   {"grep WORD FILE…", "lines with a word", (*shell).grep},
		"orders": {"orders [ID | retry ID]", "orders, one order, or try its payment again", (*shell).ordersCommand},
		"echo":   {"echo WORD…", "say it back", (*shell).echo},
		"grant":  {"grant", "your access and what is left of it", (*shell).grantCommand},
	}
}

// run runs one line. It returns left if the user wants to leave.
func (s *shell) run(line string) (status int, left bool) {
	words := strings.Fields(line)
	if len(words) == 0 {
		return 0, false
	}
	name, args := words[0], words[1:]
	if name == "exit" || name == "logout" {
		return 0, true
	}
	c, ok := commands()[name]
	if !ok {
		fmt.Fprintf(s.stderr, "%s: no such command; try help\n", printable(name))
		return statusUnknown, false
	}
	status = c.run(s, args)
	if status == statusUsage {
		fmt.Fprintln(s.stderr, "usage: "+c.usage)
	}
	return status, false
}

func (s *shell) greet() {
	fmt.Fprintf(s.stdout, "Welcome to the demo host. You are %s, by the grant %s.\n", s.user, s.grant)
	fmt.Fprintf(s.stdout, "Your access ends in %s, at %s. Try help, or cat README.\n", s.left(), s.end())
}

// complete completes the name of a command at the Tab key.
func complete(line string, pos int, key rune) (string, int, bool) {
	if key != '\t' || pos != len(line) || strings.Contains(line, " ") {
		return "", 0, false
	}
	found := ""
	for name := range commands() {
		if strings.HasPrefix(name, line) {
			if found != "" {
				return "", 0, false
			}
			found = name + " "
		}
	}
	return found, len(found), found != ""
}

func say(what func(*shell) string) func(*shell, []string) int {
	return func(s *shell, args []string) int {
		if len(args) > 0 {
			return statusUsage
		}
		fmt.Fprintln(s.stdout, what(s))
		return 0
	}
}

func (s *shell) help([]string) int {
	all := commands()
	w := tabwriter.NewWriter(s.stdout, 0, 0, 3, ' ', 0)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		fmt.Fprintf(w, "%s\t%s\n", all[name].usage, all[name].help)
	}
	fmt.Fprintf(w, "exit\tleave\n")
	w.Flush()
	return 0
}

func (s *shell) uptime() string {
	return fmt.Sprintf("up %s, load average: 0.07, 0.12, 0.08", time.Since(s.started).Round(time.Second))
}

func (s *shell) echo(args []string) int {
	fmt.Fprintln(s.stdout, printable(strings.Join(args, " ")))
	return 0
}

func (s *shell) grantCommand(args []string) int {
	if len(args) > 0 {
		return statusUsage
	}
	fmt.Fprintf(s.stdout, "grant      %s\nlogin      %s\ntime left  %s\nends at    %s\n", s.grant, s.user, s.left(), s.end())
	return 0
}

// printable removes control characters, with which a user could change other
// people's terminals.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || (r >= 0x80 && r < 0xa0) {
			return -1
		}
		return r
	}, s)
}
