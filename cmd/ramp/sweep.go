package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/sirupsen/logrus"
	"github.com/spf13/cobra"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config"
	"ramp.dev/ramp/reconcile"
	"ramp.dev/ramp/worker"
)

// errLeft ends a sweep that found something, or left something.
var errLeft = errors.New("something is not as it should be")

// exitLeft is its exit code.
const exitLeft = 8

type sweepFlags struct {
	common
	config, target   string
	apply, live, yes bool
}

func sweepCommand() *cobra.Command {
	var f sweepFlags
	c := &cobra.Command{
		Use: "sweep --config FILE", Short: "End what should not be open, without Temporal", GroupID: "run", Args: cobra.NoArgs,
		Long: "Compares the ledger with the targets, by the targets' own credentials, and needs nothing else: no server,\n" +
			"no worker, no Temporal. It shows what is expired and not closed, what has Ramp's mark and is in no ledger,\n" +
			"and what was changed by hand; with --apply it ends or mends that. It is safe beside a running Ramp. Whether\n" +
			"a workflow runs it cannot know, so access that is not over is left alone, but with --live, which ends all\n" +
			"there is: the emergency stop.\n\n" +
			"Exit codes: 0 all is well, or was put right; 8 something was found (without --apply) or is left.",
		Example: "  ramp sweep --config /etc/ramp/ramp.yaml\n  ramp sweep --apply --target vault/main\n  ramp sweep --live --apply",
		RunE:    func(cmd *cobra.Command, _ []string) error { return f.run(cmd) },
	}
	c.Flags().StringVar(&f.config, "config", config.DefaultName, "the worker's configuration file")
	c.Flags().StringVar(&f.target, "target", "", "this target only")
	c.Flags().BoolVar(&f.apply, "apply", false, "act; without it nothing is changed")
	c.Flags().BoolVar(&f.live, "live", false, "end access that is not over, too")
	c.Flags().BoolVar(&f.yes, "yes", false, "do not ask before --live")
	c.Flags().StringVarP(&f.output, "output", "o", "table", "table, json or yaml")
	return c
}

func (f *sweepFlags) run(cmd *cobra.Command) error {
	c, err := config.Load(f.config)
	if err != nil {
		return err
	}
	led, err := c.Ledger.Open(cmd.Context())
	if err != nil {
		return err
	}
	defer led.Close()
	deps := worker.Deps{Ledger: led, Log: logrus.StandardLogger()}
	if deps.Keyring, err = c.Keys.Keyring(); err != nil {
		// In an emergency what is over must end all the same.
		logrus.WithError(err).Warn("the ledger is believed: what it says cannot be held against what was signed")
	}
	if f.apply {
		if deps.Signer, err = c.Keys.WorkerSigner(cmd.Context()); err != nil {
			return err
		}
	}
	r := worker.Sweeper(cmd.Context(), c.Worker, deps)
	targets := r.Broker.Names()
	if f.target != "" {
		if !slices.Contains(targets, f.target) {
			return access.Errorf(access.CodeNotFound, "%s has no target %q; it has %s", f.config, access.Clip(f.target, 60), strings.Join(targets, ", "))
		}
		targets = []string{f.target}
	}
	if f.live && f.apply && !f.yes {
		if err := confirm(cmd, targets); err != nil {
			return err
		}
	}
	r.DryRun, r.RevokeLive = !f.apply, f.live
	s := r.Sweep(cmd.Context(), targets)
	if err := f.print(cmd.OutOrStdout(), s, surveyTable(s, f.apply)); err != nil {
		return err
	}
	if s.Unresolved() > 0 {
		return errLeft
	}
	return nil
}

// confirm wants a word that nobody types by accident.
func confirm(cmd *cobra.Command, targets []string) error {
	fmt.Fprintf(cmd.ErrOrStderr(), "This ends all access on %s, of everybody, now.\nType \"end all access\" to go on: ", strings.Join(targets, ", "))
	line, err := bufio.NewReader(cmd.InOrStdin()).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return access.Errorf(access.CodeInvalid, "cannot read the answer: %w", err)
	}
	if strings.TrimSpace(line) != "end all access" {
		return access.Errorf(access.CodeInvalid, "nothing was done; --yes does not ask")
	}
	return nil
}

func surveyTable(s reconcile.SweepReport, applied bool) func(io.Writer) {
	return func(w io.Writer) {
		grants, found := 0, 0
		for _, r := range s.Targets {
			grants, found = grants+r.Grants, found+r.Found
		}
		fmt.Fprintf(w, "%d targets: %d grants open in the ledger, %d things with Ramp's mark on the targets.\n", len(s.Targets), grants, found)
		for _, name := range slices.Sorted(maps.Keys(s.Unreachable)) {
			fmt.Fprintf(w, "Could not look at %s: %s\n", name, clean(s.Unreachable[name]))
		}
		all := s.Findings()
		if len(all) == 0 {
			fmt.Fprintln(w, "Nothing is wrong.")
			return
		}
		head := "REMEDY"
		if applied {
			head = "RESULT"
		}
		rows := [][]string{{"FOUND", "TARGET", "WHAT", "ENDS", head, "WHY"}}
		for _, f := range all {
			rows = append(rows, findingRow(f, applied))
		}
		fmt.Fprintln(w)
		columns(w, rows)
		if !applied {
			fmt.Fprintln(w, "\nNothing was changed. --apply does what stands under REMEDY.")
		}
	}
}

func findingRow(f reconcile.Finding, applied bool) []string {
	what, ends, result := f.Grant, "", string(f.Remedy)
	if what == "" {
		what = f.RequestID
	}
	if f.ExpiresAt != nil {
		ends = at(*f.ExpiresAt)
	}
	if applied {
		result = map[reconcile.Remedy]string{reconcile.CloseGrant: "closed, proven gone", reconcile.Restore: "put right",
			reconcile.RecordOnly: "recorded", reconcile.Conclude: "ended"}[f.Remedy]
		if f.Error != "" {
			result = "LEFT: " + clean(f.Error)
		}
	}
	why := f.Why
	if len(f.Differences) > 0 {
		why += " " + strings.Join(f.Differences, "; ")
	}
	return []string{string(f.Kind), f.Target, what, ends, result, clean(why)}
}

func reconcileCommand() *cobra.Command {
	var path, target string
	c := &cobra.Command{
		Use: "reconcile --config FILE", Short: "Have the third line look now", GroupID: "run", Args: cobra.NoArgs,
		Long: "The workers compare targets, ledger and workflows by themselves, every half minute. This has them do it now.\n" +
			"What comes of it is in the Temporal UI, under ramp-reconcile, and in the timelines of the requests concerned.",
		Example: "  ramp reconcile --config /etc/ramp/ramp.yaml",
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := config.Load(path)
			if err != nil {
				return err
			}
			temporal, err := c.DialTemporal(cmd.Context())
			if err != nil {
				return err
			}
			defer temporal.Close()
			places := append(slices.Sorted(maps.Keys(c.Worker.Targets)), "")
			if target != "" {
				places = []string{target}
			}
			for _, place := range places {
				if err := worker.ReconcileNow(cmd.Context(), temporal, place); err != nil {
					return err
				}
			}
			return nil
		},
	}
	c.Flags().StringVar(&path, "config", config.DefaultName, "the worker's configuration file")
	c.Flags().StringVar(&target, "target", "", "this target only")
	return c
}
