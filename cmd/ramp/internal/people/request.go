package people

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/client"
	"ramp.dev/ramp/cmd/ramp/internal/flags"
	"ramp.dev/ramp/cmd/ramp/internal/output"
)

// newRequest is the request that the flags of `ramp request` describe.
type newRequest struct {
	session
	input     access.RequestInput
	params    flags.Pairs
	start     flags.Time
	wait, dry bool
	made      bool // the request is made, whatever becomes of it
}

func requestCommand() *cobra.Command {
	var f newRequest
	c := &cobra.Command{
		Use: "request CONTRACT", Short: "Request access", Args: cobra.ExactArgs(1),
		Long: "Requests access under a contract. `ramp catalog` lists the contracts that you may use.",
		Example: "  ramp request ssh-demo --for 30m --reason \"stuck order 4711\" --wait\n" +
			"  ramp request orders-db --param table=refunds --reason \"refund run failed\" --dry-run",
		RunE: func(cmd *cobra.Command, args []string) error {
			f.input.Contract, f.input.Params, f.input.StartAt = args[0], f.params.Params(), f.start.At
			return f.run(cmd)
		},
	}
	f.session.flags(c)
	f.requestFields(c)
	c.Flags().StringVar(&f.input.Duration, "for", "", "how long, such as 30m; the contract's default if left out")
	c.Flags().Var(&f.params, "param", "a parameter of the contract; may be repeated")
	_ = c.RegisterFlagCompletionFunc("param", f.completeParam) // the flag is there
	c.ValidArgsFunction = f.completeContract
	c.Flags().BoolVar(&f.input.InNextWindow, "in-next-window", false, "start in the contract's next window that is long enough; at once if one is open")
	c.MarkFlagsMutuallyExclusive("in-next-window", "start")
	c.Flags().BoolVar(&f.input.BreakGlass, "break-glass", false, "open at once, without approval, in an emergency; somebody else must review it")
	c.MarkFlagsMutuallyExclusive("in-next-window", "break-glass")
	f.attempt(c)
	return c
}

// requestFields are the flags of every command that makes a request.
func (f *newRequest) requestFields(c *cobra.Command) {
	c.Flags().StringVar(&f.input.Reason, "reason", "", "why; approvers and auditors read it")
	c.Flags().StringVar(&f.input.Ticket, "ticket", "", "the ticket that this is for")
	c.Flags().Var(&f.start, "start", "when the access begins, such as 2026-01-31T14:00:00Z; now if left out")
	c.Flags().BoolVar(&f.wait, "wait", false, "wait until the access can be used, or is refused")
	c.Flags().BoolVar(&f.dry, "dry-run", false, "show the plan, and request nothing")
}

func (f *newRequest) run(cmd *cobra.Command) error {
	c, err := f.client()
	if err != nil {
		return err
	}
	if f.dry {
		r, err := c.DryRun(cmd.Context(), f.input)
		if err != nil {
			return err
		}
		return f.format.Print(cmd.OutOrStdout(), r, func(w io.Writer) {
			fmt.Fprint(w, "Nothing was requested. This is what a request would be:\n\n")
			dryDetail(r)(w)
		})
	}
	r, err := c.Submit(cmd.Context(), f.input, access.NewRequestID())
	if err != nil {
		return err
	}
	f.made = true
	f.remember(cmd, lastRequest{ID: r.ID})
	if f.wait {
		if r, err = f.await(cmd, c, r); err != nil {
			// Programs read what became of it where they read everything else.
			_ = f.format.Print(cmd.OutOrStdout(), r, func(io.Writer) {})
			return err
		}
	}
	return f.format.Print(cmd.OutOrStdout(), r, func(w io.Writer) {
		if !f.wait {
			fmt.Fprintf(w, "%s  %s\n%s", r.ID, submitted(r), mustApprove(r))
			if f.input.InNextWindow && r.Plan.StartAt != nil {
				fmt.Fprintf(w, "It is planned into the next window, from %s on.\n", output.Time(*r.Plan.StartAt))
			}
			return
		}
		if r.Plan.Lasting() {
			fmt.Fprintf(w, "%s  the contracts are in force, until another request replaces them\n", r.ID)
			return
		}
		fmt.Fprintf(w, "%s  %s until %s\n\n  ramp exec %s -- COMMAND\n", r.ID, r.State, output.Time(*r.ExpiresAt), r.ID)
	})
}

// submitted says what becomes of a request that nobody has waited for yet.
func submitted(r access.Request) string {
	switch {
	case r.State != access.StatePending || len(r.Stages) > 0 || r.Plan.StartAt != nil:
		return string(r.State)
	case r.Plan.BreakGlass != nil:
		return "break glass: access opens now, and nobody approved it; to be reviewed by one of " +
			output.Clean(strings.Join(r.Plan.BreakGlass.Reviewers, ", ")) + " by " + output.Time(r.Plan.BreakGlass.ReviewBy)
	}
	return "approved by its contract: access opens now"
}

// await follows a request until its access can be used. A refusal is an error.
func (f *newRequest) await(cmd *cobra.Command, c *client.Client, r access.Request) (access.Request, error) {
	shown := access.State("")
	for {
		if r.State != shown {
			shown = r.State
			fmt.Fprintln(cmd.ErrOrStderr(), output.Lines(progress(r, c.RequestURL(r.ID))))
		}
		switch {
		case r.State == access.StateActive, r.Plan.Lasting() && r.ActiveAt != nil:
			return r, nil // what is in force stays, also when the request is over
		case r.State == access.StateDenied, r.State == access.StateLapsed, r.State == access.StateCancelled:
			return r, access.Errorf(access.CodeForbidden, "the request was %s", r.State)
		case r.State.Final() || r.State == access.StateEnding:
			return r, access.Errorf(access.CodeConflict, "the request is %s: %s", r.State, r.Problem)
		}
		select {
		case <-cmd.Context().Done():
			return r, access.Errorf(access.CodeConflict, "no longer waiting; the request goes on. `ramp cancel %s` cancels it", r.ID)
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

func progress(r access.Request, page string) string {
	switch r.State {
	case access.StatePending:
		if r.Plan.BreakGlass != nil {
			return fmt.Sprintf("%s breaks the glass, and opens now: %s", r.ID, page)
		}
		if len(r.Stages) == 0 {
			return fmt.Sprintf("%s is approved by its contract: %s", r.ID, page)
		}
		var needs []string
		for _, s := range r.Stages {
			needs = append(needs, output.Clean(s.Needs()))
		}
		return fmt.Sprintf("%s waits for approval by %s, until %s: %s", r.ID, strings.Join(needs, " and "), output.Time(r.Plan.PendingUntil), page)
	case access.StateScheduled:
		return "approved; it starts at " + output.Time(*r.Plan.StartAt)
	}
	return string(r.State)
}
