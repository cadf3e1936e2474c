package run

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"ramp.dev/ramp/cmd/ramp/internal/output"
	"ramp.dev/ramp/integrations/terraform"
)

func terraformDigestCommand() *cobra.Command {
	var format output.Format
	c := &cobra.Command{
		Use: "terraform-digest DIRECTORY", Short: "Print the digest that pins a Terraform module", Args: cobra.ExactArgs(1),
		Long: "Prints the digest over all files of a module, as the configuration of a target of kind terraform pins it. It is in\n" +
			"the form of go.sum; .git and .terraform are no part of a module. docs/targets/terraform.md says more.",
		Example: "  ramp terraform-digest modules/bucket-reader",
		RunE: func(cmd *cobra.Command, args []string) error {
			digest, err := terraform.Digest(args[0])
			if err != nil {
				return err
			}
			return format.Print(cmd.OutOrStdout(), map[string]any{"directory": args[0], "digest": digest}, func(w io.Writer) { fmt.Fprintln(w, digest) })
		},
	}
	format.Flag(c)
	return c
}
