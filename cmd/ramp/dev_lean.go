//go:build lean

package main

import (
	"github.com/spf13/cobra"

	"ramp.dev/ramp/access"
)

func devCommand() *cobra.Command {
	return &cobra.Command{
		Use: "dev", Hidden: true, DisableFlagParsing: true,
		Short:   "Run all of Ramp on this machine (not in this binary)",
		Example: "  go build -o bin/ramp ./cmd/ramp && bin/ramp dev",
		RunE: func(*cobra.Command, []string) error {
			return access.Errorf(access.CodeInvalid, "this binary was built lean, without the embedded Temporal that `ramp dev` needs. "+
				"Build one with it from Ramp's source, without `-tags lean`: go build -o bin/ramp ./cmd/ramp")
		},
	}
}
