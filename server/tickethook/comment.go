package tickethook

import (
	"strings"
	"time"

	"ramp.dev/ramp/access"
)

// comment is a new comment on a ticket, as its system says.
type comment struct {
	ID      string // which the system gives once
	Ticket  string // as contracts name it
	User    string // the system's id of its author, which nobody chooses
	Name    string // of the author, which nobody else there has now; the id where there is none
	Own     bool   // a person of the organisation wrote it, and not a program, a customer or somebody in their name
	Text    string
	Written time.Time
}

// command is what a comment says to Ramp.
type command struct {
	Verdict access.Verdict // "": it links
	Request string
	Digest  string
	Comment string
	Code    string
}

// act is what the command would do, as the log names it.
func (c command) act() access.Act {
	if c.Verdict == "" {
		return access.ActLinkExternal
	}
	return access.ActDecide
}

// word begins a comment that is for Ramp.
const word = "/ramp"

// parse reads a comment that begins with "/ramp": approve or deny, a request, the digest
// of its plan and words; or link and a code. Nothing else of the comment counts, such as
// what it quotes. is is false for a comment that is not for Ramp. Errors are CodeInvalid.
func parse(text string) (c command, is bool, err error) {
	first, rest, _ := strings.Cut(strings.TrimLeft(text, " \t\r\n"), "\n")
	words := strings.Fields(first)
	if len(words) == 0 || words[0] != word {
		return c, false, nil
	}
	words = words[1:]
	switch {
	case len(words) == 2 && words[0] == "link":
		return command{Code: words[1]}, true, nil
	case len(words) >= 3 && (words[0] == string(access.Approve) || words[0] == string(access.Deny)) && access.IsRequestID(words[1]):
		return command{Verdict: access.Verdict(words[0]), Request: words[1], Digest: words[2],
			Comment: strings.TrimSpace(strings.Join(words[3:], " ") + "\n" + rest)}, true, nil
	}
	return c, true, access.InvalidField("comment_malformed", "comment", "a comment for Ramp is like /ramp approve REQUEST DIGEST, /ramp deny REQUEST DIGEST and why, or /ramp link CODE")
}
