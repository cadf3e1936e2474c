//go:build lean

package dev

import (
	"github.com/spf13/cobra"

	"ramp.dev/ramp/access"
)

// Command returns `ramp dev` of a binary that has no embedded Temporal.
func Command() *cobra.Command {
	return &cobra.Command{
		Use: "dev", Hidden: true, DisableFlagParsing: true,
		Short:   "Run all of Ramp on this machine (not in this binary)",
		Example: "  go build -o bin/ramp ./cmd/ramp && bin/ramp dev",
		RunE: func(*cobra.Command, []string) error {
			return access.Errorf(access.CodeInvalid, "this binary was built with `-tags lean`, without the embedded Temporal that `ramp dev` needs. "+
				"Build one from Ramp's source without that tag: go build -o bin/ramp ./cmd/ramp")
		},
	}
}
