package people

import (
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/cmd/ramp/internal/output"
	"ramp.dev/ramp/cmd/ramp/internal/sample"
	"ramp.dev/ramp/cmd/ramp/internal/version"
	"ramp.dev/ramp/evidence"
)

// verifySample verifies an archive of evidence packs.
func (f *verifyFlags) verifySample(cmd *cobra.Command, file *os.File, servers, workers evidence.Keyring) error {
	info, err := file.Stat()
	if err != nil {
		return access.Errorf(access.CodeInvalid, "sample: %w", err)
	}
	report, err := sample.Verify(file, info.Size(), version.String(), servers, workers, output.Progress(cmd.ErrOrStderr(), "evidence packs"))
	if err != nil {
		return err
	}
	if err := f.format.Print(cmd.OutOrStdout(), report, sampleReport(report)); err != nil {
		return err
	}
	if !report.Proven() {
		return access.Errorf(access.CodeEvidence, "not proven")
	}
	if !report.InTime() {
		return ErrLate
	}
	return nil
}

func sampleReport(r sample.Report) func(io.Writer) {
	return func(w io.Writer) {
		if len(r.Requests) > 0 {
			rows := [][]string{{"REQUEST", "ASKED", "REQUESTER", "CONTRACT", "RESULT"}}
			for _, one := range r.Requests {
				rows = append(rows, itemRow(one.Item, one.Problem))
			}
			output.Table(w, rows)
			fmt.Fprintln(w)
		}
		for _, problem := range r.Problems {
			fmt.Fprintf(w, "FAILED: %s.\n", output.Clean(problem))
		}
		if r.Pages != "" {
			fmt.Fprintf(w, "Note: %s. Rely on this table, not on the pages.\n", output.Clean(r.Pages))
		}
		if !r.Proven() {
			fmt.Fprintln(w, "NOT PROVEN. At least one request or the archive as a whole is not.")
			return
		}
		fmt.Fprintf(w, "PROVEN. %s, chosen from the first %d events of the log %s; that none was left out is the word of whoever read that log.\n",
			output.Count(len(r.Requests), "request"), r.Log.Size, output.Clean(r.Log.Origin))
	}
}
