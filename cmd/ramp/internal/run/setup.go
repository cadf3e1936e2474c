package run

import (
	"io"

	"github.com/spf13/cobra"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config"
	"ramp.dev/ramp/worker"
)

// setupCommand completes a command that prints what the service of one target needs, by the
// target's configuration. makes returns it for programs, beside which the target's name
// stands, and writes it for people.
func setupCommand[C worker.Integration](kind string, c *cobra.Command, makes func(name string, of C) (made map[string]any, text func(io.Writer), err error)) *cobra.Command {
	var f configured
	c.Use, c.Args = kind+"-setup [TARGET]", cobra.MaximumNArgs(1)
	c.RunE = func(cmd *cobra.Command, args []string) error {
		all, err := config.Load(f.path)
		if err != nil {
			return err
		}
		name, of, err := targetOf[C](all, kind, args)
		if err != nil {
			return err
		}
		if issues := of.Validate(name); len(issues) > 0 {
			return access.Invalid(issues...)
		}
		made, text, err := makes(name, of)
		if err != nil {
			return err
		}
		made["target"] = name
		return f.format.Print(cmd.OutOrStdout(), made, text)
	}
	f.flags(c, "the worker's")
	return c
}
