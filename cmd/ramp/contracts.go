package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/contracts"
)

func contractsCommand() *cobra.Command {
	c := &cobra.Command{Use: "contracts", Short: "Check and explain contracts", GroupID: "run"}
	c.AddCommand(lintCommand(), explainCommand())
	return c
}

func lintCommand() *cobra.Command {
	var o common
	c := &cobra.Command{
		Use: "lint DIRECTORY", Short: "Find everything wrong with a directory of contracts", Args: cobra.ExactArgs(1),
		Long:    "Reads a directory as the server would and tells every mistake with file, line and column. Ends with 2 if there is any.",
		Example: "  ramp contracts lint contracts/",
		RunE: func(cmd *cobra.Command, args []string) error {
			set, err := contracts.LoadDir(args[0])
			if err != nil {
				if o.output == "json" {
					issues := access.IssuesOf(err)
					if len(issues) == 0 {
						issues = []access.Issue{{Code: "contracts_unreadable", Message: err.Error()}}
					}
					_ = o.print(cmd.OutOrStdout(), map[string]any{"issues": issues}, nil)
				}
				return err
			}
			return o.print(cmd.OutOrStdout(), map[string]any{"issues": []access.Issue{}, "contracts": set.Names(), "version": set.Version}, func(w io.Writer) {
				fmt.Fprintf(w, "%s, nothing wrong: %s\n", counted(len(set.Contracts), "contract"), strings.Join(set.Names(), ", "))
			})
		},
	}
	c.Flags().StringVarP(&o.output, "output", "o", "table", "table, json or yaml")
	return c
}

func explainCommand() *cobra.Command {
	var o common
	var ask access.RequestInput
	var person access.Person
	var personFile, now string
	var attributes, params []string
	c := &cobra.Command{
		Use: "explain DIRECTORY CONTRACT", Short: "Say what a contract would answer somebody, and why", Args: cobra.ExactArgs(2),
		Example: "  ramp contracts explain contracts/ ssh-demo --person alice --group engineering --for 2h --reason \"incident 42\"",
		RunE: func(cmd *cobra.Command, args []string) error {
			set, err := contracts.LoadDir(args[0])
			if err != nil {
				return err
			}
			contract, ok := set.Find(args[1])
			if !ok {
				return access.Errorf(access.CodeNotFound, "there is no contract %q; there are %s", args[1], strings.Join(set.Names(), ", "))
			}
			if personFile != "" {
				b, err := os.ReadFile(personFile)
				if err == nil {
					err = json.Unmarshal(b, &person)
				}
				if err != nil {
					return access.Errorf(access.CodeInvalid, "--person-file: %w", err)
				}
			}
			for _, a := range attributes {
				k, v, ok := strings.Cut(a, "=")
				if !ok {
					return access.Errorf(access.CodeInvalid, "--attribute %q: write it like employment=employee", a)
				}
				if person.Attributes == nil {
					person.Attributes = map[string]string{}
				}
				person.Attributes[k] = v
			}
			if ask.Params, err = parseParams(params); err != nil {
				return err
			}
			ask.Contract = args[1]
			when := time.Now().UTC()
			if now != "" {
				if when, err = time.Parse(time.RFC3339, now); err != nil {
					return access.Errorf(access.CodeInvalid, "--at: write it like 2026-01-31T14:00:00Z")
				}
			}
			e := contract.Evaluate(contracts.Input{Person: person, Request: ask, Now: when})
			return o.print(cmd.OutOrStdout(), e, explained(contract, e))
		},
	}
	f := c.Flags()
	f.StringVarP(&o.output, "output", "o", "table", "table, json or yaml")
	f.StringVar(&person.ID, "person", "somebody", "the person's id")
	f.StringSliceVar(&person.Groups, "group", nil, "the person's groups")
	f.StringVar((*string)(&person.Kind), "kind", "human", "human, service or agent")
	f.StringArrayVar(&attributes, "attribute", nil, "name=value of the person")
	f.StringVar(&personFile, "person-file", "", "the person as JSON instead")
	f.StringVar(&ask.Duration, "for", "", "how long")
	f.StringVar(&ask.Reason, "reason", "", "why")
	f.StringVar(&ask.Ticket, "ticket", "", "the ticket")
	f.StringArrayVar(&params, "param", nil, "name=value")
	f.StringVar(&now, "at", "", "the time of asking; now if left out")
	return c
}

func explained(c *contracts.Contract, e contracts.Evaluation) func(io.Writer) {
	return func(w io.Writer) {
		fmt.Fprintf(w, "%s: %s\n", c.Name, e.Result)
		for _, i := range e.Issues {
			fmt.Fprintf(w, "  %s\n", i)
		}
		if len(e.Trace) > 0 {
			fmt.Fprintln(w, "\nConditions:")
			rows := [][]string{}
			for _, s := range e.Trace {
				rows = append(rows, []string{"  " + s.Field, s.Result.InWords(), s.Expression, s.Detail})
			}
			columns(w, rows)
		}
		if e.Err() != nil {
			return
		}
		fmt.Fprintln(w, "\nThe plan would be:")
		rows := [][]string{}
		for _, l := range c.Explain(e.Draft) {
			rows = append(rows, []string{"  " + l.Label, l.Text})
		}
		columns(w, rows)
	}
}
