package run

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"go.temporal.io/sdk/client"

	"ramp.dev/ramp/config"
	"ramp.dev/ramp/worker"
	"ramp.dev/ramp/workflows"
)

func reconcileCommand() *cobra.Command {
	var f configured
	var target string
	c := &cobra.Command{
		Use: "reconcile", Short: "Run the reconciler now", Args: cobra.NoArgs,
		Long: "The workers compare targets, ledger and workflows by themselves, every 30 s by default. This makes them do it now.\n" +
			"The result is in the Temporal UI, under ramp-reconcile-TARGET, and in the timelines of the requests concerned.",
		Example: "  ramp reconcile --config /etc/ramp/ramp.yaml\n  ramp reconcile --target vault/main",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return f.withTemporal(cmd.Context(), func(c config.Config, temporal client.Client) error {
				targets := append(slices.Sorted(maps.Keys(c.Worker.Targets)), allRequests)
				if target != "" {
					targets = []string{target}
				}
				for _, name := range targets {
					if err := worker.ReconcileNow(cmd.Context(), temporal, name); err != nil {
						return err
					}
				}
				return f.format.Print(cmd.OutOrStdout(), map[string]any{"reconciling": names(targets)}, func(w io.Writer) {
					var jobs []string
					for _, name := range targets {
						jobs = append(jobs, workflows.ReconcileID(name))
					}
					fmt.Fprintf(w, "Reconciling now: %s.\nSee what came of it in the Temporal UI, under %s, and in the requests' timelines (`ramp show REQUEST`).\n",
						strings.Join(names(targets), ", "), strings.Join(jobs, ", "))
				})
			})
		},
	}
	f.flags(c, "the worker's")
	c.Flags().StringVar(&target, "target", "", "this target only")
	return c
}

// allRequests is, in place of a target, the requests that no workflow will end.
const allRequests = ""

func names(targets []string) []string {
	out := slices.Clone(targets)
	for i, name := range out {
		if name == allRequests {
			out[i] = "requests"
		}
	}
	return out
}
