package people

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/client"
	"ramp.dev/ramp/cmd/ramp/internal/output"
)

func decideCommand(name, short string, v access.Verdict) *cobra.Command {
	var comment, digest string
	var confirmed []string
	var upTo, startAt string
	var extension string // in words, where one is decided
	c := &cobra.Command{
		Use: name, Short: short,
		Long: "Decides the request's plan as it is now, or the extension that it asks for. With --digest the decision counts only if that is still the plan you\n" +
			"read. `ramp show REQUEST` shows the plan with its digest.",
		Example: "  ramp " + name + " 0123456789abcdef\n  ramp " + name + " 0123456789abcdef --comment \"as agreed in the incident channel\"",
	}
	c.Flags().StringVar(&comment, "comment", "", "for the requester and the record")
	if v == access.Approve {
		c.Flags().StringArrayVar(&confirmed, "confirm", nil, "a statement that this request's approvers confirm, word for word; once for each")
		c.Flags().StringVar(&upTo, "up-to", "", "approve for less than was asked for, such as 30m")
		c.Flags().StringVar(&startAt, "start", "", "approve from later on, such as 2026-01-31T14:00:00Z")
	}
	c.Flags().StringVar(&digest, "digest", "", "decide only if the plan still has this digest")
	return requestAction{
		do: func(ctx context.Context, c *client.Client, id string) (access.Request, error) {
			if digest == "" || v == access.Approve {
				r, err := c.Request(ctx, id)
				if err != nil {
					return r, err
				}
				if a := r.Asked; a.Open(time.Now()) && (digest == "" || digest == a.Order.Digest) {
					if r.Plan.Extend.Rule.Passkey && v == access.Approve {
						return r, access.Errorf(access.CodeForbidden, "this extension is approved with a passkey, in the browser: %s", c.RequestURL(id))
					}
					extension = fmt.Sprintf("the extension by %s, until %s", a.Order.Adds, output.Time(a.Until))
					return c.Decide(ctx, id, client.Decision{Verdict: v, PlanDigest: a.Order.Digest, Comment: comment, Confirmed: confirmed, UpTo: upTo})
				}
				if r.Plan.Rule.Passkey && v == access.Approve {
					return r, access.Errorf(access.CodeForbidden, "this request is approved with a passkey, in the browser: %s", c.RequestURL(id))
				}
				if v == access.Approve && r.SignedPlan == "" {
					return r, access.Errorf(access.CodeEvidence, "the server has no signed plan of this request to approve")
				}
				if digest == "" {
					digest = r.Plan.Digest
				}
			}
			d := client.Decision{Verdict: v, PlanDigest: digest, Comment: comment, Confirmed: confirmed, UpTo: upTo}
			if startAt != "" {
				at, err := time.Parse(time.RFC3339, startAt)
				if err != nil {
					return access.Request{}, access.Errorf(access.CodeInvalid, "--start is a time like 2026-01-31T14:00:00Z")
				}
				d.StartAt = &at
			}
			return c.Decide(ctx, id, d)
		},
		said: func(r access.Request) string {
			if extension != "" {
				return decidedExtension(r, v, extension)
			}
			if v == access.Deny {
				return denied(r, comment)
			}
			if missing := stillNeeded(r.Stages); missing != "" {
				return "Approved by you. Still needed: " + missing + "."
			}
			if r.Plan.Lasting() && r.State != access.StatePending {
				return "Approved by you. The contracts come into force now."
			}
			if r.State == access.StatePending {
				return "Approved by you. Every stage is met."
			}
			return fmt.Sprintf("Approved by you. %s for %s is %s.", r.Contract, output.Clean(r.Requester.ID), r.State)
		},
	}.on(c)
}

// decidedExtension says what became of an extension.
func decidedExtension(r access.Request, v access.Verdict, what string) string {
	if v == access.Deny {
		return fmt.Sprintf("Denied by you: %s. Access goes on as it is.", what)
	}
	if r.Asked != nil {
		if missing := stillNeeded(r.Asked.Stages); missing != "" {
			return fmt.Sprintf("Approved by you: %s. Still needed: %s.", what, missing)
		}
	}
	return fmt.Sprintf("Approved by you: %s.", what)
}

// stillNeeded names every stage that is not met; "" if all are.
func stillNeeded(stages []access.StageStatus) string {
	var missing []string
	for _, s := range stages {
		if !s.Met {
			missing = append(missing, fmt.Sprintf("stage %s (%s)", output.Clean(s.Name), output.Clean(s.Progress())))
		}
	}
	return strings.Join(missing, ", and ")
}

// denied does not name the request's state, which is recorded a moment after
// the decision. A denial stands as it was signed: who repeats it with a comment learns that
// the comment is not taken.
func denied(r access.Request, comment string) string {
	s := fmt.Sprintf("Denied by you: %s for %s.", r.Contract, output.Clean(r.Requester.ID))
	if n := r.Plan.Rule.DenyThreshold; n > 1 {
		s += fmt.Sprintf(" It takes %d people to deny it.", n)
	}
	if comment != "" && !slices.ContainsFunc(r.Decisions, func(d access.Decision) bool { return d.Verdict == access.Deny && d.Comment == comment }) {
		s += " Your comment was not taken: you had denied it before, and that denial stands as it was signed."
	}
	return s
}

func extendCommand() *cobra.Command {
	var more, reason string
	c := &cobra.Command{
		Use: "extend", Short: "Extend access that is active",
		Long:    "Lets active access end later, as far as its plan allows.",
		Example: "  ramp extend --last --for 15m\n  ramp extend 0123456789abcdef --for 1h --reason \"the migration is at 80 %\"",
	}
	c.Flags().StringVar(&more, "for", "", "how much longer, such as 15m")
	c.Flags().StringVar(&reason, "reason", "", "why; approvers and auditors read it")
	return requestAction{
		do: func(ctx context.Context, c *client.Client, id string) (access.Request, error) {
			if more == "" {
				return access.Request{}, access.Errorf(access.CodeInvalid, "say how much longer, such as --for 15m")
			}
			r, err := c.Request(ctx, id)
			if err != nil {
				return r, err
			}
			return c.Extend(ctx, id, more, reason, r.ExpiresAt)
		},
		said: func(r access.Request) string {
			if a := r.Asked; a != nil {
				var who []string
				for _, s := range a.Stages {
					who = append(who, s.Needs())
				}
				return fmt.Sprintf("Asked for: until %s. It waits for the approval of %s; until then access ends as before.", output.Time(a.Until), output.Clean(strings.Join(who, " and ")))
			}
			if r.ExpiresAt == nil {
				return "Extended."
			}
			return "Extended until " + output.Time(*r.ExpiresAt) + "."
		},
	}.on(c)
}

// stop is a command that ends a request or its access.
type stop struct{ name, short, long, reason, done string }

func stopCommands() (out []*cobra.Command) {
	for _, s := range []stop{
		{"release", "End your own access early", "Ends access of your own before its time. The result says whether it is proven gone.", "done", "Released"},
		{"revoke", "End somebody's access", "Ends anybody's access at once. Operators may, and those who may decide the request.", "laptop stolen", "Revoked"},
		{"cancel", "Cancel a request that is not active yet", "Cancels a request of your own before access is opened. `ramp release` ends access that is open.", "no longer needed", "Cancelled"},
	} {
		out = append(out, s.command())
	}
	return out
}

func (s stop) command() *cobra.Command {
	var reason string
	c := &cobra.Command{
		Use: s.name, Short: s.short, Long: s.long,
		Example: "  ramp " + s.name + " --last\n  ramp " + s.name + " 0123456789abcdef --reason \"" + s.reason + "\"",
	}
	c.Flags().StringVar(&reason, "reason", "", "why; it is recorded")
	return requestAction{
		do: func(ctx context.Context, c *client.Client, id string) (access.Request, error) {
			return c.Stop(ctx, id, s.name, reason)
		},
		said: func(r access.Request) string { return s.said(r) + s.untaken(r, reason) },
	}.on(c)
}

func (s stop) said(r access.Request) string {
	switch {
	case !r.State.Final() && r.ActiveAt == nil:
		return fmt.Sprintf("%s. No access was open yet; `ramp show %s` says when the request is over.", s.done, r.ID)
	case !r.State.Final():
		return fmt.Sprintf("%s; the access is being closed. `ramp show %s` says when it is proven gone.", s.done, r.ID)
	case r.ActiveAt == nil:
		return s.done + ". No access was opened."
	}
	return s.done + ". The access is proven gone."
}

// untaken says that a reason was not recorded: an order stands as it was signed, and who gives
// the same again gives no new one.
func (s stop) untaken(r access.Request, reason string) string {
	taken := func(o access.EndOrder) bool { return o.Reason == reason }
	if reason == "" || len(r.EndOrders) == 0 || slices.ContainsFunc(r.EndOrders, taken) {
		return ""
	}
	return fmt.Sprintf(" Your reason was not taken: %s had ordered the end before, and that order stands as it was signed.", output.Clean(r.EndOrders[0].By))
}
