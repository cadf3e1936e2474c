package run

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/cmd/ramp/internal/output"
	"ramp.dev/ramp/contracts"
)

func diffCommand() *cobra.Command {
	var format output.Format
	c := &cobra.Command{
		Use: "diff OLD NEW", Short: "Say what changed contracts decide differently", Args: cobra.ExactArgs(2),
		Long: "Asks both directories of contracts the same generated requests, and says in words what becomes possible, what no\n" +
			"longer is and what needs other people, each with a request that shows it. Differences that no generated request\n" +
			"reaches are not listed: the requests cover what the conditions, bounds and params of both name.",
		Example: "  git worktree add /tmp/main main\n  ramp contracts diff /tmp/main/contracts contracts/",
		RunE: func(cmd *cobra.Command, args []string) error {
			old, err := loadOf(args[0])
			if err != nil {
				return err
			}
			set, err := loadOf(args[1])
			if err != nil {
				return err
			}
			changes := append([]contracts.Change{}, set.DiffWith(old, output.Progress(cmd.ErrOrStderr(), "contracts compared"))...)
			return format.Print(cmd.OutOrStdout(), changes, func(w io.Writer) {
				if len(changes) == 0 {
					fmt.Fprintln(w, "Nothing is decided differently.")
				}
				for _, line := range set.FieldChanges(old) {
					fmt.Fprintln(w, output.Clean(line))
				}
				for _, change := range changes {
					fmt.Fprint(w, changeInWords(change))
				}
			})
		},
	}
	format.Flag(c)
	return c
}

// loadOf reads one of two directories: its mistakes are named with the directory, since both
// have files of the same names.
func loadOf(dir string) (*contracts.Set, error) {
	set, err := contracts.LoadDir(dir)
	issues := access.IssuesOf(err)
	if len(issues) == 0 {
		return set, err
	}
	for i := range issues {
		issues[i].Field = filepath.Join(dir, issues[i].Field)
	}
	return nil, access.Invalid(issues...)
}

// changeInWords returns a change in several lines.
func changeInWords(c contracts.Change) string {
	c.Contract, c.Before, c.After = output.Clean(c.Contract), output.Clean(c.Before), output.Clean(c.After)
	if c.Kind == "added" || c.Kind == "removed" {
		return c.String() + "\n"
	}
	return fmt.Sprintf("%s: %s, up to %s (%d of %d requests)\n  before: %s\n  now:    %s\n  such as: %s\n", c.Contract, c.What(), c.Longest, c.Times, c.Asked, c.Before, c.After, output.Clean(c.Witness.String()))
}

func formatCommand() *cobra.Command {
	var check bool
	var format output.Format
	c := &cobra.Command{
		Use: "fmt DIRECTORY", Short: "Format contracts and their tests in place", Args: cobra.ExactArgs(1),
		Long: "Writes every *.yaml and *.yml of a directory in one layout. It changes nothing that they say, and no contract's\n" +
			"version. With --check it writes nothing, and the exit code is 2 if a file is in another layout.",
		Example: "  ramp contracts fmt contracts/\n  ramp contracts fmt contracts/ --check",
		RunE: func(cmd *cobra.Command, args []string) error {
			changed := []string{}
			entries, err := os.ReadDir(args[0])
			if err != nil {
				return access.Errorf(access.CodeInvalid, "contracts: %w", err)
			}
			for _, e := range entries {
				if ext := filepath.Ext(e.Name()); !e.Type().IsRegular() || ext != ".yaml" && ext != ".yml" || strings.HasPrefix(e.Name(), ".") {
					continue
				}
				wrote, err := formatFile(filepath.Join(args[0], e.Name()), check)
				if err != nil {
					return err
				}
				if wrote {
					changed = append(changed, e.Name())
				}
			}
			if err := format.Print(cmd.OutOrStdout(), map[string]any{"changed": changed, "written": !check}, func(w io.Writer) {
				for _, name := range changed {
					fmt.Fprintln(w, output.Clean(name))
				}
			}); err != nil {
				return err
			}
			if check && len(changed) > 0 {
				return access.Errorf(access.CodeInvalid, "%s not formatted: ramp contracts fmt %s", output.Count(len(changed), "file"), args[0])
			}
			return nil
		},
	}
	format.Flag(c)
	c.Flags().BoolVar(&check, "check", false, "write nothing; the exit code is 2 if a file would change")
	return c
}

// formatFile formats a file and reports whether it changed, or would.
func formatFile(path string, check bool) (bool, error) {
	b, err := os.ReadFile(path) // #nosec G304 -- the user's own file
	if err != nil {
		return false, access.Errorf(access.CodeInvalid, "%w", err)
	}
	out, err := contracts.Format(filepath.Base(path), b)
	if err != nil || string(out) == string(b) {
		return false, err
	}
	if check {
		return true, nil
	}
	info, err := os.Stat(path)
	if err == nil {
		err = os.WriteFile(path, out, info.Mode().Perm()) // #nosec G306 G703 -- the file that its author names, as it was
	}
	return true, err
}
