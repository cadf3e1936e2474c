package command

import (
	"bytes"
	"context"
	"errors"
	"os/exec"
	"syscall"
	"time"

	"github.com/sirupsen/logrus"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations/program"
	"ramp.dev/ramp/internal/plaintext"
)

// secret is one variable's value, read again for every call.
type secret interface {
	Read(context.Context) (string, error)
}

// runner runs the program. It is safe for concurrent use.
type runner struct {
	target      string
	command     []string
	environment map[string]secret
	slots       chan struct{}
}

var _ program.Caller = (*runner)(nil)

// Call implements program.Caller: one run of the program, with the message as its standard
// input and the reply as its standard output.
func (r *runner) Call(ctx context.Context, _ string, message []byte) ([]byte, error) {
	select {
	case r.slots <- struct{}{}:
		defer func() { <-r.slots }()
	case <-ctx.Done():
		return nil, access.Errorf(access.CodeUnavailable, "as many calls as may run at once (parallel) do not end in time")
	}
	environment, err := r.variables(ctx)
	if err != nil {
		return nil, err
	}
	stdout, stderr := &bounded{most: program.MaxReply}, &bounded{most: maxLog}
	cmd := exec.CommandContext(ctx, r.command[0], r.command[1:]...) // #nosec G204 -- the operator's own program, without a shell
	cmd.Env, cmd.Dir = environment, "/"
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(message), stdout, stderr
	// A group of its own, so that what it started ends with it.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = time.Second // for what holds its output open after it has ended
	err = cmd.Run()
	if errors.Is(err, exec.ErrWaitDelay) {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // the group lives, since one of it holds the output
	}
	r.log(stderr)
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return nil, access.Errorf(access.CodeUnavailable, "the program did not end in time, and was killed")
	case errors.As(err, &exit):
		return nil, access.Errorf(access.CodeUnavailable, "the program failed: %s", exit.ProcessState)
	case err != nil:
		return nil, access.Errorf(access.CodeUnavailable, "the program: %w", err)
	case stdout.over:
		return nil, access.Errorf(access.CodeUnavailable, "the program's reply is longer than %d bytes", program.MaxReply)
	}
	return stdout.Bytes(), nil
}

// variables returns the program's whole environment. Nothing of the worker's own is in it.
func (r *runner) variables(ctx context.Context) ([]string, error) {
	all := []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8"}
	for name, s := range r.environment {
		text, err := s.Read(ctx)
		if err != nil {
			return nil, access.Errorf(access.CodeUnavailable, "environment.%s: %w", name, err)
		}
		all = append(all, name+"="+text)
	}
	return all, nil
}

const (
	maxLog   = 8 << 10 // bytes of standard error of one call
	maxLines = 20
)

// log writes what the program wrote to standard error, as harmless lines.
func (r *runner) log(stderr *bounded) {
	n := 0
	for text := range bytes.Lines(stderr.Bytes()) {
		if n++; n > maxLines {
			break
		}
		if clean := plaintext.Line(string(text), 500); clean != "" {
			logrus.WithField("target", r.target).Warnf("the program writes: %s", clean)
		}
	}
	if stderr.over || n > maxLines {
		logrus.WithField("target", r.target).Warn("the program writes more, which is left out")
	}
}

// bounded keeps the first bytes that are written to it, and says whether there were more.
// It takes all, since a program that waits for its output to be read would never end.
type bounded struct {
	bytes.Buffer
	most int
	over bool
}

func (b *bounded) Write(p []byte) (int, error) {
	keep := min(len(p), b.most-b.Len())
	b.over = b.over || keep < len(p)
	_, err := b.Buffer.Write(p[:keep])
	return len(p), err
}
