package people

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"ramp.dev/ramp/client"
	"ramp.dev/ramp/cmd/ramp/internal/output"
	"ramp.dev/ramp/contracts"
)

// ContractCommands returns the commands about contracts that need a server.
func ContractCommands() []*cobra.Command {
	return []*cobra.Command{proposeCommand(), fetchContractsCommand(), readCommand(&cobra.Command{Use: "status", Short: "Say which contracts a server has in force", Args: cobra.NoArgs,
		Long: "Says which contracts the server that is asked has in force: their digest, the commit and who signed it or the request\n" +
			"that brought them into force, since when,\n" +
			"why the newest are not, if so, and each contract with its owner and version. For operators, auditors and those who\n" +
			"may propose contracts.",
		Example: "  ramp contracts status\n  ramp contracts status -o json"},
		func(ctx context.Context, c *client.Client, _ []string) (contracts.Status, error) {
			return c.ContractsStatus(ctx)
		}, contractsTable)}
}

func contractsTable(s contracts.Status) func(io.Writer) {
	return func(w io.Writer) {
		rows := [][]string{{"source", s.Source}, {"in force", output.Count(s.Contracts, "contract")}, {"digest", s.Version}}
		if s.Revision.Commit != "" && s.Revision.Number > 0 {
			rows = append(rows, []string{"commit", s.Revision.Commit})
		} else if s.Revision.Commit != "" {
			by := "nobody has to sign"
			if !s.Revision.Unchecked {
				by = "signed by " + strings.Join(s.Revision.Signers, ", ")
			}
			rows = append(rows, []string{"commit", fmt.Sprintf("%s of %s, %s", s.Revision.Commit, output.Time(s.Revision.At), by)})
		}
		if s.Revision.Number > 0 {
			by := "the first, which nobody proposed"
			if s.Revision.Request != "" {
				by = "by request " + s.Revision.Request
			}
			rows = append(rows, []string{"set", fmt.Sprintf("%s, number %d since %s, %s", s.Revision.Set, s.Revision.Number, output.Time(s.Revision.At), by)})
		}
		rows = append(rows, []string{"since", output.Time(s.Since)}, []string{"last read", output.Time(s.ReadAt)},
			[]string{"newest", cmp.Or(output.WithTimes(s.Error), "in force")})
		for _, lacks := range s.Lacks {
			rows = append(rows, []string{"lacks", lacks})
		}
		rows = append(rows, waiting(s)...)
		output.Table(w, rows)
		if len(s.InForce) == 0 {
			return
		}
		fmt.Fprintln(w)
		rows = [][]string{{"NAME", "KIND", "OWNER", "VERSION", "BASE", "TARGETS"}}
		for _, e := range s.InForce {
			rows = append(rows, []string{e.Name, strings.ToLower(e.Kind), output.Clean(e.Owner), shortDigest(e.Version), e.Base, strings.Join(e.Targets, ", ")})
		}
		output.Table(w, rows)
	}
}

// waiting says what people have written and nobody has decided: a commit, or what is in the
// directory.
func waiting(s contracts.Status) (rows [][]string) {
	if s.Aside != "" {
		rows = append(rows, []string{"to know", output.Clean(s.Aside)})
	}
	switch c := s.Waiting; {
	case c == nil:
	case c.Error != "":
		rows = append(rows, []string{"repository", output.Clean("the newest commit cannot be proposed: " + c.Error)})
	default:
		short := c.Commit[:min(12, len(c.Commit))]
		rows = append(rows, []string{"repository", output.Clean(fmt.Sprintf("commit %s of %s, signed by %s, is not in force: ramp contracts propose --commit %s", short, output.Time(c.At), strings.Join(c.Authors, ", "), short))})
	}
	return rows
}
