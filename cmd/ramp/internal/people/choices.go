package people

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/client"
	"ramp.dev/ramp/cmd/ramp/internal/output"
	"ramp.dev/ramp/contracts"
)

func choicesCommand() *cobra.Command {
	var cursor string
	var limit int
	c := &cobra.Command{
		Use: "choices CONTRACT PARAM [WORDS]", Short: "List what you may choose for a parameter", Args: cobra.RangeArgs(2, 3),
		Long: "Lists what you may choose for a parameter of a contract whose values come from what a target has. With words, only\n" +
			"what has all of them in its name. The list is as old as it says.",
		Example: "  ramp choices account-admin account\n  ramp choices account-admin account 'orders eu' -o json",
	}
	c.Flags().StringVar(&cursor, "cursor", "", "continue where the last page ended")
	c.Flags().IntVar(&limit, "limit", 0, "how many, 1 to 200 (default 50)")
	return readCommand(c, func(ctx context.Context, c *client.Client, args []string) (contracts.ChoicePage, error) {
		return c.Choices(ctx, args[0], args[1], strings.Join(args[2:], ""), cursor, limit)
	}, choicesTable)
}

func choicesTable(p contracts.ChoicePage) func(io.Writer) {
	return func(w io.Writer) {
		switch {
		case p.Unknown != "" && p.ByPattern:
			fmt.Fprintf(w, "Nothing can be listed: %s. A value that fits the parameter's pattern is taken all the same.\n", output.Clean(p.Unknown))
			return
		case p.Unknown != "":
			fmt.Fprintf(w, "Nothing can be listed: %s.\n", output.Clean(p.Unknown))
			return
		case len(p.Items) == 0:
			fmt.Fprintln(w, "There is nothing that you may choose and that matches.")
			return
		}
		rows := [][]string{{"VALUE", "NAME", "ATTRIBUTES"}}
		for _, one := range p.Items {
			rows = append(rows, []string{output.Clean(one.Value), output.Clean(one.Label), output.Clean(attributesInWords(one))})
		}
		output.Table(w, rows)
		if p.NextCursor != "" {
			fmt.Fprintf(w, "\nThere are more: --cursor '%s'\n", output.Clean(p.NextCursor))
		}
		fmt.Fprintf(w, "\nAs of %s.\n", output.Time(p.At))
	}
}

func attributesInWords(c access.Choice) string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(c.Attributes)) {
		out = append(out, name+"="+c.Attributes[name])
	}
	return strings.Join(out, " ")
}

// completeParam completes --param NAME=VALUE: the names of the contract's parameters, and
// the values that may be chosen. A shell that cannot reach the server completes nothing.
func (f *newRequest) completeParam(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
	const none = cobra.ShellCompDirectiveNoFileComp
	c, err := f.client()
	if err != nil || len(args) != 1 {
		return nil, none
	}
	offer, err := c.Offer(cmd.Context(), args[0])
	if err != nil {
		return nil, none
	}
	name, value, named := strings.Cut(typed, "=")
	var out []string
	for _, p := range offer.Params {
		switch {
		case !named && strings.HasPrefix(p.Name, name):
			out = append(out, cobra.CompletionWithDesc(p.Name+"=", output.Clean(p.Description)))
		case named && p.Name == name && p.Choices != nil:
			page, err := c.Choices(cmd.Context(), args[0], name, value, "", contracts.MaxChoicesPerPage)
			if err != nil {
				return nil, none
			}
			for _, one := range page.Items {
				if strings.HasPrefix(one.Value, value) {
					out = append(out, cobra.CompletionWithDesc(name+"="+one.Value, output.Clean(one.Label)))
				}
			}
		case named && p.Name == name:
			for _, v := range p.Enum {
				if strings.HasPrefix(v, value) {
					out = append(out, name+"="+v)
				}
			}
		}
	}
	if !named {
		return out, none | cobra.ShellCompDirectiveNoSpace
	}
	return out, none
}

// completeContract completes the name of a contract.
func (f *newRequest) completeContract(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
	const none = cobra.ShellCompDirectiveNoFileComp
	c, err := f.client()
	if err != nil || len(args) > 0 {
		return nil, none
	}
	offers, err := c.Catalog(cmd.Context(), "")
	if err != nil {
		return nil, none
	}
	var out []string
	for _, o := range offers {
		if strings.HasPrefix(o.Contract, typed) {
			out = append(out, cobra.CompletionWithDesc(o.Contract, output.Clean(o.Description)))
		}
	}
	return out, none
}
