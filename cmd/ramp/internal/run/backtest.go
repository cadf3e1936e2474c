package run

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/cmd/ramp/internal/output"
	"ramp.dev/ramp/config"
	"ramp.dev/ramp/contracts"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/internal/strictjson"
	"ramp.dev/ramp/ledger"
)

// lookBack is how far back a backtest reads the ledger where nobody says otherwise.
const lookBack = 30 * 24 * time.Hour

func backtestCommand() *cobra.Command {
	var format output.Format
	var configured string
	var since time.Duration
	c := &cobra.Command{
		Use: "backtest DIRECTORY [PACK...]", Short: "Say how contracts would have decided recorded requests", Args: cobra.MinimumNArgs(1),
		Long: "Evaluates recorded requests under the contracts of a directory, with the person, the time and the history as they\n" +
			"were signed then, and says which would have been refused or decided by others. The requests are those of evidence\n" +
			"packs (`ramp evidence get REQUEST`), or with --config those of the ledger, which it only reads. It verifies no\n" +
			"signature: `ramp evidence verify` does.",
		Example: "  ramp contracts backtest contracts/ packs/*.json\n  ramp contracts backtest contracts/ --config ramp.yaml --since 168h -o json",
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 && configured == "" {
				return access.Errorf(access.CodeInvalid, "name the requests: evidence packs, or --config FILE for those of the ledger")
			}
			set, err := contracts.LoadDir(args[0])
			if err != nil {
				return err
			}
			report := contracts.BacktestReport{Changes: []contracts.BacktestChange{}}
			progress := output.Progress(cmd.ErrOrStderr(), "requests evaluated")
			for i, path := range args[1:] {
				progress(i, len(args)-1)
				recorded, err := readRecorded(path)
				if err != nil {
					return err
				}
				set.Backtest(&report, filepath.Base(path), recorded)
			}
			if configured != "" {
				if err := backtestLedger(cmd.Context(), configured, time.Now().Add(-since), set, &report, progress); err != nil {
					return err
				}
			}
			return format.Print(cmd.OutOrStdout(), report, func(w io.Writer) {
				for _, c := range report.Changes {
					fmt.Fprintf(w, "%s (%s, %s): %s\n  then: %s\n  now:  %s\n", output.Clean(c.RequestID), output.Clean(c.Contract), output.Clean(c.Requester), contracts.Change{Kind: c.Kind}.What(), output.Clean(c.Before), output.Clean(c.After))
				}
				fmt.Fprintf(w, "%s, %d decided differently\n", output.Count(report.Requests, "request"), len(report.Changes))
			})
		},
	}
	format.Flag(c)
	c.Flags().StringVar(&configured, "config", "", "the server's configuration, to read the requests of its ledger")
	c.Flags().DurationVar(&since, "since", lookBack, "how far back the ledger is read")
	return c
}

// backtestLedger adds to a report the requests that the ledger has since a time, the newest
// first.
func backtestLedger(ctx context.Context, path string, since time.Time, set *contracts.Set, report *contracts.BacktestReport, progress func(done, of int)) error {
	conf, err := config.Load(path)
	if err != nil {
		return err
	}
	led, err := conf.Ledger.Open(ctx)
	if err != nil {
		return err
	}
	defer led.Close()
	var ids []string
	for f := (ledger.RequestFilter{Limit: 200}); ; {
		items, next, err := led.Requests(ctx, f)
		if err != nil {
			return err
		}
		for _, r := range items {
			if r.CreatedAt.Before(since) {
				next = ""
				break
			}
			ids = append(ids, r.ID)
		}
		if f.Cursor = next; next == "" {
			break
		}
	}
	for i, id := range ids {
		progress(i, len(ids))
		recorded, err := recordedIn(ctx, led, id)
		if err != nil {
			return err
		}
		set.Backtest(report, "ledger", recorded)
	}
	return nil
}

// recordedIn reads what the ledger has of one request.
func recordedIn(ctx context.Context, led *ledger.Ledger, id string) (out contracts.Recorded, err error) {
	b, err := led.PlanEnvelope(ctx, id)
	if err != nil {
		return out, err
	}
	plan, err := evidence.ReadEnvelope(b)
	if err != nil {
		return out, err
	}
	rows, err := led.Statements(ctx, id)
	if err != nil {
		return out, err
	}
	var statements []evidence.Envelope
	for _, row := range rows {
		e, err := evidence.ReadEnvelope(row)
		if err != nil {
			return out, err
		}
		statements = append(statements, e)
	}
	return recordedOf("request "+id, plan, statements)
}

// readRecorded reads what a request's evidence pack says that was asked and evaluated.
func readRecorded(path string) (out contracts.Recorded, err error) {
	f, err := os.Open(path) // #nosec G304 -- the user's own file
	if err != nil {
		return out, access.Errorf(access.CodeInvalid, "%w", err)
	}
	defer f.Close()
	pack, err := evidence.ReadPack(f)
	if err != nil {
		return out, access.Errorf(access.CodeInvalid, "%s: %w", path, err)
	}
	return recordedOf(path, pack.Plan, pack.Statements)
}

// recordedOf returns what a plan asked for, and the history with which it was evaluated.
func recordedOf(where string, plan evidence.Envelope, statements []evidence.Envelope) (out contracts.Recorded, err error) {
	if out.Plan, err = evidence.ReadPlan(plan); err != nil {
		return out, err
	}
	for _, e := range statements {
		if e.PayloadType != evidence.TypeEvaluation {
			continue
		}
		payload, err := e.DecodeB64Payload()
		if err != nil {
			return out, access.Errorf(access.CodeInvalid, "%s: %w", where, err)
		}
		var made access.Evaluation
		if err := strictjson.Unmarshal(payload, &made); err != nil {
			return out, access.Errorf(access.CodeInvalid, "%s: %w", where, err)
		}
		out.History = made.History
	}
	return out, nil
}
