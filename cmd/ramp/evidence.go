package main

import (
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/passkey"
)

func evidenceCommand() *cobra.Command {
	c := &cobra.Command{Use: "evidence", Short: "Fetch and verify the evidence of one request", GroupID: "people"}
	c.AddCommand(evidenceGetCommand(), evidenceVerifyCommand())
	return c
}

func evidenceGetCommand() *cobra.Command {
	var o common
	var file string
	c := &cobra.Command{
		Use: "get REQUEST", Short: "Fetch everything about a request as one file", Args: cobra.MaximumNArgs(1),
		Example: "  ramp evidence get 0123456789abcdef --into evidence.json",
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := o.id(args)
			if err != nil {
				return err
			}
			c, err := o.client()
			if err != nil {
				return err
			}
			b, err := c.Evidence(cmd.Context(), id)
			if err != nil {
				return err
			}
			if file == "" {
				_, err = cmd.OutOrStdout().Write(b)
				return err
			}
			if err := os.WriteFile(file, b, 0o600); err != nil {
				return access.Errorf(access.CodeInvalid, "--into: %w", err)
			}
			return nil
		},
	}
	o.flags(c)
	o.lastFlag(c)
	c.Flags().StringVar(&file, "into", "", "the file to write; standard output if left out")
	return c
}

func evidenceVerifyCommand() *cobra.Command {
	var o common
	var keys, workers []string
	var passkeys string
	c := &cobra.Command{
		Use: "verify FILE", Short: "Verify an evidence file, offline", Args: cobra.ExactArgs(1),
		Long: "Recomputes everything that the file claims, with nothing but public keys: no network, no Ramp. Ends with 4\n" +
			"if a single check fails.",
		Example: "  ramp evidence verify evidence.json --key server.pub --worker-key worker.pub",
		RunE: func(cmd *cobra.Command, args []string) error {
			servers, err := trusted(keys)
			if err != nil {
				return err
			}
			trustedWorkers, err := evidence.LoadKeyring(workers...)
			if err != nil {
				return err
			}
			if passkeys != "" {
				enrolled, err := passkey.Load(passkeys)
				if err != nil {
					return err
				}
				servers = servers.WithPasskeys(enrolled)
			}
			f, err := os.Open(args[0])
			if err != nil {
				return access.Errorf(access.CodeInvalid, "evidence pack: %w", err)
			}
			defer f.Close()
			pack, err := evidence.ReadPack(f)
			if err != nil {
				return err
			}
			report := pack.Verify(servers, trustedWorkers)
			if err := o.print(cmd.OutOrStdout(), report, reported(report)); err != nil {
				return err
			}
			if !report.Proven() {
				return access.Errorf(access.CodeEvidence, "not proven")
			}
			return nil
		},
	}
	c.Flags().StringVarP(&o.output, "output", "o", "table", "table, json or yaml")
	c.Flags().StringSliceVar(&keys, "key", nil, "public keys (PEM) of the servers that are believed")
	c.Flags().StringSliceVar(&workers, "worker-key", nil, "public keys (PEM) of the workers that are believed")
	c.Flags().StringVar(&passkeys, "passkeys", "", "file of passkeys, for requests that were approved with them")
	return c
}

// reported prints each check on a line, then the verdict.
func reported(r evidence.Report) func(io.Writer) {
	return func(w io.Writer) {
		fmt.Fprintf(w, "Request %s\n\n", clean(r.RequestID))
		rows := [][]string{}
		for _, c := range r.Checks {
			mark := "ok"
			if !c.OK {
				mark = "FAILED"
			}
			rows = append(rows, []string{mark, c.Name, clean(c.Detail)})
		}
		columns(w, rows)
		verdict := "PROVEN"
		if !r.Proven() {
			verdict = "NOT PROVEN"
		}
		fmt.Fprintf(w, "\n%s. %s\n", verdict, clean(r.Summary))
	}
}
