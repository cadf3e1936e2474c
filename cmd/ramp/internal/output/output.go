// Package output prints what commands return: a table for people, JSON or YAML
// for programs.
package output

import (
	"encoding/json"
	"io"

	"github.com/goccy/go-yaml"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"ramp.dev/ramp/access"
)

// Format is the flag -o of a command. The zero Format is a table.
type Format struct{ name string }

var names = [...]string{"table", "json", "yaml"}

// Flag adds -o to a command.
func (f *Format) Flag(c *cobra.Command) { f.add(c, c.Flags()) }

// PersistentFlag adds -o to a command and those below it.
func (f *Format) PersistentFlag(c *cobra.Command) { f.add(c, c.PersistentFlags()) }

func (f *Format) add(c *cobra.Command, flags *pflag.FlagSet) {
	flags.VarP(f, "output", "o", "table, json or yaml")
	_ = c.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(names[:], cobra.ShellCompDirectiveNoFileComp))
}

// Set implements pflag.Value.
func (f *Format) Set(text string) error {
	for _, name := range names {
		if text == name {
			f.name = text
			return nil
		}
	}
	return access.Errorf(access.CodeInvalid, "it may be table, json or yaml")
}

// String implements pflag.Value.
func (f *Format) String() string {
	if f.name == "" {
		return "table"
	}
	return f.name
}

// Type implements pflag.Value.
func (f *Format) Type() string { return "format" }

// IsTable reports whether people read the output.
func (f *Format) IsTable() bool { return f.String() == "table" }

// Print writes v in the format that was chosen; table writes it for people, who see no
// character of it that does not show.
func (f *Format) Print(w io.Writer, v any, table func(io.Writer)) error {
	switch f.String() {
	case "table":
		table(cleaning{w})
		return nil
	case "yaml":
		// Through JSON, so that both have the same names.
		b, err := json.Marshal(v)
		if err == nil {
			b, err = yaml.JSONToYAML(b)
		}
		if err != nil {
			return err
		}
		_, err = w.Write(b)
		return err
	}
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}
