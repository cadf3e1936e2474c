package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"ramp.dev/ramp/access"
)

// codeMistakes makes wrong arguments and unknown commands errors of CodeInvalid
// at every command below c, as wrong flags are: cobra's own have no code, and count
// arguments instead of naming them.
func codeMistakes(c *cobra.Command) {
	if args := c.Args; args != nil {
		c.Args = func(cmd *cobra.Command, given []string) error {
			if err := args(cmd, given); err != nil {
				return access.Errorf(access.CodeInvalid, "%s; see `%s --help`", wrongArguments(cmd, given, err), cmd.CommandPath())
			}
			return nil
		}
	}
	if !c.Runnable() {
		c.Args = cobra.ArbitraryArgs
		c.RunE = func(cmd *cobra.Command, given []string) error {
			if len(given) == 0 {
				return cmd.Help()
			}
			return access.Errorf(access.CodeInvalid, "%s", noCommand(cmd, given[0]))
		}
	}
	for _, sub := range c.Commands() {
		codeMistakes(sub)
	}
}

// noCommand says that a command has no such command below it, and which was
// probably meant.
func noCommand(cmd *cobra.Command, name string) string {
	msg := fmt.Sprintf("there is no command %q", cmd.CommandPath()+" "+name)
	cmd.SuggestionsMinimumDistance = 2
	if near := cmd.SuggestionsFor(name); len(near) > 0 {
		msg += fmt.Sprintf("; did you mean %q?", near[0])
	}
	return msg
}

// wrongFlag says what is wrong with a flag. Behind a command that does not exist, the
// mistake is the command: its flags are those of the one that was meant.
func wrongFlag(cmd *cobra.Command, err error) string {
	takesNoWords := len(strings.Fields(cmd.Use)) == 1
	if given := cmd.Flags().Args(); cmd.HasAvailableSubCommands() && takesNoWords && len(given) > 0 {
		return noCommand(cmd, given[0])
	}
	return err.Error()
}

// wrongArguments says which arguments are missing or too many, by the names that
// the command's line of usage gives them: REQUEST, or [WORDS] where it is optional.
func wrongArguments(cmd *cobra.Command, given []string, err error) string {
	var names, missing []string
	for _, word := range strings.Fields(cmd.Use)[1:] {
		optional := strings.HasPrefix(word, "[")
		name := strings.Trim(word, "[]")
		if !optional && len(names) >= len(given) {
			missing = append(missing, "a "+strings.ToLower(name))
		}
		names = append(names, name)
	}
	switch {
	case len(missing) > 0:
		return fmt.Sprintf("name %s: `%s %s`", strings.Join(missing, " and "), cmd.CommandPath(), strings.Join(strings.Fields(cmd.Use)[1:], " "))
	case len(given) <= len(names):
		return err.Error()
	case len(names) > 0:
		return fmt.Sprintf("`%s` takes %s and nothing after it: leave out %q, or put what belongs together in quotes", cmd.CommandPath(), strings.Join(names, " and "), given[len(names)])
	case cmd.HasAvailableSubCommands():
		return noCommand(cmd, given[0])
	}
	return fmt.Sprintf("`%s` takes no arguments, flags only: leave out %q", cmd.CommandPath(), given[0])
}
