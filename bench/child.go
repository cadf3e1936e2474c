package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"
)

// childCommand makes this binary a process that can be killed, or whose memory
// is one side's alone.
const childCommand = "child"

// task is what a child does.
type task struct {
	what    string // fill, drain, sleep, crowd, resume, temporal, work or review
	side    string
	dir     string
	n       int
	pace    time.Duration
	profile string    // of a crowd that sleeps, or of all that temporal, work and review do
	expires time.Time // when some of a crowd end

	postgres, temporal string // their addresses, where they are other processes
}

func child(ctx context.Context, args []string) error {
	var t task
	f := flag.NewFlagSet(childCommand, flag.ContinueOnError)
	f.StringVar(&t.what, "what", "", "")
	f.StringVar(&t.side, "side", "", "")
	f.StringVar(&t.dir, "dir", "", "")
	f.IntVar(&t.n, "n", 0, "")
	f.DurationVar(&t.pace, "pace", 0, "")
	f.StringVar(&t.profile, "profile", "", "")
	f.StringVar(&t.postgres, "postgres", "", "")
	f.StringVar(&t.temporal, "temporal", "", "")
	f.TextVar(&t.expires, "expires", time.Time{}, "")
	f.BoolVar(&encrypted, "payload-keys", false, "")
	if err := f.Parse(args); err != nil {
		return err
	}
	if t.what == "temporal" || t.what == "work" {
		stop, err := startProfile(t.profile)
		if err != nil {
			return err
		}
		defer stop()
		if t.what == "temporal" {
			return serveTemporal(ctx, t)
		}
		return work(ctx, t)
	}
	if t.what == "review" {
		said, err := reviewRecord(ctx, t)
		if err != nil {
			return err
		}
		return say(said)
	}
	began := time.Now()
	w, err := startTemporal(ctx, t.dir, t.side)
	if err != nil {
		return err
	}
	var said any
	switch s := w.sides[0]; t.what {
	case "fill":
		said, err = fill(ctx, s, t.n, t.pace)
		return sayAndWait(ctx, said, err)
	case "crowd":
		said, err = fillCrowd(ctx, s.(*ramp), t.n, t.profile)
		return sayAndWait(ctx, said, err)
	case "resume":
		said, err = resumeCrowd(ctx, s.(*ramp), t.expires, began)
	case "drain":
		said, err = drain(ctx, s, t.n, began)
	case "sleep":
		said, err = sleepers(ctx, s, t.n, t.profile)
	default:
		err = errors.New("unknown task")
	}
	if err != nil {
		return err
	}
	w.stop()
	return say(said)
}

// sayAndWait reports to the parent, which kills this process.
func sayAndWait(ctx context.Context, said any, err error) error {
	if err == nil {
		err = say(said)
	}
	if err == nil {
		<-ctx.Done()
	}
	return err
}

// say reports to the parent: one line of JSON.
func say(v any) error { return json.NewEncoder(os.Stdout).Encode(v) }

// start starts a child.
func (t task) start(ctx context.Context) (*exec.Cmd, io.Reader, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, nil, err
	}
	cmd := exec.CommandContext(ctx, self, childCommand, "-what", t.what, "-side", t.side, "-dir", t.dir, "-n", fmt.Sprint(t.n), "-pace", t.pace.String(),
		"-profile", t.profile, "-expires", t.expires.Format(time.RFC3339Nano), "-postgres", t.postgres, "-temporal", t.temporal, fmt.Sprintf("-payload-keys=%t", encrypted)) // #nosec G204 -- the bench runs itself
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, nil, err
	}
	return cmd, out, cmd.Start()
}

// begin starts a child and waits for its first line; the child may still run.
func begin[T any](ctx context.Context, t task) (first T, cmd *exec.Cmd, err error) {
	cmd, out, err := t.start(ctx)
	if err != nil {
		return first, nil, err
	}
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err != nil {
		return first, cmd, fmt.Errorf("%s %s: %w", t.side, t.what, errors.Join(err, cmd.Wait()))
	}
	return first, cmd, json.Unmarshal(line, &first)
}

// call runs a child to its end.
func call[T any](ctx context.Context, t task) (T, error) {
	first, cmd, err := begin[T](ctx, t)
	if err != nil {
		return first, err
	}
	return first, cmd.Wait()
}
