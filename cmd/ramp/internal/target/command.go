package target

import (
	"encoding/json"
	"io"

	"github.com/spf13/cobra"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations/program"
)

// Command returns `ramp target`.
func Command() *cobra.Command {
	c := &cobra.Command{
		Use: "target", Short: "Write and test your own target: a program or a service",
		Long: "A target is what Ramp opens access to. Your own program (exec) or service (webhook) is one by a protocol of JSON\n" +
			"messages; docs/targets/programs.md describes it.\n\n" +
			"To begin, `ramp target new python billing`.",
	}
	c.AddCommand(newCommand(), testCommand(), describeCommand(), schemaCommand())
	addSuite(c)
	return c
}

func schemaCommand() *cobra.Command {
	return &cobra.Command{
		Use: "schema", Short: "Print the JSON Schema of the protocol's messages", Args: cobra.NoArgs, Example: "  ramp target schema >protocol.schema.json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := cmd.OutOrStdout().Write(program.Schema())
			return err
		},
	}
}

func describeCommand() *cobra.Command {
	var s subjectFlags
	c := &cobra.Command{
		Use: "describe [flags] [-- PROGRAM ARGUMENT...]", Short: "Print what a program says of itself, for the worker's configuration",
		Long: "The worker goes by this description, and not by what the program says later. Read it before it goes into the\n" +
			"configuration: it says what contracts may give through the program, and what approvers read.",
		Example: "  ramp target describe -- ./billing >billing.json\n  ramp target describe --url https://billing.example.com/ramp --secret billing.secret",
		RunE: func(cmd *cobra.Command, args []string) error {
			caller, err := s.caller(args)
			if err != nil {
				return err
			}
			d, err := program.Describe(cmd.Context(), "exec/tested", caller, timeout)
			if err != nil {
				return err
			}
			return writeJSON(cmd.OutOrStdout(), d)
		},
	}
	s.flags(c)
	return c
}

func writeJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return access.Errorf(access.CodeUnavailable, "%w", err)
	}
	return nil
}
