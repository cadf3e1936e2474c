//go:build lean

package target

import (
	"github.com/spf13/cobra"

	"ramp.dev/ramp/access"
)

// testCommand returns `ramp target test` of a binary that has no tests in it.
func testCommand() *cobra.Command {
	return &cobra.Command{
		Use: "test", Hidden: true, DisableFlagParsing: true,
		Short:   "Test a program or a service by the suite that all targets pass (not in this binary)",
		Example: "  go build -o bin/ramp ./cmd/ramp && bin/ramp target test -- ./billing",
		RunE: func(*cobra.Command, []string) error {
			return access.Errorf(access.CodeInvalid, "this binary was built with `-tags lean`, without the tests that `ramp target test` runs. "+
				"Build one from Ramp's source without that tag: go build -o bin/ramp ./cmd/ramp")
		},
	}
}

func addSuite(*cobra.Command) {}
