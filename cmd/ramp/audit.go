package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/client"
	"ramp.dev/ramp/evidence"
)

// auditFlags are those of every command that checks the log.
type auditFlags struct {
	common
	keys []string
}

func (f *auditFlags) flags(c *cobra.Command) {
	f.common.flags(c)
	c.Flags().StringSliceVar(&f.keys, "key", nil, "public keys (PEM) of the server that are believed; got from its operators, not from the server")
}

// open answers a client and the log's checkpoint, verified.
func (f *auditFlags) open(ctx context.Context) (*client.Client, string, evidence.Checkpoint, error) {
	keys, err := trusted(f.keys)
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

func trusted(paths []string) (evidence.Keyring, error) {
	if len(paths) == 0 {
		return evidence.Keyring{}, access.Errorf(access.CodeInvalid, "say which public key is believed, with --key FILE; in development it is .ramp/keys/server.pub")
	}
	return evidence.LoadKeyring(paths...)
}

func auditCommand() *cobra.Command {
	c := &cobra.Command{Use: "audit", Short: "Check and export the log of everything that happened", GroupID: "people",
		Long: "Every event is a leaf of a Merkle tree whose root the server signs. Auditors check the whole of it here,\n" +
			"with nothing but the server's public key and a checkpoint they kept."}
	c.AddCommand(auditVerifyCommand(), auditCheckpointCommand(), auditExportCommand())
	return c
}

func auditVerifyCommand() *cobra.Command {
	var f auditFlags
	var file string
	c := &cobra.Command{
		Use: "verify", Short: "Read the whole log and check it", Args: cobra.NoArgs,
		Long: "Reads every event and holds them against the server's signed checkpoint: whatever was edited, removed,\n" +
			"moved or slipped in shows. A log that was cut off at its end, or written anew and signed anew, agrees with\n" +
			"itself: to notice that, keep checkpoints outside (`ramp audit checkpoint --save`) and check against one.",
		Example: "  ramp audit verify --key server.pub --against checkpoint.txt",
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, _, at, err := f.open(cmd.Context())
			if err != nil {
				return err
			}
			var against *evidence.Checkpoint
			if file != "" {
				saved, err := f.saved(file)
				if err != nil {
					return err
				}
				against = &saved
			}
			report, err := evidence.VerifyLog(cmd.Context(), at, against, c, nil)
			if err != nil {
				return err
			}
			return f.print(cmd.OutOrStdout(), report, func(w io.Writer) {
				fmt.Fprintf(w, "The log is whole: %d events are those of the signed checkpoint.\n", report.Events)
				if against == nil {
					fmt.Fprintln(w, "Not checked against an earlier checkpoint: a log that was cut off at its end would look like this too.\nKeep one outside with `ramp audit checkpoint --save FILE`, and verify --against FILE.")
				} else {
					fmt.Fprintf(w, "It goes on from the saved checkpoint: the first %d events are what they were.\n", against.Size)
				}
				columns(w, [][]string{{"Log", at.Origin}, {"Root", at.Root.String()}})
			})
		},
	}
	f.flags(c)
	c.Flags().StringVar(&file, "against", "", "a checkpoint saved earlier")
	return c
}

// saved reads a checkpoint that was kept.
func (f *auditFlags) saved(file string) (evidence.Checkpoint, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return evidence.Checkpoint{}, access.Errorf(access.CodeInvalid, "saved checkpoint: %w", err)
	}
	keys, err := trusted(f.keys)
	if err != nil {
		return evidence.Checkpoint{}, err
	}
	c, err := keys.VerifyCheckpoint(string(b))
	if err != nil {
		return c, access.Errorf(access.CodeEvidence, "%s: %w", file, err)
	}
	return c, nil
}

func auditCheckpointCommand() *cobra.Command {
	var f auditFlags
	var file string
	c := &cobra.Command{
		Use: "checkpoint", Short: "Print or save the log's signed checkpoint", Args: cobra.NoArgs,
		Long: "With --save, a checkpoint that is there already is replaced only after it was proven that the log goes on\n" +
			"from it. Run it from time to time, on a machine that Ramp's operators do not rule.",
		Example: "  ramp audit checkpoint --key server.pub --save checkpoint.txt",
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, signed, at, err := f.open(cmd.Context())
			if err != nil {
				return err
			}
			if file == "" {
				fmt.Fprint(cmd.OutOrStdout(), signed)
				return nil
			}
			if _, err := os.Stat(file); !errors.Is(err, fs.ErrNotExist) {
				earlier, err := f.saved(file)
				if err != nil {
					return err
				}
				if err := evidence.VerifyConsistency(earlier, at, c.Tiles(cmd.Context())); err != nil {
					return err
				}
			}
			if err := os.WriteFile(file+".new", []byte(signed), 0o644); err != nil { // #nosec G306 -- checkpoints are public
				return access.Errorf(access.CodeInvalid, "--save: %w", err)
			}
			if err := os.Rename(file+".new", file); err != nil {
				return access.Errorf(access.CodeInvalid, "--save: %w", err)
			}
			return f.print(cmd.OutOrStdout(), at, func(w io.Writer) { fmt.Fprintf(w, "Saved: %d events.\n", at.Size) })
		},
	}
	f.flags(c)
	c.Flags().StringVar(&file, "save", "", "where to keep it")
	return c
}

func auditExportCommand() *cobra.Command {
	var f auditFlags
	c := &cobra.Command{
		Use: "export", Short: "Write every event as a line of JSON, checking the log on the way", Args: cobra.NoArgs,
		Long:    "Ends with an error, after the lines, if the events are not those of the signed checkpoint.",
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
	f.flags(c)
	return c
}
