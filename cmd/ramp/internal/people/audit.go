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
	"strings"

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
	c.AddCommand(auditSearchCommand(), auditRequestsCommand(), auditTailCommand(), auditPackCommand(), auditVerifyCommand(), auditCheckpointCommand(), auditExportCommand())
	return c
}

func auditVerifyCommand() *cobra.Command {
	var f auditFlags
	var file string
	var witnesses []string
	var cosigned int
	c := &cobra.Command{
		Use: "verify", Short: "Read the whole log and verify it", Args: cobra.NoArgs,
		Long: "Reads every event and compares them with the server's signed checkpoint: this finds whatever was edited,\n" +
			"removed, moved or inserted. A log that was truncated, or rewritten and signed again, is consistent with itself:\n" +
			"to find that, keep checkpoints elsewhere (`ramp audit checkpoint --save`) and verify --against one. Such a\n" +
			"checkpoint may carry cosignatures of witnesses (c2sp.org/tlog-cosignature); those of --witness are counted.",
		Example: "  ramp audit verify --key server.pub --against checkpoint.txt\n" +
			"  ramp audit verify --key server.pub --against checkpoint.txt --witness witnesses.txt --cosigned 2",
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, _, at, err := f.open(cmd.Context())
			if err != nil {
				return err
			}
			known, err := readWitnesses(witnesses)
			if err != nil {
				return err
			}
			var against *evidence.Checkpoint
			var by []evidence.Cosignature
			if file != "" {
				var saved evidence.Checkpoint
				if saved, by, err = f.saved(file, known...); err != nil {
					return err
				}
				against = &saved
			}
			if len(by) < cosigned {
				return access.Errorf(access.CodeEvidence, "the saved checkpoint is cosigned by %d of the witnesses given; --cosigned asks for %d", len(by), cosigned)
			}
			report, err := evidence.VerifyLog(cmd.Context(), at, against, c, nil)
			if err != nil {
				return err
			}
			return f.format.Print(cmd.OutOrStdout(), report, func(w io.Writer) {
				fmt.Fprintf(w, "Valid: the %d events of the log are those of the signed checkpoint.\n", report.Events)
				if against == nil {
					fmt.Fprintln(w, "Not compared with an earlier checkpoint, so a log that was truncated would look the same.\nKeep one elsewhere with `ramp audit checkpoint --save FILE`, and verify --against FILE.")
				} else {
					fmt.Fprintf(w, "Consistent with the saved checkpoint: its %d events are unchanged.\n", against.Size)
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
	c.Flags().StringSliceVar(&witnesses, "witness", nil, "files with the keys of witnesses, one NAME+HASH+KEY a line")
	c.Flags().IntVar(&cosigned, "cosigned", 0, "how many of the witnesses must have cosigned the checkpoint of --against")
	return c
}

// readWitnesses reads files of witnesses' keys, one a line; empty lines and those
// that begin with # say nothing.
func readWitnesses(files []string) (out []evidence.Witness, err error) {
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			return nil, access.Errorf(access.CodeInvalid, "--witness: %w", err)
		}
		for line := range strings.Lines(string(b)) {
			if line = strings.TrimSpace(line); line == "" || strings.HasPrefix(line, "#") {
				continue
			}
			w, err := evidence.ParseWitness(line)
			if err != nil {
				return nil, err
			}
			out = append(out, w)
		}
	}
	return out, nil
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
	c := &cobra.Command{
		Use: "checkpoint", Short: "Print or save the log's signed checkpoint", Args: cobra.NoArgs,
		Long: "With --save, a checkpoint that is in the file already is replaced only after the log was proven consistent\n" +
			"with it. Run it from time to time, on a machine that Ramp's operators do not control.",
		Example: "  ramp audit checkpoint --key server.pub --save checkpoint.txt",
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, signed, at, err := f.open(cmd.Context())
			if err != nil {
				return err
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
		Long:    "Returns an error, after the lines, if the events are not those of the signed checkpoint.",
		Example: "  ramp audit export --key server.pub > events.jsonl",
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, _, at, err := f.open(cmd.Context())
			if err != nil {
				return err
			}
			out := bufio.NewWriter(cmd.OutOrStdout())
			lines := json.NewEncoder(out)
			_, err = evidence.VerifyLog(cmd.Context(), at, nil, c, func(leaf int64, e access.Event) error {
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
