package run

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/spf13/cobra"
	"go.temporal.io/sdk/client"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/cmd/ramp/internal/output"
	"ramp.dev/ramp/config"
	"ramp.dev/ramp/worker/builds"
)

type deployFlags struct {
	configured
	within time.Duration
}

func deployCommand() *cobra.Command {
	var f deployFlags
	c := &cobra.Command{
		Use: "deploy", Short: "Replace the build of the workers while requests run",
		Long: "With worker.deployment.buildId (or RAMP_BUILD_ID) a request stays with the build of the worker on which it\n" +
			"began. docs/deploys.md has the procedure.",
	}
	c.PersistentFlags().StringVar(&f.path, "config", config.DefaultName, "the worker's configuration file")
	f.format.PersistentFlag(c)
	c.PersistentFlags().DurationVar(&f.within, "within", 2*time.Minute, "how long to wait for workers and for Temporal")
	c.AddCommand(
		&cobra.Command{Use: "status", Short: "List the builds, and how many requests run on each", Args: cobra.NoArgs,
			Example: "  ramp deploy status --config ramp.yaml",
			RunE:    func(cmd *cobra.Command, _ []string) error { return f.run(cmd, f.status) }},
		&cobra.Command{Use: "current BUILD", Short: "Send all new requests to a build", Args: cobra.ExactArgs(1),
			Long:    "Waits for a worker of the build, then makes the build current: all new requests begin on it. Requests that run\nstay where they are.",
			Example: "  ramp deploy current v1.4.0 --config /etc/ramp/ramp.yaml",
			RunE: func(cmd *cobra.Command, args []string) error {
				return f.run(cmd, func(ctx context.Context, d builds.Deployment, out io.Writer) error {
					if err := d.SetCurrent(ctx, args[0]); err != nil {
						return err
					}
					return f.status(ctx, d, out)
				})
			}},
		&cobra.Command{Use: "move BUILD", Short: "Move the requests of a build to the current build", Args: cobra.ExactArgs(1),
			Long: "Moves the requests that run on a build whose workers are gone, or should be, to the current build, which\n" +
				"continues them.",
			Example: "  ramp deploy move v1.3.2 --config /etc/ramp/ramp.yaml",
			RunE: func(cmd *cobra.Command, args []string) error {
				return f.run(cmd, func(ctx context.Context, d builds.Deployment, out io.Writer) error {
					n, to, err := d.Move(ctx, args[0])
					if err != nil {
						return err
					}
					moved := map[string]any{"moved": n, "from": args[0], "to": to}
					return f.format.Print(out, moved, func(w io.Writer) {
						fmt.Fprintf(w, "%s moved from build %s to build %s.\n", output.Count(n, "request"), args[0], to)
					})
				})
			}},
	)
	return c
}

func (f *deployFlags) run(cmd *cobra.Command, do func(context.Context, builds.Deployment, io.Writer) error) error {
	ctx, cancel := context.WithTimeout(cmd.Context(), f.within)
	defer cancel()
	return f.withTemporal(ctx, func(c config.Config, temporal client.Client) error {
		return do(ctx, builds.New(temporal, c.Worker.Deployment), cmd.OutOrStdout())
	})
}

func (f *deployFlags) status(ctx context.Context, d builds.Deployment, out io.Writer) error {
	builds, err := d.Builds(ctx)
	if err != nil {
		return err
	}
	return f.format.Print(out, builds, func(w io.Writer) {
		rows := [][]string{{"BUILD", "", "REQUESTS", "WORKERS", "LAST SEEN", ""}}
		for _, b := range builds {
			rows = append(rows, buildRow(b))
		}
		output.Table(w, rows)
	})
}

func buildRow(b builds.Build) []string {
	row := []string{b.ID, "", strconv.FormatInt(b.Requests, 10), strconv.Itoa(b.Workers), "", ""}
	if b.Current {
		row[1] = "current"
	}
	if b.SeenAt != nil {
		row[4] = access.Duration(time.Since(*b.SeenAt).Round(time.Second)).String() + " ago"
	}
	switch {
	case b.Workers == 0 && b.Requests > 0:
		row[5] = "no worker serves these requests: run `ramp deploy move " + b.ID + "`"
	case b.Requests == 0 && b.Workers > 0 && !b.Current:
		row[5] = "no requests are left: its workers can be stopped"
	}
	return row
}
