package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/client"
)

func requestCommand() *cobra.Command {
	var o common
	var ask access.RequestInput
	var params []string
	var start string
	var wait, dry bool
	c := &cobra.Command{
		Use: "request CONTRACT", Short: "Ask for access", GroupID: "people", Args: cobra.ExactArgs(1),
		Example: "  ramp request ssh-demo --for 30m --reason \"stuck order 4711\" --wait\n" +
			"  ramp request orders-db --param table=refunds --reason \"refund run failed\" --dry-run",
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := o.client()
			if err != nil {
				return err
			}
			ask.Contract = args[0]
			if ask.Params, err = parseParams(params); err != nil {
				return err
			}
			if start != "" {
				t, err := time.Parse(time.RFC3339, start)
				if err != nil {
					return access.Errorf(access.CodeInvalid, "--start: write it like 2026-01-31T14:00:00Z")
				}
				ask.StartAt = &t
			}
			var r access.Request
			if dry {
				r, err = c.DryRun(cmd.Context(), ask)
			} else {
				r, err = c.Submit(cmd.Context(), ask, access.NewRequestID())
			}
			if err != nil {
				return err
			}
			if dry {
				return o.print(cmd.OutOrStdout(), r, detail(r))
			}
			if err := o.keep("last", r.ID); err != nil {
				fmt.Fprintln(cmd.ErrOrStderr(), "not remembered for --last:", err)
			}
			if wait {
				if r, err = await(cmd, c, &o, r); err != nil {
					return err
				}
			}
			return o.print(cmd.OutOrStdout(), r, func(w io.Writer) {
				if !wait {
					fmt.Fprintf(w, "%s  %s\n", r.ID, r.State)
					return
				}
				fmt.Fprintf(w, "%s  %s until %s\n\n  ramp exec %s -- COMMAND\n", r.ID, r.State, at(*r.ExpiresAt), r.ID)
			})
		},
	}
	o.flags(c)
	c.Flags().StringVar(&ask.Duration, "for", "", "how long, such as 30m; the contract's default if left out")
	c.Flags().StringVar(&ask.Reason, "reason", "", "why; approvers and auditors read it")
	c.Flags().StringVar(&ask.Ticket, "ticket", "", "the ticket that this is for")
	c.Flags().StringArrayVar(&params, "param", nil, "name=value, as the contract asks; may be repeated")
	c.Flags().StringVar(&start, "start", "", "when to begin; now if left out")
	c.Flags().BoolVar(&wait, "wait", false, "wait until the access is usable, or refused")
	c.Flags().BoolVar(&dry, "dry-run", false, "show what would be, and do nothing")
	return c
}

// parseParams reads name=value. The value stays text: the contract reads it by
// the type that it declares for the param.
func parseParams(in []string) (map[string]any, error) {
	out := map[string]any{}
	for _, p := range in {
		name, value, ok := strings.Cut(p, "=")
		if !ok || name == "" {
			return nil, access.Errorf(access.CodeInvalid, "--param %q: write it like table=orders", p)
		}
		out[name] = value
	}
	return out, nil
}

// await follows a request until it is usable. A refusal is an error.
func await(cmd *cobra.Command, c *client.Client, o *common, r access.Request) (access.Request, error) {
	shown := access.State("")
	for {
		if r.State != shown {
			shown = r.State
			fmt.Fprintln(cmd.ErrOrStderr(), progress(o, r))
		}
		switch {
		case r.State == access.StateActive:
			return r, nil
		case r.State == access.StateDenied, r.State == access.StateLapsed, r.State == access.StateCancelled:
			return r, access.Errorf(access.CodeForbidden, "the request was %s", r.State)
		case r.State.Final() || r.State == access.StateEnding:
			return r, access.Errorf(access.CodeConflict, "the request is %s: %s", r.State, r.Problem)
		}
		select {
		case <-cmd.Context().Done():
			return r, access.Errorf(access.CodeConflict, "not waited for any longer; the request goes on. `ramp cancel %s` takes it back", r.ID)
		case <-time.After(500 * time.Millisecond):
		}
		next, err := c.Request(cmd.Context(), r.ID)
		switch {
		case err == nil:
			r = next
		case access.CodeOf(err) != access.CodeUnavailable && cmd.Context().Err() == nil:
			return r, err
		}
	}
}

func progress(o *common, r access.Request) string {
	switch r.State {
	case access.StatePending:
		var needs []string
		for _, s := range r.Stages {
			needs = append(needs, fmt.Sprintf("%d of %s", s.Approvals, strings.Join(s.From, ", ")))
		}
		return fmt.Sprintf("%s is waiting for %s, until %s: %s/requests/%s", r.ID, strings.Join(needs, " and "), at(r.Plan.PendingUntil), o.server, r.ID)
	case access.StateScheduled:
		return "approved; it starts at " + at(*r.Plan.StartAt)
	}
	return string(r.State)
}

// follow calls ended once when the access of a request is over, at its end or
// before. It returns when ctx ends.
func follow(ctx context.Context, c *client.Client, id string, ended func()) {
	tick := time.NewTicker(2 * time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		// A server that is away proves nothing: the target ends the access.
		if r, err := c.Request(ctx, id); err == nil && r.State != access.StateActive {
			ended()
			return
		}
	}
}
