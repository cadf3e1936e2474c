package people

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/cmd/ramp/internal/output"
)

// lastRequest is what --last names: the request that was made last from this machine, or
// none, where the last attempt made none. A request that fails must not leave the one before
// in its place: a command that goes on with --last would run with other access than its
// author means.
type lastRequest struct {
	ID     string // "" where the last attempt made none
	Why    string // it made none, as the clause of a sentence
	Before string // the request that was made before that attempt; "" where there is none
}

const lastFile = "last"

// readLast returns what --last names; the zero value where nothing was ever requested.
func (s *session) readLast() lastRequest {
	b, err := os.ReadFile(s.file(lastFile))
	if err != nil {
		return lastRequest{}
	}
	lines := strings.SplitN(string(b), "\n", 3)
	for len(lines) < 3 {
		lines = append(lines, "")
	}
	return lastRequest{ID: strings.TrimSpace(lines[0]), Why: lines[1], Before: strings.TrimSpace(lines[2])}
}

// keepLast writes what --last names from now on. The id is the first line; what else there is
// of it belongs to an attempt that made no request.
func (s *session) keepLast(l lastRequest) error {
	return s.keep(lastFile, l.ID+"\n"+l.Why+"\n"+l.Before)
}

// lastID returns the request that --last names.
func (s *session) lastID() (string, error) {
	l := s.readLast()
	switch {
	case l.ID != "":
		return l.ID, nil
	case l.Why == "":
		return "", access.Errorf(access.CodeNotFound, "no request was made from this machine to %s yet", s.server)
	}
	before := ""
	if l.Before != "" {
		before = fmt.Sprintf("; the request before that one is %s: name it if you mean it", output.Clean(l.Before))
	}
	return "", access.Errorf(access.CodeNotFound, "--last names no request: the last one that was tried from this machine %s%s", output.Clean(l.Why), before)
}

// attempt lets --last name no request from when a command that makes one begins, before its
// arguments are looked at, until it has made it: a process that is killed leaves that too.
func (f *newRequest) attempt(c *cobra.Command) {
	args, run := c.Args, c.RunE
	c.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		f.failed(cmd, access.Errorf(access.CodeInvalid, "%w", err))
		return cmd.Parent().FlagErrorFunc()(cmd, err)
	})
	c.Args = func(cmd *cobra.Command, given []string) error {
		err := args(cmd, given)
		stopped := access.Errorf(access.CodeUnavailable, "the command did not finish")
		if err != nil {
			stopped = access.Errorf(access.CodeInvalid, "wrong arguments")
		} else if err := cmd.ValidateFlagGroups(); err != nil { // which cobra does later
			stopped = access.Errorf(access.CodeInvalid, "%w", err)
		}
		f.failed(cmd, stopped)
		return err
	}
	c.RunE = func(cmd *cobra.Command, given []string) error {
		err := run(cmd, given)
		if err != nil && !f.made {
			f.failed(cmd, err)
		}
		return err
	}
}

// failed remembers that no request was made, and why. Who tries one with --dry-run wants none.
func (f *newRequest) failed(cmd *cobra.Command, err error) {
	if f.dry {
		return
	}
	l := f.readLast()
	if l.ID != "" {
		l.Before, l.ID = l.ID, ""
	}
	why, _, _ := strings.Cut(access.Clip(err.Error(), 300), "\n")
	l.Why = "failed (" + why + ")"
	if code := access.CodeOf(err); code == access.CodeUnavailable || code == access.CodeInternal {
		l.Why = "may have been made or not (" + why + "), which `ramp ls --mine` shows"
	}
	f.remember(cmd, l)
}

func (f *newRequest) remember(cmd *cobra.Command, l lastRequest) {
	if err := f.keepLast(l); err != nil {
		fmt.Fprintln(cmd.ErrOrStderr(), "not remembered for --last:", err)
	}
}
