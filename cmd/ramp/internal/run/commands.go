// Package run has the commands of those who operate Ramp: they start its
// processes, check configurations and contracts, and act where Ramp itself cannot.
package run

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"
	"go.temporal.io/sdk/client"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/cmd/ramp/internal/output"
	"ramp.dev/ramp/config"
	"ramp.dev/ramp/contracts"
)

// Commands returns the commands of operators. ofServer are those about contracts that
// a server responds to.
func Commands(ofServer ...*cobra.Command) []*cobra.Command {
	ofContracts := contractsCommand()
	ofContracts.AddCommand(ofServer...)
	return []*cobra.Command{
		serverCommand(), workerCommand(), configCommand(), ofContracts, passkeysCommand(),
		sweepCommand(), reconcileCommand(), feedCommand(), sinksCommand(), doctorCommand(), deployCommand(), sshHostCommand(), hostCommand(), postgresSetupCommand(), terraformDigestCommand(), mysqlSetupCommand(), kubernetesSetupCommand(),
	}
}

// configured are the flags of every command that reads a configuration file.
type configured struct {
	path   string
	format output.Format
}

func (f *configured) flags(c *cobra.Command, whose string) {
	c.Flags().StringVar(&f.path, "config", config.DefaultName, whose+" configuration file")
	f.format.Flag(c)
}

// withTemporal loads the configuration and connects to its Temporal while do runs.
func (f *configured) withTemporal(ctx context.Context, do func(config.Config, client.Client) error) error {
	c, err := config.Load(f.path)
	if err != nil {
		return err
	}
	temporal, err := c.DialTemporal(ctx)
	if err != nil {
		return err
	}
	defer temporal.Close()
	return do(c, temporal)
}

// checked is what a check prints for programs.
type checked struct {
	Issues   []access.Issue      `json:"issues"`
	Warnings []contracts.Finding `json:"warnings,omitempty"` // what may be wrong
	Targets  []targetRights      `json:"targets,omitempty"`  // of a doctor: what their credentials may do
}

// printFindings prints what is probably not meant, for people.
func printFindings(w io.Writer, findings []contracts.Finding) {
	for _, f := range findings {
		fmt.Fprintf(w, "%s: %s: %s; %s (%s)\n", f.Place, f.Contract, output.Clean(f.Message), output.Clean(f.Instead), f.Code)
	}
}

// printIssues prints what a check found, for programs; people read the error, and here
// what it does not say of targets.
func printIssues(f *output.Format, w io.Writer, issues []access.Issue, rights ...targetRights) error {
	if f.IsTable() {
		printRights(w, rights)
		return nil
	}
	return f.Print(w, checked{Issues: issues, Targets: rights}, nil)
}
