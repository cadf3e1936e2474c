package people

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/cmd/ramp/internal/output"
	"ramp.dev/ramp/evidence"
)

// witnessFlags say whose cosignatures count, and how many there must be.
type witnessFlags struct {
	files []string
	least int
}

func (f *witnessFlags) add(c *cobra.Command) {
	c.Flags().StringSliceVar(&f.files, "witness", nil, "files with the keys of witnesses that you trust, one NAME+HASH+KEY a line; get them from the witnesses")
	c.Flags().IntVar(&f.least, "cosigned", 0, "how many of these witnesses must have cosigned the log; needed with --witness")
}

// read reads the files: one key a line; empty lines and those that begin with # say
// nothing. Errors are CodeInvalid, also for witnesses of whom none need have cosigned: a
// server that shows another log leaves their cosignatures out.
func (f *witnessFlags) read() (p evidence.WitnessPolicy, err error) {
	if len(f.files) > 0 && f.least < 1 {
		return p, access.Errorf(access.CodeInvalid, "say how many of the witnesses (--witness) must have cosigned the log: --cosigned 1 or more")
	}
	for _, file := range f.files {
		b, err := os.ReadFile(file)
		if err != nil {
			return p, access.Errorf(access.CodeInvalid, "--witness: %w", err)
		}
		for line := range strings.Lines(string(b)) {
			if line = strings.TrimSpace(line); line == "" || strings.HasPrefix(line, "#") {
				continue
			}
			w, err := evidence.ParseWitness(line)
			if err != nil {
				return p, access.Errorf(access.CodeInvalid, "--witness %s: %w", file, err)
			}
			for _, other := range p.Witnesses {
				if w.SameKey(other) {
					return p, access.Errorf(access.CodeInvalid, "--witness %s: %s and %s have one key, and one key is one witness", file, other.ID(), w.ID())
				}
			}
			p.Witnesses = append(p.Witnesses, w)
		}
	}
	if f.least < 0 || f.least > len(p.Witnesses) {
		return p, access.Errorf(access.CodeInvalid, "--cosigned: of %d witnesses (--witness) %d cannot have cosigned", len(p.Witnesses), f.least)
	}
	p.Least = f.least
	return p, nil
}

func auditWitnessesCommand() *cobra.Command {
	var s session
	c := &cobra.Command{
		Use: "witnesses", Short: "Say how far independent witnesses have cosigned the log", Args: cobra.NoArgs,
		Long: "What the server says of the witnesses that it asks (server.witnesses): how many events of the log each has\n" +
			"cosigned, and why one has not. It also prints the log's key, which a witness is told to know the log. To verify\n" +
			"cosignatures with keys of your own, use `ramp audit verify --witness`.",
		Example: "  ramp audit witnesses",
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := s.client()
			if err != nil {
				return err
			}
			all, err := c.Witnesses(cmd.Context())
			if err != nil {
				return err
			}
			return s.format.Print(cmd.OutOrStdout(), all, func(w io.Writer) { printWitnesses(w, all) })
		},
	}
	s.flags(c)
	return c
}

func printWitnesses(w io.Writer, all access.Witnesses) {
	if len(all.Witnesses) == 0 {
		fmt.Fprintln(w, "No witnesses are configured: server.witnesses names them.")
	} else {
		rows := [][]string{{"WITNESS", "KEY", "COSIGNED", "AT", "STATE"}}
		for _, one := range all.Witnesses {
			at, state := "–", "ok"
			if one.At != nil {
				at = output.Time(*one.At)
			}
			switch {
			case one.Disputed:
				state = "DISPUTES the log: " + output.Clean(one.Problem)
			case one.Problem != "":
				state = output.Clean(one.Problem)
			case one.At == nil:
				state = "has not cosigned yet"
			}
			rows = append(rows, []string{output.Clean(one.Name), output.Clean(one.Key), fmt.Sprint(one.Cosigned), at, state})
		}
		output.Table(w, rows)
		fmt.Fprintf(w, "\nOf the log's %d events, the first %d are cosigned by %d witnesses or more.\n", all.Size, all.Witnessed, all.Quorum)
		if all.Problem != "" {
			fmt.Fprintf(w, "ALARM: %s\n", output.Clean(all.Problem))
		}
	}
	fmt.Fprintf(w, "The log's key, for witnesses: %s\n", output.Clean(all.LogKey))
}
