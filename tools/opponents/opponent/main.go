// Command opponent is one of three attackers of a Ramp installation, tried by hand:
//
//	go run ./tools/opponents/opponent administrator -temporal 127.0.0.1:7233 statements REQUEST
//	go run ./tools/opponents/opponent worker -temporal 127.0.0.1:7233 ramp-target-ssh/demo ResolveScopes='{"scopes":[{"summary":"harmless"}]}'
//	go run ./tools/opponents/opponent writer -ledger sqlite:.ramp/ledger.db sign-in bob approvers
//
// Without arguments it says what each of them can do. The tests of package e2e try
// the same on every change: go test ./e2e -run Opponent.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"time"

	"go.temporal.io/sdk/client"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/tools/opponents"
)

const usage = `opponent administrator [-temporal ADDRESS] [-namespace NAME] ACT
  statements REQUEST            the signed statements in its history, as JSON
  terminate REQUEST             ends its workflow without cleaning up
  rewind REQUEST                resets it to before anything was decided
  resume REQUEST STATE          starts it again, in a state of your own (JSON)
  replace REQUEST               puts a workflow in its place that ignores everything, until you stop this
  run QUEUE ACTIVITY INPUT      has a worker of Ramp's run an activity (JSON)
  stop JOB                      has a standing job wait on a queue that nobody serves

opponent worker [-temporal ADDRESS] [-namespace NAME] QUEUE ACTIVITY=ANSWER...
  answers activities of a queue beside Ramp's worker, until you stop this; an
  ANSWER is JSON, or "keep" to take the work and never do it

opponent writer -ledger sqlite:PATH|postgres://... ACT
  sign-in PERSON GROUP...       writes a session, and prints its cookie
  move-end REQUEST DURATION     moves the end that the ledger has
  cut-tail N                    deletes the latest N events and their hashes
  exec STATEMENT                any statement`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "opponent:", err)
		os.Exit(1)
	}
}

var errUsage = errors.New("say who you are and what you do:\n\n" + usage)

func run(ctx context.Context, args []string) error {
	if len(args) == 0 {
		return errUsage
	}
	flags := flag.NewFlagSet("opponent "+args[0], flag.ContinueOnError)
	temporal := flags.String("temporal", "127.0.0.1:7233", "address of Temporal")
	namespace := flags.String("namespace", "default", "its namespace")
	ledger := flags.String("ledger", "", "address of the ledger")
	if err := flags.Parse(args[1:]); err != nil {
		return err
	}
	if args[0] == "writer" {
		w, err := opponents.OpenWriter(ctx, *ledger)
		if err != nil {
			return err
		}
		defer w.Close()
		return write(ctx, w, flags.Args())
	}
	c, err := client.Dial(client.Options{HostPort: *temporal, Namespace: *namespace})
	if err != nil {
		return err
	}
	defer c.Close()
	switch args[0] {
	case "administrator":
		return administer(ctx, opponents.Administrator{Temporal: c, Namespace: *namespace}, flags.Args())
	case "worker":
		return work(ctx, c, flags.Args())
	}
	return errUsage
}

func administer(ctx context.Context, a opponents.Administrator, args []string) error {
	act, args := first(args)
	switch {
	case act == "statements" && len(args) == 1:
		s, err := a.Statements(ctx, args[0])
		if err != nil {
			return err
		}
		return json.NewEncoder(os.Stdout).Encode(s)
	case act == "terminate" && len(args) == 1:
		return a.Terminate(ctx, args[0])
	case act == "rewind" && len(args) == 1:
		return a.Rewind(ctx, args[0])
	case act == "resume" && len(args) == 2:
		s, err := a.Statements(ctx, args[0])
		if err != nil {
			return err
		}
		return a.Resume(ctx, s, json.RawMessage(args[1]))
	case act == "replace" && len(args) == 1:
		i, err := opponents.StartImpostor(a.Temporal, nil)
		if err != nil {
			return err
		}
		defer i.Stop()
		if err := i.Replaces(ctx, a, args[0]); err != nil {
			return err
		}
		<-ctx.Done()
		return json.NewEncoder(os.Stdout).Encode(i.Heard())
	case act == "run" && len(args) == 3:
		var out json.RawMessage
		if err := a.Run(ctx, args[0], args[1], json.RawMessage(args[2]), &out); err != nil {
			return err
		}
		_, err := fmt.Println(string(out))
		return err
	case act == "stop" && len(args) == 1:
		return a.Stop(ctx, args[0])
	}
	return errUsage
}

func work(ctx context.Context, c client.Client, args []string) error {
	queue, args := first(args)
	lies := map[string]opponents.Lie{}
	for _, arg := range args {
		activity, answer, _ := strings.Cut(arg, "=")
		lies[activity] = opponents.Says(json.RawMessage(answer))
		if answer == "keep" {
			lies[activity] = opponents.Keeps
		}
	}
	if queue == "" || len(lies) == 0 {
		return errUsage
	}
	w, err := opponents.StartWorker(c, queue, lies)
	if err != nil {
		return err
	}
	defer w.Stop()
	<-ctx.Done()
	for activity := range lies {
		fmt.Printf("%s: %d times\n", activity, w.Told(activity))
	}
	return nil
}

func write(ctx context.Context, w *opponents.Writer, args []string) error {
	act, args := first(args)
	switch {
	case act == "sign-in" && len(args) >= 1:
		cookie, err := w.SignIn(ctx, access.Person{ID: args[0], Kind: access.KindHuman, Groups: args[1:], LoggedInAt: time.Now()})
		if err == nil {
			fmt.Println("ramp_session=" + cookie)
		}
		return err
	case act == "move-end" && len(args) == 2:
		by, err := time.ParseDuration(args[1])
		if err != nil {
			return err
		}
		return w.MoveEnd(ctx, args[0], by)
	case act == "cut-tail" && len(args) == 1:
		n, err := strconv.ParseInt(args[0], 10, 64)
		if err != nil {
			return err
		}
		return w.CutTail(ctx, n)
	case act == "exec" && len(args) == 1:
		n, err := w.Exec(ctx, args[0])
		if err == nil {
			fmt.Printf("%d rows\n", n)
		}
		return err
	}
	return errUsage
}

func first(args []string) (string, []string) {
	if len(args) == 0 {
		return "", nil
	}
	return args[0], args[1:]
}
