package sshhost

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
)

// files returns the made-up file system: names to contents.
func files() map[string]string {
	return map[string]string{
		"README": `This host belongs to Ramp's demo. Nothing here is real but your access to it:
a certificate that was made for you, admitted by this host for this grant only.
When it ends, this session ends.

The story: an order does not get paid. Look at orders.log, then at runbook.md.
`,
		"orders.log": `02:11:07Z INFO  orders: 1039 paid, 42.00 EUR
02:11:52Z INFO  orders: 1040 paid, 9.90 EUR
02:12:40Z WARN  payments: webhook for 1042 timed out after 30s
02:13:11Z WARN  payments: webhook for 1042 timed out after 30s
02:13:42Z ERROR payments: giving up on 1042; it stays "stuck" until somebody retries it
02:14:03Z INFO  orders: 1043 paid, 118.50 EUR
`,
		"runbook.md": `# An order is stuck

1. Find it:          orders
2. Look at it:       orders 1042
3. Try again:        orders retry 1042
4. Release your access; you are done.
`,
	}
}

func (s *shell) ls(args []string) int {
	if len(args) > 0 {
		return statusUsage
	}
	for _, name := range slices.Sorted(maps.Keys(s.files)) {
		fmt.Fprintf(s.stdout, "-r--r--r--  1 root  root  %5d  %s\n", len(s.files[name]), name)
	}
	return 0
}

// each shows files by a function of their lines.
func (s *shell) each(names []string, show func(lines []string)) int {
	if len(names) == 0 {
		return statusUsage
	}
	status := 0
	for _, name := range names {
		content, ok := s.files[strings.TrimPrefix(path.Clean("/"+strings.TrimPrefix(name, "/home/"+s.user)), "/")]
		if !ok {
			fmt.Fprintf(s.stderr, "%s: no such file\n", printable(name))
			status = 1
			continue
		}
		show(strings.Split(strings.TrimSuffix(content, "\n"), "\n"))
	}
	return status
}

func (s *shell) print(lines []string) {
	for _, l := range lines {
		fmt.Fprintln(s.stdout, l)
	}
}

func (s *shell) cat(args []string) int { return s.each(args, s.print) }

func (s *shell) tail(args []string) int {
	return s.each(args, func(lines []string) { s.print(lines[max(0, len(lines)-3):]) })
}

func (s *shell) grep(args []string) int {
	if len(args) < 2 {
		return statusUsage
	}
	found := 1
	status := s.each(args[1:], func(lines []string) {
		for _, l := range lines {
			if strings.Contains(l, args[0]) {
				found = 0
				fmt.Fprintln(s.stdout, l)
			}
		}
	})
	return max(status, found)
}
