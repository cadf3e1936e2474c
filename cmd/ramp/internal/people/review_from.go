package people

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/cmd/ramp/internal/output"
	"ramp.dev/ramp/cmd/ramp/internal/sample"
	"ramp.dev/ramp/cmd/ramp/internal/version"
	"ramp.dev/ramp/review"
	"ramp.dev/ramp/review/record"
)

// fromSample makes a review of an auditor's sample: with nothing but the archive and public
// keys, so that somebody who does not believe the server makes their own.
func (f *reviewed) fromSample(cmd *cobra.Command) error {
	servers, workers, err := f.trust.load()
	if err != nil {
		return err
	}
	file, err := os.Open(f.from)
	if err != nil {
		return access.Errorf(access.CodeInvalid, "--from: %w", err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return access.Errorf(access.CodeInvalid, "--from: %w", err)
	}
	proven, err := sample.Verify(file, info.Size(), version.String(), servers, workers, output.Progress(cmd.ErrOrStderr(), "evidence packs"))
	if err != nil {
		return err
	}
	if !proven.Proven() {
		return access.Errorf(access.CodeEvidence, "--from: the sample is not proven, and no review is made of it; `ramp evidence verify %s` says why", access.Clip(f.from, 200))
	}
	packs, err := sample.Packs(file, info.Size(), proven.Manifest)
	if err != nil {
		return err
	}
	requests, contracts, err := (&record.Reader{Keys: servers}).Packs(cmd.Context(), packs)
	if err != nil {
		return err
	}
	period := review.Period{To: time.Now().UTC()}
	if until := proven.Choice.Until; until != nil && until.Before(period.To) {
		period.To = *until
	}
	back := f.since.Length
	if back == 0 {
		back = review.Weeks * 7 * 24 * time.Hour
	}
	period.From = period.To.Add(-back)
	r := review.Make(requests, nil, contracts, period, review.Thresholds{})
	r.MadeAt, r.LogSize = time.Now().UTC(), proven.Log.Size
	r.Say("It is made of a sample, with the usual thresholds and in UTC. Refused acts, marks, the review before, contracts under which nobody of the sample asked, and what else the sample leaves out, are not in it.")
	if n := len(proven.Manifest.Requests) - len(packs); n > 0 {
		r.Say(fmt.Sprintf("%s of the sample were dropped by policy, and the review does not count them.", output.Count(n, "request")))
	}
	if f.owner != "" {
		if err := f.narrow(&r); err != nil {
			return err
		}
	}
	return f.format.Print(cmd.OutOrStdout(), r, func(w io.Writer) { printReview(w, r, "") })
}
