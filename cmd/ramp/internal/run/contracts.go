package run

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/cmd/ramp/internal/output"
	"ramp.dev/ramp/config"
	"ramp.dev/ramp/contracts"
	"ramp.dev/ramp/worker"
)

func contractsCommand() *cobra.Command {
	c := &cobra.Command{Use: "contracts", Short: "Check, test, explain, compare and format contracts, print their schema"}
	c.AddCommand(lintCommand(), explainCommand(), contractTestsCommand(), diffCommand(), backtestCommand(), formatCommand(), schemaCommand())
	return c
}

// lint is what the flags of `ramp contracts lint` say.
type lint struct {
	format             output.Format
	groups, configured string
	strict             bool
}

func lintCommand() *cobra.Command {
	var l lint
	c := &cobra.Command{
		Use: "lint DIRECTORY", Short: "Find everything wrong with a directory of contracts", Args: cobra.ExactArgs(1),
		Long: "Reads a directory as the server would and names every mistake with file, line and column, and what is legal but\n" +
			"probably not meant, with what to write instead. The exit code is 2 if there is a mistake, and with --strict also\n" +
			"if there is anything to say.",
		Example: "  ramp contracts lint contracts/\n  ramp contracts lint contracts/ --strict --groups groups.txt -o json",
		RunE:    func(cmd *cobra.Command, args []string) error { return l.run(cmd, args[0]) },
	}
	l.format.Flag(c)
	c.Flags().StringVar(&l.groups, "groups", "", "a file with the groups that there are, one a line, to find those that nobody is in")
	c.Flags().StringVar(&l.configured, "config", "", "the server's configuration, to find what contracts need and it lacks: sources of facts, targets and their lists, workers' keys")
	c.Flags().BoolVar(&l.strict, "strict", false, "the exit code is 2 also for what is legal but probably not meant")
	return c
}

func (l *lint) run(cmd *cobra.Command, dir string) error {
	set, err := contracts.LoadDir(dir)
	if err != nil {
		issues := access.IssuesOf(err)
		if len(issues) == 0 {
			issues = []access.Issue{{Code: "contracts_unreadable", Message: err.Error()}}
		}
		_ = printIssues(&l.format, cmd.OutOrStdout(), issues)
		return err
	}
	known, err := readGroups(l.groups)
	if err != nil {
		return err
	}
	findings := append([]contracts.Finding{}, set.FindingsWith(known, output.Progress(cmd.ErrOrStderr(), "contracts looked at"))...)
	findings = append(findings, set.ListFindings(worker.Lists(), worker.ListsOfTheirOwn()...)...)
	issues := []access.Issue{}
	if l.configured != "" {
		beside, more, told := lintBeside(set, l.configured, known)
		if told {
			findings = slices.DeleteFunc(findings, func(f contracts.Finding) bool { return f.Code == contracts.FindingOnCallUntold })
		}
		issues, findings = append(issues, beside...), append(findings, more...)
	}
	err = l.format.Print(cmd.OutOrStdout(), map[string]any{"issues": issues, "findings": findings, "contracts": set.Names(), "version": set.Version}, func(w io.Writer) {
		wrong, found := "no issues", ""
		if len(issues) > 0 { // people read them in the error
			wrong = output.Count(len(issues), "issue")
		}
		if len(findings) > 0 {
			found = ", " + output.Count(len(findings), "finding")
		}
		fmt.Fprintf(w, "%s, %s%s: %s\n", output.Count(len(set.Contracts), "contract"), wrong, found, strings.Join(set.Names(), ", "))
		printFindings(w, findings)
	})
	switch {
	case err != nil:
		return err
	case len(issues) > 0:
		return access.Invalid(issues...)
	case l.strict && len(findings) > 0:
		return access.Errorf(access.CodeInvalid, "%s", output.Count(len(findings), "finding"))
	}
	return nil
}

// lintBeside returns what is wrong with contracts beside a server's configuration, and what
// probably is not meant. told reports whether notices know who is on call.
func lintBeside(set *contracts.Set, path string, groups []string) (wrong access.Issues, doubts []contracts.Finding, told bool) {
	conf, err := config.Load(path)
	if err != nil {
		if issues := access.IssuesOf(err); len(issues) > 0 {
			return issues, nil, false
		}
		return access.Issues{{Code: "config_unreadable", Field: path, Message: err.Error()}}, nil, false
	}
	findings := conf.Doubts(set)
	if conf.Server.Proposals.On() {
		findings = append(findings, set.OwnerFindings(groups)...)
	}
	_, told = conf.Worker.Notices.Facts[access.OnCallSource]
	return conf.Lacks(set), findings, told
}

// readGroups reads a file of groups, one a line; nil without a file.
func readGroups(path string) ([]string, error) {
	if path == "" {
		return nil, nil
	}
	b, err := os.ReadFile(path) // #nosec G304 -- the user's own file
	if err != nil {
		return nil, access.Errorf(access.CodeInvalid, "--groups: %w", err)
	}
	groups := []string{}
	for line := range strings.Lines(string(b)) {
		if line = strings.TrimSpace(line); line != "" {
			groups = append(groups, line)
		}
	}
	return groups, nil
}

func schemaCommand() *cobra.Command {
	return &cobra.Command{
		Use: "schema", Short: "Print the JSON Schema of a contract", Args: cobra.NoArgs,
		Long:    "Prints the JSON Schema (draft 2020-12) of one contract, for editors and other tools.",
		Example: "  ramp contracts schema > contracts/contract.schema.json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := cmd.OutOrStdout().Write(contracts.Schema())
			return err
		},
	}
}
