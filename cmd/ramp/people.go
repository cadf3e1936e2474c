package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/client"
)

func peopleCommands() []*cobra.Command {
	return []*cobra.Command{
		loginCommand(), logoutCommand(), catalogCommand(), requestCommand(), listCommand(), showCommand(),
		decideCommand("approve", access.Approve), decideCommand("deny", access.Deny), extendCommand(),
		stopCommand("release", "Hand live access back", "released"),
		stopCommand("revoke", "End somebody's live access", "revoked"),
		stopCommand("cancel", "Take back a request that is not open yet", "cancelled"),
		credsCommand(), execCommand(),
	}
}

func catalogCommand() *cobra.Command {
	var o common
	c := &cobra.Command{
		Use: "catalog [WORDS]", Short: "What you may ask for", GroupID: "people", Args: cobra.MaximumNArgs(1),
		Example: "  ramp catalog\n  ramp catalog postgres -o json",
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := o.client()
			if err != nil {
				return err
			}
			query := ""
			if len(args) > 0 {
				query = args[0]
			}
			items, err := c.Catalog(cmd.Context(), query)
			if err != nil {
				return err
			}
			return o.print(cmd.OutOrStdout(), items, catalogTable(items))
		},
	}
	o.flags(c)
	return c
}

func listCommand() *cobra.Command {
	var o common
	var q client.Query
	c := &cobra.Command{
		Use: "ls", Aliases: []string{"list"}, Short: "Requests that you may see, newest first", GroupID: "people", Args: cobra.NoArgs,
		Example: "  ramp ls --mine\n  ramp ls --to-decide\n  ramp ls --state active,ending -o json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := o.client()
			if err != nil {
				return err
			}
			page, err := c.Requests(cmd.Context(), q)
			if err != nil {
				return err
			}
			if err := o.print(cmd.OutOrStdout(), page, requestTable(page.Items)); err != nil {
				return err
			}
			if page.NextCursor != "" && o.output == "table" {
				fmt.Fprintf(cmd.ErrOrStderr(), "There are older ones: --cursor %s\n", page.NextCursor)
			}
			return nil
		},
	}
	o.flags(c)
	c.Flags().StringSliceVar(&q.States, "state", nil, "only in these states")
	c.Flags().BoolVar(&q.Mine, "mine", false, "only your own")
	c.Flags().BoolVar(&q.ToDecide, "to-decide", false, "only those that wait for you")
	c.Flags().StringVar(&q.Target, "target", "", "only on this target")
	c.Flags().StringVar(&q.Cursor, "cursor", "", "where the last page ended")
	c.Flags().IntVar(&q.Limit, "limit", 0, "how many, 1 to 200 (default 50)")
	return c
}

// about makes a command that is about one request and prints it.
func about(use, short, example string, more func(*cobra.Command, *common), act func(context.Context, *client.Client, string) (access.Request, error), said func(access.Request) string) *cobra.Command {
	var o common
	c := &cobra.Command{
		Use: use + " REQUEST", Short: short, GroupID: "people", Args: cobra.MaximumNArgs(1), Example: example,
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := o.id(args)
			if err != nil {
				return err
			}
			c, err := o.client()
			if err != nil {
				return err
			}
			r, err := act(cmd.Context(), c, id)
			if err != nil {
				return err
			}
			if said == nil || o.output != "table" {
				return o.print(cmd.OutOrStdout(), r, detail(r))
			}
			fmt.Fprintln(cmd.OutOrStdout(), said(r))
			return nil
		},
	}
	o.flags(c)
	o.lastFlag(c)
	if more != nil {
		more(c, &o)
	}
	return c
}

func showCommand() *cobra.Command {
	return about("show", "One request with its timeline", "  ramp show --last", nil,
		func(ctx context.Context, c *client.Client, id string) (access.Request, error) {
			return c.Request(ctx, id)
		}, nil)
}

func decideCommand(name string, v access.Verdict) *cobra.Command {
	var comment, digest string
	short := map[access.Verdict]string{access.Approve: "Approve a request's plan", access.Deny: "Deny a request's plan"}[v]
	return about(name, short, "  ramp "+name+" 0123456789abcdef --comment \"as agreed in the incident channel\"",
		func(c *cobra.Command, _ *common) {
			c.Flags().StringVar(&comment, "comment", "", "for the requester and the record")
			c.Flags().StringVar(&digest, "digest", "", "decide only if the plan is still this one")
		},
		func(ctx context.Context, c *client.Client, id string) (access.Request, error) {
			if digest == "" || v == access.Approve {
				r, err := c.Request(ctx, id)
				if err != nil {
					return r, err
				}
				if r.Plan.Rule.Passkey && v == access.Approve {
					return r, access.Errorf(access.CodeForbidden, "this is approved with a passkey, in the browser: %s", c.RequestURL(id))
				}
				if digest == "" {
					digest = r.Plan.Digest
				}
			}
			return c.Decide(ctx, id, v, digest, comment)
		},
		func(r access.Request) string {
			for _, s := range r.Stages {
				if !s.Met && v == access.Approve {
					return fmt.Sprintf("Counted. Still needed: %s (%d of %d).", s.Name, len(s.Approved), s.Approvals)
				}
			}
			return fmt.Sprintf("Done. %s for %s is %s.", r.Contract, clean(r.Requester.ID), r.State)
		})
}

func extendCommand() *cobra.Command {
	var more, reason string
	return about("extend", "Lengthen live access, as far as its plan allows", "  ramp extend --last --for 15m",
		func(c *cobra.Command, _ *common) {
			c.Flags().StringVar(&more, "for", "", "how much longer, such as 15m")
			c.Flags().StringVar(&reason, "reason", "", "why")
			_ = c.MarkFlagRequired("for")
		},
		func(ctx context.Context, c *client.Client, id string) (access.Request, error) {
			return c.Extend(ctx, id, more, reason)
		},
		func(r access.Request) string {
			if r.ExpiresAt == nil {
				return "Extended."
			}
			return "Extended to " + at(*r.ExpiresAt) + "."
		})
}

func stopCommand(name, short, done string) *cobra.Command {
	var reason string
	return about(name, short, "  ramp "+name+" --last",
		func(c *cobra.Command, _ *common) { c.Flags().StringVar(&reason, "reason", "", "why") },
		func(ctx context.Context, c *client.Client, id string) (access.Request, error) {
			return c.Stop(ctx, id, name, reason)
		},
		func(r access.Request) string {
			if r.State.Final() {
				return fmt.Sprintf("Done: %s, proven gone.", done)
			}
			return fmt.Sprintf("Being %s now; `ramp show %s` tells when it is proven gone.", done, r.ID)
		})
}
