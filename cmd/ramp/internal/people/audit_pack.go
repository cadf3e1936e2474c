package people

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/google/renameio/v2"
	"github.com/spf13/cobra"
	"golang.org/x/mod/sumdb/tlog"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/client"
	"ramp.dev/ramp/cmd/ramp/internal/output"
	"ramp.dev/ramp/cmd/ramp/internal/sample"
	"ramp.dev/ramp/cmd/ramp/internal/version"
	"ramp.dev/ramp/evidence"
)

// packer makes an auditor's sample.
type packer struct {
	session
	trust   verifyFlags
	when    period
	choice  sample.Choice
	against string
	into    string

	warn io.Writer // where progress is said
}

func auditPackCommand() *cobra.Command {
	var p packer
	c := &cobra.Command{
		Use: "pack", Short: "Make an auditor's sample: the evidence of each request of a period, in one archive", Args: cobra.NoArgs,
		Long: "Reads the whole log, verifies it against the server's signed checkpoint, and chooses every request in it that was\n" +
			"asked for in the period: none is left out, whatever the ledger's tables say. The archive has an evidence pack\n" +
			"for each, verified with the keys given, and pages to read them, which open from a disk: index.html. A request\n" +
			"that the log has and the ledger no longer has is listed, and the exit code is 4; it is 9 if all are proven\n" +
			"and some access outlasted its end. A request that was dropped by policy is listed as such, with the removal that\n" +
			"a server signed; who asked for it is no longer known, so that --person leaves none of these out.\n\n" +
			"`ramp evidence verify sample.zip` verifies the archive later, offline.",
		Example: "  ramp audit pack --since 2026-07-01 --until 2026-10-01 --into q3.zip --key server.pub --worker-key worker.pub\n" +
			"  ramp audit pack --since 90d --contract orders-db --person alice --against ramp.checkpoint --into sample.zip --key server.pub --worker-key worker.pub",
		RunE: func(cmd *cobra.Command, _ []string) error {
			p.warn = cmd.ErrOrStderr()
			m, err := p.run(cmd.Context())
			if err != nil {
				return err
			}
			if err := p.session.format.Print(cmd.OutOrStdout(), m, sampleTable(m, p.into)); err != nil {
				return err
			}
			late := false
			for _, i := range m.Requests {
				if !i.Proven() {
					return access.Errorf(access.CodeEvidence, "not all requests are proven")
				}
				late = late || i.Late > 0
			}
			if late {
				return ErrLate
			}
			return nil
		},
	}
	p.flags(c)
	p.trust.keyFlags(c)
	p.when.flags(c)
	c.Flags().StringSliceVar(&p.choice.Contracts, "contract", nil, "only under these contracts")
	c.Flags().StringSliceVar(&p.choice.People, "person", nil, "only what these accounts asked for, by their ids")
	c.Flags().StringVar(&p.against, "against", "", "a checkpoint that was saved earlier, which the log must go on from")
	c.Flags().StringVar(&p.into, "into", "", "the archive to write, such as sample.zip")
	return c
}

func (p *packer) run(ctx context.Context) (m sample.Manifest, err error) {
	if p.into == "" {
		return m, access.Errorf(access.CodeInvalid, "name the archive: --into sample.zip")
	}
	since, until, err := p.when.at(time.Now())
	if err != nil {
		return m, err
	}
	if !since.IsZero() {
		p.choice.Since = &since
	}
	if !until.IsZero() {
		p.choice.Until = &until
	}
	servers, workers, err := p.trust.load()
	if err != nil {
		return m, err
	}
	c, err := p.client()
	if err != nil {
		return m, err
	}
	signed, err := c.Checkpoint(ctx)
	if err != nil {
		return m, err
	}
	at, err := servers.VerifyCheckpoint(signed)
	if err != nil {
		return m, err
	}
	chosen, err := p.choose(ctx, c, servers, at)
	if err != nil {
		return m, err
	}
	file, err := renameio.NewPendingFile(p.into, renameio.WithPermissions(0o600))
	if err != nil {
		return m, access.Errorf(access.CodeInvalid, "--into: %w", err)
	}
	defer func() { _ = file.Cleanup() }() // what is left then is a temporary file
	w := sample.NewWriter(file, sample.Manifest{Version: sample.Version, Ramp: version.String(), Checkpoint: signed, Choice: p.choice})
	progress := output.Progress(p.warn, "evidence packs")
	for n, item := range chosen {
		progress(n, len(chosen))
		if err := p.add(ctx, c, w, item, at, servers, workers); err != nil {
			return m, err
		}
	}
	if m, err = w.Close(); err == nil {
		err = file.CloseAtomicallyReplace()
	}
	if err != nil {
		return m, access.Errorf(access.CodeInvalid, "--into: %w", err)
	}
	return m, nil
}

// choose reads the whole log, verifies it, and returns the requests that are wanted.
func (p *packer) choose(ctx context.Context, c *client.Client, servers evidence.Keyring, at evidence.Checkpoint) ([]sample.Item, error) {
	var against *evidence.Checkpoint
	if p.against != "" {
		b, err := os.ReadFile(p.against)
		if err != nil {
			return nil, access.Errorf(access.CodeInvalid, "saved checkpoint: %w", err)
		}
		saved, _, err := servers.VerifyCosigned(string(b))
		if err != nil {
			return nil, access.Errorf(access.CodeEvidence, "%s: %w", p.against, err)
		}
		against = &saved
	}
	var chosen []sample.Item
	progress := output.Progress(p.warn, "events of the log")
	_, err := evidence.VerifyLog(ctx, servers, at, against, c, func(leaf int64, e access.Event) error {
		progress(int(leaf), int(at.Size))
		if p.choice.TakesDropped(e) {
			item := sample.ItemOf(leaf, e)
			item.Dropped = e.Dropped
			chosen = append(chosen, item)
		} else if e.Dropped == nil && p.choice.Takes(e) {
			chosen = append(chosen, sample.ItemOf(leaf, e))
		}
		return nil
	})
	return chosen, err
}

// add fetches the pack of one request of the log that was read, and writes it if it is of
// that request and that log: a server that lies could return another request's, which
// proves something too. Errors are CodeEvidence for a pack of another log.
func (p *packer) add(ctx context.Context, c *client.Client, w *sample.Writer, item sample.Item, at evidence.Checkpoint, servers, workers evidence.Keyring) error {
	if item.Dropped != nil {
		return p.addDropped(ctx, c, w, item, servers)
	}
	b, err := c.Evidence(ctx, item.ID)
	switch access.CodeOf(err) {
	case access.CodeNotFound:
		w.AddMissing(item, "the log has this request, and the ledger no longer does")
		return nil
	case access.CodeEvidence:
		w.AddMissing(item, "the server has no evidence: "+access.Clip(err.Error(), 300))
		return nil
	case access.CodeTooLate: // since the log was read
		w.AddMissing(item, "it was dropped by policy while the sample was being made: make it again")
		return nil
	}
	if err != nil {
		return err
	}
	pack, err := evidence.ReadPack(bytes.NewReader(b))
	if err != nil {
		return access.Errorf(access.CodeEvidence, "request %s: %w", item.ID, err)
	}
	if !item.IsOf(pack) {
		w.AddMissing(item, "the server returned the evidence of another request than the log has")
		return nil
	}
	if err := sameLog(at, pack, servers, c.Tiles(ctx)); err != nil {
		return access.Errorf(access.CodeEvidence, "request %s: %w", item.ID, err)
	}
	return w.Add(item, pack, b, pack.Verify(servers, workers))
}

// addDropped writes a request of which the log that was read says that a policy dropped it,
// with the signed removal, unless it is of another contract than was asked for.
func (p *packer) addDropped(ctx context.Context, c *client.Client, w *sample.Writer, item sample.Item, servers evidence.Keyring) error {
	stored, err := c.Removal(ctx, item.Dropped.Event)
	if err != nil {
		return err
	}
	r, _, err := servers.VerifyRemoval(stored)
	if err != nil {
		return access.Errorf(access.CodeEvidence, "request %s: %w", item.ID, err)
	}
	outline, ok := r.Outline(item.ID)
	if !ok {
		w.AddMissing(item, "its first event was dropped by policy, and no server has signed that the request was")
		return nil
	}
	if !p.choice.TakesOutline(outline) {
		return nil
	}
	item.Contract = outline.Contract
	signed, err := evidence.ReadEnvelope(stored)
	if err != nil {
		return err
	}
	w.AddDropped(item, signed)
	return nil
}

// sameLog verifies that a pack's log goes on from the one that was read.
func sameLog(read evidence.Checkpoint, pack evidence.Pack, servers evidence.Keyring, tiles tlog.TileReader) error {
	own, err := servers.VerifyCheckpoint(pack.Checkpoint)
	if err != nil {
		return nil // nobody's checkpoint: the pack proves nothing, and its report says so
	}
	if own.Size < read.Size { // of a server that was behind the one asked before
		return evidence.VerifyConsistency(own, read, tiles)
	}
	return evidence.VerifyConsistency(read, own, tiles)
}

func sampleTable(m sample.Manifest, into string) func(io.Writer) {
	return func(w io.Writer) {
		if len(m.Requests) == 0 {
			fmt.Fprintln(w, "No request of the log fits.")
		} else {
			rows := [][]string{{"REQUEST", "ASKED", "REQUESTER", "CONTRACT", "RESULT"}}
			for _, i := range m.Requests {
				rows = append(rows, itemRow(i, i.Problem))
			}
			output.Table(w, rows)
		}
		fmt.Fprintf(w, "\nWritten: %s, %s. Read it at index.html in it; verify it with `ramp evidence verify`.\n", into, output.Count(len(m.Requests), "request"))
	}
}

func itemRow(i sample.Item, problem string) []string {
	result := string(i.Conclusion)
	if i.Dropped != nil {
		result = i.Dropped.Words()
	}
	if i.Late > 0 {
		result += " by " + i.Late.String()
	}
	if problem != "" {
		result = "NOT PROVEN: " + problem
	}
	return []string{output.Clean(i.ID), output.Time(i.Asked), output.Clean(i.Requester), output.Clean(i.Contract), output.Clean(result)}
}
