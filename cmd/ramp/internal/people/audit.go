package people

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/google/renameio/v2"
	"github.com/spf13/cobra"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/client"
	"ramp.dev/ramp/cmd/ramp/internal/output"
	"ramp.dev/ramp/evidence"
)

// auditFlags are those of every command that verifies the log.
type auditFlags struct {
	session
	keys []string
}

func (f *auditFlags) add(c *cobra.Command) {
	f.flags(c)
	c.Flags().StringSliceVar(&f.keys, "key", nil, "files with the server's public keys (PEM); get them from its operators, not from the server")
}

// open returns a client and the log's checkpoint, verified.
func (f *auditFlags) open(ctx context.Context) (*client.Client, string, evidence.Checkpoint, error) {
	keys, err := serverKeys(f.keys)
	if err != nil {
		return nil, "", evidence.Checkpoint{}, err
	}
	c, err := f.client()
	if err != nil {
		return nil, "", evidence.Checkpoint{}, err
	}
	signed, err := c.Checkpoint(ctx)
	if err != nil {
		return nil, "", evidence.Checkpoint{}, err
	}
	at, err := keys.VerifyCheckpoint(signed)
	return c, signed, at, err
}

// again verifies the log and, where bodies were dropped by policy while it was being read,
// once more against a checkpoint of then: a body that no removal covers at the second time
// either was taken away by somebody else. It returns the checkpoint that was verified.
// Errors are those of verify, and CodeEvidence.
func again(ctx context.Context, c *client.Client, keys evidence.Keyring, at evidence.Checkpoint, verify func(at evidence.Checkpoint) error) (evidence.Checkpoint, error) {
	err := verify(at)
	if access.CodeOf(err) != access.CodeConflict {
		return at, err
	}
	signed, err := c.Checkpoint(ctx)
	if err != nil {
		return at, err
	}
	if at, err = keys.VerifyCheckpoint(signed); err != nil {
		return at, err
	}
	if err = verify(at); access.CodeOf(err) == access.CodeConflict {
		err = access.Errorf(access.CodeEvidence, "no signed removal covers it: %w", err)
	}
	return at, err
}

func serverKeys(paths []string) (evidence.Keyring, error) {
	if len(paths) == 0 {
		return evidence.Keyring{}, access.Errorf(access.CodeInvalid, "the server's public key is needed: --key FILE (in development .ramp/keys/server.pub)")
	}
	return evidence.LoadKeyring(paths...)
}

func auditCommand() *cobra.Command {
	c := &cobra.Command{Use: "audit", Short: "Search, follow, verify and export the log of everything that happened",
		Long: "Every event is a leaf of a Merkle tree whose root the server signs. With the server's public key (--key) these\n" +
			"commands verify what they show; with a checkpoint that you kept, `ramp audit verify` verifies the whole log."}
	c.AddCommand(auditSearchCommand(), auditRequestsCommand(), auditTailCommand(), auditPackCommand(), auditVerifyCommand(), auditCheckpointCommand(), auditWitnessesCommand(), auditExportCommand())
	return c
}

func auditVerifyCommand() *cobra.Command {
	var f auditFlags
	var file string
	var policy witnessFlags
	c := &cobra.Command{
		Use: "verify", Short: "Read the whole log and verify it", Args: cobra.NoArgs,
		Long: "Reads every event and compares them with the server's signed checkpoint: this finds whatever was edited,\n" +
			"removed, moved or inserted. A body that was dropped by policy is missing, and must be covered by a removal that a\n" +
			"server has signed; one that is missing without it is an error.\n" +
			"A log that was truncated, or rewritten and signed again, is consistent with itself:\n" +
			"to find that, keep checkpoints elsewhere (`ramp audit checkpoint --save`) and verify --against one. Such a\n" +
			"checkpoint may carry cosignatures of witnesses (c2sp.org/tlog-cosignature); those of --witness are counted.\n" +
			"With --witness and without --against, the log is verified against the newest checkpoint that witnesses of\n" +
			"server.witnesses have cosigned.",
		Example: "  ramp audit verify --key server.pub --against checkpoint.txt\n" +
			"  ramp audit verify --key server.pub --witness witnesses.txt --cosigned 2",
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, _, at, err := f.open(cmd.Context())
			if err != nil {
				return err
			}
			asked, err := policy.read()
			if err != nil {
				return err
			}
			against, by, err := f.against(cmd.Context(), c, file, asked)
			if err != nil {
				return err
			}
			keys, err := serverKeys(f.keys)
			if err != nil {
				return err
			}
			var report evidence.LogReport
			if at, err = again(cmd.Context(), c, keys, at, func(at evidence.Checkpoint) (err error) {
				report, err = evidence.VerifyLog(cmd.Context(), keys, at, against, c, nil)
				return err
			}); err != nil {
				return err
			}
			return f.format.Print(cmd.OutOrStdout(), report, func(w io.Writer) {
				fmt.Fprintf(w, "Valid: the %d events of the log are those of the signed checkpoint.\n", report.Events)
				if report.Dropped > 0 {
					fmt.Fprintf(w, "Of %d of them the body was dropped by policy: only its hash is there, and a removal that a server signed, and of which the log tells, covers each.\n", report.Dropped)
				}
				if against == nil {
					fmt.Fprintln(w, "Not compared with an earlier checkpoint, so a log that was truncated would look the same.\nKeep one elsewhere with `ramp audit checkpoint --save FILE`, and verify --against FILE.")
				} else {
					which := "saved"
					if file == "" {
						which = "cosigned"
					}
					fmt.Fprintf(w, "Consistent with the %s checkpoint: its %d events are unchanged.\n", which, against.Size)
				}
				for _, c := range by {
					fmt.Fprintf(w, "Cosigned by %s at %s.\n", output.Clean(c.Witness), output.Time(c.At))
				}
				output.Table(w, [][]string{{"Log", at.Origin}, {"Root", at.Root.String()}})
			})
		},
	}
	f.add(c)
	c.Flags().StringVar(&file, "against", "", "a checkpoint that was saved earlier")
	policy.add(c)
	return c
}

// against returns the earlier checkpoint that the log is verified against, and who has
// cosigned it: the one in a file, or with witnesses the newest that the server has from
// them; nil if there is neither. Errors are CodeEvidence if too few witnesses have.
func (f *auditFlags) against(ctx context.Context, c *client.Client, file string, asked evidence.WitnessPolicy) (*evidence.Checkpoint, []evidence.Cosignature, error) {
	var earlier evidence.Checkpoint
	var by []evidence.Cosignature
	var err error
	switch {
	case file != "":
		earlier, by, err = f.saved(file, asked.Witnesses...)
	case len(asked.Witnesses) > 0:
		earlier, by, err = f.cosigned(ctx, c, asked.Witnesses...)
	default:
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	if len(by) < asked.Least {
		return nil, nil, access.Errorf(access.CodeEvidence, "the checkpoint is cosigned by %d of the witnesses given; --cosigned asks for %d", len(by), asked.Least)
	}
	return &earlier, by, nil
}

// cosigned fetches and verifies the newest checkpoint that witnesses have cosigned.
func (f *auditFlags) cosigned(ctx context.Context, c *client.Client, witnesses ...evidence.Witness) (evidence.Checkpoint, []evidence.Cosignature, error) {
	signed, err := c.Cosigned(ctx)
	if err != nil {
		return evidence.Checkpoint{}, nil, err
	}
	keys, err := serverKeys(f.keys)
	if err != nil {
		return evidence.Checkpoint{}, nil, err
	}
	return keys.VerifyCosigned(signed, witnesses...)
}

// saved reads and verifies a checkpoint that was kept, and returns which of the
// witnesses have cosigned it.
func (f *auditFlags) saved(file string, witnesses ...evidence.Witness) (evidence.Checkpoint, []evidence.Cosignature, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return evidence.Checkpoint{}, nil, access.Errorf(access.CodeInvalid, "saved checkpoint: %w", err)
	}
	keys, err := serverKeys(f.keys)
	if err != nil {
		return evidence.Checkpoint{}, nil, err
	}
	c, by, err := keys.VerifyCosigned(string(b), witnesses...)
	if err != nil {
		return c, nil, access.Errorf(access.CodeEvidence, "%s: %w", file, err)
	}
	return c, by, nil
}

func auditCheckpointCommand() *cobra.Command {
	var f auditFlags
	var file string
	var cosigned bool
	c := &cobra.Command{
		Use: "checkpoint", Short: "Print or save the log's signed checkpoint", Args: cobra.NoArgs,
		Long: "With --save, a checkpoint that is in the file already is replaced only after the log was proven consistent\n" +
			"with it. Run it from time to time, on a machine that Ramp's operators do not control. With --cosigned it is the\n" +
			"newest that witnesses have cosigned, with their cosignatures, and some minutes old.",
		Example: "  ramp audit checkpoint --key server.pub --save checkpoint.txt\n  ramp audit checkpoint --key server.pub --cosigned",
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, signed, at, err := f.open(cmd.Context())
			if err != nil {
				return err
			}
			if cosigned {
				if signed, err = c.Cosigned(cmd.Context()); err != nil {
					return err
				}
				keys, err := serverKeys(f.keys)
				if err != nil {
					return err
				}
				if at, _, err = keys.VerifyCosigned(signed); err != nil {
					return err
				}
			}
			if file == "" {
				return f.format.Print(cmd.OutOrStdout(), at, func(w io.Writer) { fmt.Fprint(output.Exactly(w), signed) })
			}
			if err := f.save(cmd.Context(), c, file, signed, at); err != nil {
				return err
			}
			return f.format.Print(cmd.OutOrStdout(), at, func(w io.Writer) { fmt.Fprintf(w, "Saved: %d events.\n", at.Size) })
		},
	}
	f.add(c)
	c.Flags().StringVar(&file, "save", "", "the file to save it in")
	c.Flags().BoolVar(&cosigned, "cosigned", false, "the newest that witnesses have cosigned")
	return c
}

// save replaces a saved checkpoint only by one that is consistent with it.
func (f *auditFlags) save(ctx context.Context, c *client.Client, file, signed string, at evidence.Checkpoint) error {
	if _, err := os.Stat(file); !errors.Is(err, fs.ErrNotExist) {
		earlier, _, err := f.saved(file)
		if err != nil {
			return err
		}
		if err := evidence.VerifyConsistency(earlier, at, c.Tiles(ctx)); err != nil {
			return err
		}
	}
	if err := renameio.WriteFile(file, []byte(signed), 0o644); err != nil { // checkpoints are public
		return access.Errorf(access.CodeInvalid, "--save: %w", err)
	}
	return nil
}

func auditExportCommand() *cobra.Command {
	var f auditFlags
	c := &cobra.Command{
		Use: "export", Short: "Write every event as a line of JSON, verifying the log on the way", Args: cobra.NoArgs,
		Long: "Returns an error, after the lines, if the events are not those of the signed checkpoint. Of an event that says\n" +
			"\"dropped\" a policy removed the body.",
		Example: "  ramp audit export --key server.pub > events.jsonl",
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, _, at, err := f.open(cmd.Context())
			if err != nil {
				return err
			}
			keys, err := serverKeys(f.keys)
			if err != nil {
				return err
			}
			out := bufio.NewWriter(cmd.OutOrStdout())
			lines := json.NewEncoder(out)
			_, err = evidence.VerifyLog(cmd.Context(), keys, at, nil, c, func(leaf int64, e access.Event) error {
				return lines.Encode(struct {
					Leaf int64 `json:"leaf"`
					access.Event
				}{leaf, e})
			})
			return errors.Join(err, out.Flush())
		},
	}
	f.add(c)
	return c
}
