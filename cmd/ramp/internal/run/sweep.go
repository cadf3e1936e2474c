package run

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
	"ramp.dev/ramp/cmd/ramp/internal/output"
	"ramp.dev/ramp/config"
	"ramp.dev/ramp/reconcile"
	"ramp.dev/ramp/worker"
)

// ErrUnresolved is the error of a sweep that found something, or could not put
// something right. What that is, was printed.
var ErrUnresolved = errors.New("something is not as it should be")

type sweepFlags struct {
	configured
	target           string
	apply, live, yes bool
}

func sweepCommand() *cobra.Command {
	var f sweepFlags
	c := &cobra.Command{
		Use: "sweep", Short: "End access that should not be open, without Temporal", Args: cobra.NoArgs,
		Long: "Compares the ledger with the targets, with the targets' own credentials, and needs nothing else: no server, no\n" +
			"worker, no Temporal. It lists grants that are past their end and not closed, objects that carry Ramp's name\n" +
			"prefix and are not in the ledger, and grants that were changed by hand; with --apply it ends or restores them.\n" +
			"It can run beside a running Ramp. It cannot know whether a workflow runs, so it leaves access alone that is not\n" +
			"past its end, except with --live, which ends all access there is: the emergency stop.\n\n" +
			"Exit codes: 0 nothing was found, or all was put right; 8 something was found (without --apply) or is left.",
		Example: "  ramp sweep --config /etc/ramp/ramp.yaml\n  ramp sweep --apply --target vault/main\n  ramp sweep --live --apply",
		RunE:    func(cmd *cobra.Command, _ []string) error { return f.run(cmd) },
	}
	f.flags(c, "the worker's")
	c.Flags().StringVar(&f.target, "target", "", "this target only")
	c.Flags().BoolVar(&f.apply, "apply", false, "end and restore; without it nothing is changed")
	c.Flags().BoolVar(&f.live, "live", false, "end access that is not past its end, too")
	c.Flags().BoolVar(&f.yes, "yes", false, "do not ask for confirmation of --live")
	return c
}

func (f *sweepFlags) run(cmd *cobra.Command) error {
	c, err := config.Load(f.path)
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
		// In an emergency access that is past its end must end all the same.
		logrus.WithError(err).Warn("the ledger cannot be verified against what was signed; it is taken as it is")
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
			return access.Errorf(access.CodeNotFound, "%s has no target %q; it has %s", f.path, access.Clip(f.target, 60), strings.Join(targets, ", "))
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
	if err := f.format.Print(cmd.OutOrStdout(), s, sweepTable(s, f.apply)); err != nil {
		return err
	}
	if s.Unresolved() > 0 {
		return ErrUnresolved
	}
	return nil
}

// confirm asks for words that nobody types by accident.
func confirm(cmd *cobra.Command, targets []string) error {
	fmt.Fprintf(cmd.ErrOrStderr(), "This ends all access of everybody on %s, now.\nType \"end all access\" to continue: ", strings.Join(targets, ", "))
	line, err := bufio.NewReader(cmd.InOrStdin()).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return access.Errorf(access.CodeInvalid, "cannot read the answer: %w", err)
	}
	if strings.TrimSpace(line) != "end all access" {
		return access.Errorf(access.CodeInvalid, "not confirmed, so nothing was done; --yes skips the question")
	}
	return nil
}

func sweepTable(s reconcile.SweepReport, applied bool) func(io.Writer) {
	return func(w io.Writer) {
		grants, found := 0, 0
		for _, r := range s.Targets {
			grants, found = grants+r.Grants, found+r.Found
		}
		fmt.Fprintf(w, "%s: %s open in the ledger, %s with Ramp's name prefix on the targets.\n",
			output.Count(len(s.Targets), "target"), output.Count(grants, "grant"), output.Count(found, "thing"))
		for _, name := range slices.Sorted(maps.Keys(s.Unreachable)) {
			fmt.Fprintf(w, "Could not read %s: %s\n", name, output.Clean(s.Unreachable[name]))
		}
		all := s.Findings()
		if len(all) == 0 {
			if len(s.Unreachable) == 0 {
				fmt.Fprintln(w, "Nothing is wrong.")
			}
			return
		}
		head := "ACTION"
		if applied {
			head = "RESULT"
		}
		rows := [][]string{{"FINDING", "TARGET", "GRANT", "EXPIRES", head, "REASON"}}
		for _, f := range all {
			rows = append(rows, findingRow(f, applied))
		}
		fmt.Fprintln(w)
		output.Table(w, rows)
		if !applied {
			fmt.Fprintln(w, "\nNothing was changed. --apply does what stands under ACTION.")
		}
	}
}

func findingRow(f reconcile.Finding, applied bool) []string {
	what, ends, result := f.Grant, "", string(f.Remedy)
	if what == "" {
		what = f.RequestID
	}
	if f.ExpiresAt != nil {
		ends = output.Time(*f.ExpiresAt)
	}
	if applied {
		result = map[reconcile.Remedy]string{reconcile.CloseGrant: "closed, proven gone", reconcile.Restore: "restored",
			reconcile.RecordOnly: "recorded", reconcile.Conclude: "ended"}[f.Remedy]
		if f.Error != "" {
			result = "FAILED: " + output.Clean(f.Error)
		}
	}
	why := f.Why
	if len(f.Differences) > 0 {
		why += " " + strings.Join(f.Differences, "; ")
	}
	return []string{string(f.Kind), f.Target, what, ends, result, output.Clean(why)}
}
