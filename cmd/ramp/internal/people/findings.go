package people

import (
	"cmp"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/cmd/ramp/internal/output"
	"ramp.dev/ramp/contracts"
	"ramp.dev/ramp/review"
	"ramp.dev/ramp/review/change"
)

// proposeFindingCommand proposes the change of a contract that a finding offers.
func proposeFindingCommand() *cobra.Command {
	var f proposal
	var of weekly
	c := &cobra.Command{
		Use: "propose FINDING", Short: "Propose the change of a contract that a finding offers", Args: cobra.ExactArgs(1),
		Long: "Takes the contracts in force, makes the change that the finding offers, and proposes them as `ramp contracts propose`\n" +
			"does: the owners of the contract decide. With --patch it prints the change and proposes nothing, for contracts that\n" +
			"come from a git repository: `ramp review propose FINDING --patch | git apply`.",
		Example: "  ramp review propose 0123456789abcdef --dry-run\n  ramp review propose 0123456789abcdef --wait\n" +
			"  ramp review propose 0123456789abcdef --patch > change.patch",
	}
	f.session.flags(c)
	f.requestFields(c)
	of.flags(c)
	contract := c.Flags().String("contract", "", "of which contract, where the finding offers changes of several")
	patch := c.Flags().Bool("patch", false, "print the change as diff -u does, and propose nothing")
	c.RunE = func(cmd *cobra.Command, args []string) error {
		api, err := f.client()
		if err != nil {
			return err
		}
		found, err := of.finding(cmd.Context(), api, args[0])
		if err != nil {
			return err
		}
		chosen, err := offered(found, *contract)
		if err != nil {
			return err
		}
		files, err := api.ContractsInForce(cmd.Context())
		if err != nil {
			return err
		}
		after, err := proposed(files, *chosen)
		if err != nil {
			return err
		}
		if *patch {
			_, err := io.WriteString(cmd.OutOrStdout(), contracts.TextDiff(files, after))
			return err
		}
		kept, err := api.UploadContracts(cmd.Context(), after)
		if err != nil {
			return err
		}
		f.input.Reason = cmp.Or(f.input.Reason, "Finding "+found.ID+" of the review. "+chosen.Sentence)
		return f.requestUploaded(cmd, kept)
	}
	return c
}

// offered returns the change that a finding offers of a contract; "" is the only one there is.
func offered(f review.Finding, contract string) (*review.Proposal, error) {
	all := f.Proposals()
	if len(all) == 0 {
		return nil, access.Errorf(access.CodeInvalid, "finding %s offers no change of a contract: %s", f.ID, f.Sentence)
	}
	var names []string
	for _, p := range all {
		if p.Contract == contract || contract == "" && len(all) == 1 {
			return p, nil
		}
		names = append(names, p.Contract)
	}
	if contract == "" {
		return nil, access.InvalidField("contract_needed", "--contract", "finding %s offers changes of %s: say of which", f.ID, strings.Join(names, " and "))
	}
	return nil, access.InvalidField("contract_unknown", "--contract", "finding %s offers no change of %q, but of %s", f.ID, access.Clip(contract, 60), strings.Join(names, " and "))
}

// proposed returns the files of contracts with a proposal made.
func proposed(files access.ContractFiles, p review.Proposal) (access.ContractFiles, error) {
	raw := map[string][]byte{}
	for name, text := range files {
		raw[name] = []byte(text)
	}
	set, err := contracts.Parse(raw)
	if err != nil {
		return nil, err
	}
	after, _, err := change.Apply(files, set, p)
	return after, err
}

// markFindingCommand says of a finding what came of it.
func markFindingCommand() *cobra.Command {
	var s session
	var reason string
	var as review.MarkKind
	c := &cobra.Command{
		Use: "mark FINDING accepted|dismissed|fixed", Short: "Say what came of a finding", Args: cobra.ExactArgs(2),
		Long: "Says of a finding of the newest weekly review that it is accepted (it is known and may stay), dismissed (it is none)\n" +
			"or fixed (something was done about it). The next review remembers it, and says if what was fixed is there again. It\n" +
			"is recorded in the log. Nobody marks a finding about themselves.",
		Example: "  ramp review mark 0123456789abcdef dismissed --reason \"she was on call for the migration\"\n  ramp review mark 0123456789abcdef fixed",
	}
	s.flags(c)
	c.Flags().StringVar(&reason, "reason", "", "why; at least 10 letters and digits, except for what is fixed")
	c.RunE = func(cmd *cobra.Command, args []string) error {
		as = review.MarkKind(args[1])
		api, err := s.client()
		if err != nil {
			return err
		}
		f, err := api.MarkFinding(cmd.Context(), args[0], as, reason)
		if err != nil {
			return err
		}
		return s.format.Print(cmd.OutOrStdout(), f, func(w io.Writer) {
			fmt.Fprintf(w, "Marked by you as %s: %s\n", as, output.Clean(f.Sentence))
		})
	}
	return c
}
