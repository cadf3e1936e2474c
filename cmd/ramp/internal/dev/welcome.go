//go:build !lean

package dev

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/term"

	"ramp.dev/ramp/config"
)

// paint makes text stand out on a terminal that has colours.
type paint bool

func paintFor(w io.Writer) paint {
	f, ok := w.(*os.File)
	return paint(ok && term.IsTerminal(int(f.Fd())) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb")
}

func (p paint) strong(s string) string { return p.with("1", s) }
func (p paint) faint(s string) string  { return p.with("2", s) }

func (p paint) with(code, s string) string {
	if !p || s == "" {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

// welcome returns the addresses of all parts and the walk-through. With the
// default addresses it fits into 80 columns.
func (d *dev) welcome(self string, took time.Duration, p paint) string {
	var b strings.Builder
	ready := "Ramp is ready"
	if len(d.without) > 0 {
		ready = "Everything but " + strings.Join(d.left(), " and ") + " is ready"
	}
	fmt.Fprintf(&b, "%s after %.1f s. Ctrl-C stops it; the same command goes on from there.\n\n", p.strong(ready), took.Seconds())
	row := func(what, at, about string) {
		fmt.Fprintf(&b, "  %-12s %s%*s  %s\n", what, p.strong(at), max(0, 22-len(at)), "", p.faint(about))
	}
	if !slices.Contains(d.without, "server") {
		row("Ramp", "http://"+d.listen, "log in by name: alice asks, bob approves")
	}
	row("Temporal UI", "http://"+d.temporalUI, "every request is a workflow there")
	row("Demo host", d.ssh, "SSH; nobody gets in without Ramp")
	if d.hasDatabase() {
		row("Postgres", d.postgres, "database-demo opens sales.orders")
	}
	if d.proposals {
		row("Contracts", filepath.Join(d.dir, "contracts"), "edit, then ramp contracts propose; bob and carol approve")
	} else if d.contractsGit == "" {
		row("Contracts", filepath.Join(d.dir, "contracts"), "edit them; taken within a second")
	} else {
		row("Contracts", d.contractsGit, "the newest commit of main, within ten seconds")
	}
	row("Facts", filepath.Join(d.dir, factsName), "tickets and who is on call; edit it")
	row("Mail", filepath.Join(d.dir, mailName), "what Ramp sends lands there")
	row("State", d.dir, "delete it to start over")
	if len(d.without) > 0 {
		fmt.Fprintf(&b, "\nStart what is left out yourself:\n\n")
		for _, part := range d.left() {
			fmt.Fprintf(&b, "  %s %s --config %s\n", self, part, filepath.Join(d.dir, config.DefaultName))
		}
		fmt.Fprintf(&b, "\nThen, in")
	} else {
		fmt.Fprintf(&b, "\nIn")
	}
	fmt.Fprintf(&b, " another terminal, ask as alice, approve as bob, use it, see it end:\n\n")
	for _, line := range d.walkThrough(self) {
		fmt.Fprintln(&b, "  "+line)
	}
	fmt.Fprintln(&b)
	return b.String()
}

// left returns the parts that were left out, each once.
func (d *dev) left() []string { return slices.Compact(slices.Sorted(slices.Values(d.without))) }

// walkThrough returns the commands from a request to its proven end. README.md
// shows those of the default addresses, and a test runs them from there.
func (d *dev) walkThrough(self string) []string {
	dir := ""
	if d.dir != ".ramp" {
		dir = " --dir " + d.dir
	}
	lines := []string{
		"export RAMP_TOKEN=$(" + self + " dev token alice" + dir + ")",
		self + ` request ssh-demo --for 2m --reason "look into incident 42"`,
		"RAMP_TOKEN=$(" + self + " dev token bob" + dir + ") " + self + " approve --last",
		self + " exec --last -- ssh demo",
		self + " show --last",
	}
	if d.listen != "127.0.0.1:8080" {
		lines = append([]string{"export RAMP_SERVER=http://" + d.listen}, lines...)
	}
	return lines
}
