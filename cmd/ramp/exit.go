package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/cmd/ramp/internal/output"
	"ramp.dev/ramp/cmd/ramp/internal/people"
	"ramp.dev/ramp/cmd/ramp/internal/run"
)

// exits maps error codes to exit codes, which scripts can tell apart.
var exits = map[access.Code]int{
	access.CodeInvalid: 2, access.CodeTooLarge: 2,
	access.CodeUnauthenticated: 3,
	access.CodeForbidden:       4, access.CodeUnevaluated: 4, access.CodeEvidence: 4,
	access.CodeNotFound: 5,
	access.CodeConflict: 6, access.CodeTooLate: 6,
	access.CodeUnavailable: 7, access.CodeThrottled: 7,
}

const (
	exitUnresolved = 8 // of run.ErrUnresolved
	exitLate       = 9 // of people.ErrLate
)

// exitCode prints an error and returns the code to exit with.
func exitCode(err error) int {
	if err == nil {
		return 0
	}
	var child *exec.ExitError
	if errors.As(err, &child) {
		if status, ok := child.Sys().(syscall.WaitStatus); ok && status.Signaled() {
			return 128 + int(status.Signal()) // as a shell does
		}
		return child.ExitCode()
	}
	if errors.Is(err, run.ErrUnresolved) {
		return exitUnresolved // the sweep printed what it is
	}
	if errors.Is(err, people.ErrLate) {
		return exitLate // and the report that was printed says by how much
	}
	var e *access.Error
	if errors.As(err, &e) && len(e.Issues) > 1 {
		head := e.Message
		if head == "" {
			head = fmt.Sprintf("%d issues", len(e.Issues))
		}
		fmt.Fprintln(os.Stderr, "ramp:", output.Lines(head)+":")
		for _, i := range e.Issues {
			fmt.Fprintln(os.Stderr, "  "+output.Lines(i.String()))
		}
	} else {
		fmt.Fprintln(os.Stderr, "ramp:", output.Lines(err.Error()))
		if e != nil && len(e.Issues) == 1 && e.Issues[0].Code == access.IssueStepUpNeeded {
			fmt.Fprintln(os.Stderr, "  run `ramp login`, then this again")
		}
	}
	if code, ok := exits[access.CodeOf(err)]; ok {
		return code
	}
	return 1
}
