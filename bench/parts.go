package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Parts of an installation whose CPU is told apart.
const (
	ownPart      = "server and people" // this process
	temporalPart = "Temporal"
	postgresPart = "Postgres" // its processes that serve no database; of one that does, with its name
)

func workersPart(side string) string { return "workers of " + side }

func databasePart(name string) string { return postgresPart + ", database " + name }

// cpuParts is the CPU that this process and everything that it started have used, by
// part. Of a connection of Postgres that has ended, it is the server's own.
func cpuParts() map[string]time.Duration {
	type process struct {
		parent int
		used   time.Duration
		part   string
	}
	all := map[int]process{}
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, path := range stats {
		b, err := os.ReadFile(path) // #nosec G304 -- of /proc
		if err != nil {
			continue // it has ended
		}
		// The name, in parentheses, may hold anything.
		fields := strings.Fields(string(b[strings.LastIndexByte(string(b), ')')+1:]))
		dir := filepath.Dir(path)
		pid, _ := strconv.Atoi(filepath.Base(dir))
		line, _ := os.ReadFile(filepath.Join(dir, "cmdline")) // #nosec G304 -- of /proc
		p := process{part: partOf(line)}
		p.parent, _ = strconv.Atoi(fields[1])
		for _, ticks := range fields[11:15] { // user and system, its own and of those it has waited for
			n, _ := strconv.ParseInt(ticks, 10, 64)
			p.used += time.Duration(n) * 10 * time.Millisecond
		}
		all[pid] = p
	}
	parts := map[string]time.Duration{}
	for pid, p := range all {
		for at := pid; at > 1; at = all[at].parent {
			if at == os.Getpid() {
				parts[p.part] += p.used
				break
			}
		}
	}
	return parts
}

// partOf tells a process by its command line.
func partOf(commandLine []byte) string {
	args := strings.Split(string(bytes.TrimRight(commandLine, "\x00")), "\x00")
	after := func(flag string) string {
		for i, a := range args[:len(args)-1] {
			if a == flag {
				return args[i+1]
			}
		}
		return ""
	}
	switch words := strings.Fields(args[0]); {
	case len(words) > 3 && words[0] == "postgres:" && strings.Contains(words[3], "("): // postgres: user database client(port) doing
		return databasePart(words[2])
	case len(words) > 0 && (words[0] == "postgres:" || filepath.Base(words[0]) == "postgres"):
		return postgresPart
	case after("-what") == "temporal":
		return temporalPart
	case after("-what") == "work":
		return workersPart(after("-side"))
	}
	return ownPart
}

// cpuOfAll is the CPU of this process and everything that it started.
func cpuOfAll() (sum time.Duration) {
	for _, used := range cpuParts() {
		sum += used
	}
	return sum
}
