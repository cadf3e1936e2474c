package run

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/sirupsen/logrus"
	"golang.org/x/sync/errgroup"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/cmd/ramp/internal/output"
	"ramp.dev/ramp/config"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/ledger"
	"ramp.dev/ramp/ledger/verified"
)

// targetRights is what a doctor says of the credential for one target.
type targetRights struct {
	Target string `json:"target"`
	Kind   string `json:"kind"`
	integrations.Rights
}

// rightsAtOnce is how many targets are asked at the same time.
const rightsAtOnce = 8

// examineRights compares, for each target of the configuration, what its credential may do
// with what Ramp needs. What lacks and what is too much are also issues, each by itself. found
// is what is known to be wrong.
func examineRights(ctx context.Context, c config.Config, found access.Issues) (all []targetRights, issues access.Issues) {
	names := slices.Sorted(maps.Keys(c.Worker.Targets))
	all = make([]targetRights, len(names))
	var group errgroup.Group
	group.SetLimit(rightsAtOnce)
	for i, name := range names {
		group.Go(func() error {
			t := c.Worker.Targets[name]
			r, err := t.Rights(ctx, name)
			unusable := slices.ContainsFunc(found, func(is access.Issue) bool {
				return is.Code == "target_unavailable" && is.Field == "worker.targets."+name
			})
			switch {
			case err != nil && unusable: // why is that issue's
				r.Unknown = append(r.Unknown, "nothing could be compared, since it cannot be used")
			case err != nil:
				r.Unknown = append(r.Unknown, "nothing could be compared: "+access.Clip(err.Error(), 300))
			}
			all[i] = targetRights{name, t.Kind, r}
			return nil
		})
	}
	_ = group.Wait() // none of them returns an error
	for _, one := range all {
		at := "worker.targets." + one.Target
		for _, what := range one.Lacks {
			issues.Add("rights_missing", at, "Ramp's own credential lacks %s", what)
		}
		for _, what := range one.TooMuch {
			issues.Add("rights_too_many", at, "Ramp need not have, and has: %s", what)
		}
	}
	return all, issues
}

// stateIssues returns which targets cannot be used, as their workers say it in the ledger. A
// configuration without keys.workers believes nothing of it, which for a server's is an issue.
func stateIssues(ctx context.Context, c config.Config, led *ledger.Ledger) (issues access.Issues) {
	if len(c.Keys.Workers) == 0 {
		if c.Parts().Server {
			issues.Add("workers_unknown", "keys.workers", "it is not set: %s", config.WorkersUnknown)
		}
		return issues
	}
	workers, err := c.Keys.WorkerKeyring(ctx)
	if err != nil {
		return nil // Validate has said so
	}
	states := verified.TargetStates{Ledger: led, Workers: workers, Log: logrus.StandardLogger(), Now: time.Now}
	for _, state := range append(states.All(ctx), states.Misplaced(ctx)...) {
		if !state.Usable() {
			issues.Add("target_"+string(state.Condition), state.Target, "%s", state)
		}
	}
	return issues
}

// printRights prints for people what the issues do not say.
func printRights(w io.Writer, all []targetRights) {
	for _, one := range all {
		if len(one.Lacks) == 0 && len(one.TooMuch) == 0 && len(one.Unknown) == 0 {
			fmt.Fprintf(w, "%s: Ramp's own credential may do what is needed, and nothing that was looked for beside it.\n", output.Clean(one.Target))
		}
		for _, what := range one.Unknown {
			fmt.Fprintf(w, "%s: not compared: %s\n", output.Clean(one.Target), output.Clean(what))
		}
	}
}
