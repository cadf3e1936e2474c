package people

import (
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/client"
	"ramp.dev/ramp/cmd/ramp/internal/credential"
	"ramp.dev/ramp/cmd/ramp/internal/output"
)

func credsCommand() *cobra.Command {
	var s session
	var grant, dir string
	c := &cobra.Command{
		Use: "creds REQUEST", Short: "Pick up a credential for active access", Args: cobra.MaximumNArgs(1),
		Long: "Mints a credential and prints it. On its way it is sealed to a key that never leaves this process.\n" +
			"`ramp exec` does the same and leaves nothing behind: prefer it.",
		Example: "  eval \"$(ramp creds --last)\"\n  ramp creds --last --into ./access",
		RunE: func(cmd *cobra.Command, args []string) error {
			c, id, err := s.request(args)
			if err != nil {
				return err
			}
			cred, grant, err := pickUp(cmd.Context(), c, id, grant)
			if err != nil {
				return err
			}
			switch {
			case dir != "":
				cred, dir, err = credential.Into(cred, grant, dir)
			case s.format.IsTable() && len(cred.Files) > 0:
				return access.Errorf(access.CodeInvalid, "this credential consists of files: choose a directory for them with --into, or run `ramp exec %s -- COMMAND`", id)
			default:
				err = cred.Validate()
			}
			if err != nil {
				return err
			}
			return s.format.Print(cmd.OutOrStdout(), cred, exports(cred, dir))
		},
	}
	s.requestFlags(c)
	c.Flags().StringVar(&grant, "grant", "", "which grant, where a request has several: its name, or its target")
	c.Flags().StringVar(&dir, "into", "", "a directory for the files of the credential")
	return c
}

// exports prints shell assignments, so that eval takes them. What the user has set
// for the same service would stand beside them, so it is unset.
func exports(cred access.Credential, dir string) func(io.Writer) {
	return func(w io.Writer) {
		for _, name := range credential.Foreign(cred, os.Environ()) {
			if variable.MatchString(name) {
				fmt.Fprintf(w, "unset %s\n", name)
			}
		}
		for _, name := range slices.Sorted(maps.Keys(cred.Env)) {
			fmt.Fprintf(output.Exactly(w), "export %s='%s'\n", name, strings.ReplaceAll(cred.Env[name], "'", `'\''`))
		}
		if dir != "" {
			fmt.Fprintf(w, "# files are in %s\n", output.Clean(dir))
			for _, program := range slices.Sorted(maps.Keys(cred.Arguments)) {
				fmt.Fprintf(w, "# use them with: %s %s\n", program, output.Clean(strings.Join(cred.Arguments[program], " ")))
			}
		}
		if cred.Hint != "" {
			fmt.Fprintf(w, "# %s\n", output.Clean(cred.Hint))
		}
		fmt.Fprintf(w, "# valid until %s\n", output.Time(cred.ExpiresAt))
	}
}

// variable is what a shell takes as a variable's name.
var variable = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// pickUp picks up the credential of a grant; of the request's only one, where
// none is named. It returns the grant's name too.
func pickUp(ctx context.Context, c *client.Client, id, grant string) (access.Credential, string, error) {
	r, err := opened(ctx, c, id)
	if err != nil {
		return access.Credential{}, "", err
	}
	// Which of several grants is meant matters only where one can be picked up: otherwise the
	// server says what the request waits for, or that it is over.
	switch n := len(r.Plan.Grants); {
	case grant == "" && n == 1:
		grant = r.Plan.Grants[0].Name
	case grant == "" && n > 1 && r.State == access.StateActive:
		var names []string
		for _, g := range r.Plan.Grants {
			names = append(names, g.Name+" ("+g.Target+")")
		}
		return access.Credential{}, "", access.Errorf(access.CodeInvalid, "this request has several grants; choose one with --grant: %s", strings.Join(names, ", "))
	}
	grant = grantOn(r.Plan, grant)
	cred, err := c.PickUp(ctx, id, grant)
	return cred, grant, err
}

// grantOn is the name of the plan's grant on a target, where the target is named that has
// just one; else it is what was named.
func grantOn(p access.Plan, named string) string {
	name, found := named, 0
	for _, g := range p.Grants {
		if g.Target == named {
			name, found = g.Name, found+1
		}
	}
	if found != 1 {
		return named
	}
	return name
}

// opensWithin is how long a pick-up waits for access that is being opened: targets
// take seconds.
const opensWithin = 30 * time.Second

// opened returns a request once nothing is left but to wait for its access to open,
// or as it is after opensWithin. Who asks for access that needs no decision, or has
// just got the last one, need not look when it is open.
func opened(ctx context.Context, c *client.Client, id string) (access.Request, error) {
	for until := time.Now().Add(opensWithin); ; {
		r, err := c.Request(ctx, id)
		undecided := r.State == access.StatePending && len(r.Stages) > 0
		opening := r.State == access.StatePending || r.State == access.StateApproved || r.State == access.StateGranting
		if err != nil || undecided || !opening || time.Now().After(until) {
			return r, err
		}
		select {
		case <-ctx.Done():
			return r, ctx.Err()
		case <-time.After(200 * time.Millisecond):
		}
	}
}
