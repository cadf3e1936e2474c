package main

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config"
	"ramp.dev/ramp/worker"
)

type deployFlags struct {
	common
	config string
	within time.Duration
}

func deployCommand() *cobra.Command {
	var f deployFlags
	c := &cobra.Command{
		Use: "deploy", Short: "Change the build of the workers while requests run", GroupID: "run", Args: cobra.NoArgs,
		Long: "With worker.deployment.buildId (or RAMP_BUILD_ID) a request stays with the build of the worker on which it\n" +
			"began. docs/deploys.md has the procedure.",
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	c.PersistentFlags().StringVar(&f.config, "config", config.DefaultName, "the worker's configuration file")
	c.PersistentFlags().StringVarP(&f.output, "output", "o", "table", "table, json or yaml")
	c.PersistentFlags().DurationVar(&f.within, "within", 2*time.Minute, "how long to wait for workers and for Temporal")
	c.AddCommand(
		&cobra.Command{Use: "status", Short: "Show the builds, and the requests that live on each", Args: cobra.NoArgs,
			Example: "  ramp deploy status --config ramp.yaml",
			RunE:    func(cmd *cobra.Command, _ []string) error { return f.run(cmd, f.status) }},
		&cobra.Command{Use: "current BUILD", Short: "Have a build get all new requests", Args: cobra.ExactArgs(1),
			Long:    "Waits for a worker of the build, then has it get all new requests. Those that live stay where they are.",
			Example: "  ramp deploy current v1.4.0 --config /etc/ramp/ramp.yaml",
			RunE: func(cmd *cobra.Command, args []string) error {
				return f.run(cmd, func(ctx context.Context, d worker.Deployments, out io.Writer) error {
					if err := d.SetCurrent(ctx, args[0]); err != nil {
						return err
					}
					return f.status(ctx, d, out)
				})
			}},
		&cobra.Command{Use: "carry BUILD", Short: "Move the requests of a build to the current one", Args: cobra.ExactArgs(1),
			Long: "Moves the requests that live on a build whose workers are gone, or should be, to the current build, which\n" +
				"goes on where they were.",
			Example: "  ramp deploy carry v1.3.2 --config /etc/ramp/ramp.yaml",
			RunE: func(cmd *cobra.Command, args []string) error {
				return f.run(cmd, func(ctx context.Context, d worker.Deployments, out io.Writer) error {
					n, to, err := d.Carry(ctx, args[0])
					if err != nil {
						return err
					}
					moved := map[string]any{"moved": n, "from": args[0], "to": to}
					return f.print(out, moved, func(w io.Writer) {
						fmt.Fprintf(w, "%d requests moved from build %s to %s.\n", n, args[0], to)
					})
				})
			}},
	)
	return c
}

func (f *deployFlags) run(cmd *cobra.Command, do func(context.Context, worker.Deployments, io.Writer) error) error {
	c, err := config.Load(f.config)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(cmd.Context(), f.within)
	defer cancel()
	temporal, err := c.DialTemporal(ctx)
	if err != nil {
		return err
	}
	defer temporal.Close()
	return do(ctx, worker.NewDeployments(temporal, c.Worker.Deployment), cmd.OutOrStdout())
}

func (f *deployFlags) status(ctx context.Context, d worker.Deployments, out io.Writer) error {
	builds, err := d.Builds(ctx)
	if err != nil {
		return err
	}
	return f.print(out, builds, func(w io.Writer) {
		rows := [][]string{{"BUILD", "", "REQUESTS", "WORKERS", "LAST SEEN", ""}}
		for _, b := range builds {
			rows = append(rows, buildRow(b))
		}
		columns(w, rows)
	})
}

func buildRow(b worker.Build) []string {
	row := []string{b.ID, "", strconv.FormatInt(b.Requests, 10), strconv.Itoa(b.Workers), "", ""}
	if b.Current {
		row[1] = "current"
	}
	if b.SeenAt != nil {
		row[4] = access.Duration(time.Since(*b.SeenAt).Round(time.Second)).String() + " ago"
	}
	switch {
	case b.Workers == 0 && b.Requests > 0:
		row[5] = "nobody ends these: ramp deploy carry " + b.ID
	case b.Requests == 0 && b.Workers > 0 && !b.Current:
		row[5] = "its workers can be stopped"
	}
	return row
}
