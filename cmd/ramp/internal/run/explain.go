package run

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/sirupsen/logrus"
	"github.com/spf13/cobra"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/cmd/ramp/internal/flags"
	"ramp.dev/ramp/cmd/ramp/internal/output"
	"ramp.dev/ramp/config"
	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/contracts"
	"ramp.dev/ramp/facts"
	"ramp.dev/ramp/internal/strictjson"
)

// explainFlags are a request as somebody might make it.
type explainFlags struct {
	format             output.Format
	person             access.Person
	personFile         string
	input              access.RequestInput
	attributes, params flags.Pairs
	at                 flags.Time
	facts, config      string
	inventory          string
}

func explainCommand() *cobra.Command {
	var f explainFlags
	c := &cobra.Command{
		Use: "explain DIRECTORY CONTRACT", Short: "Show what a contract would decide for somebody, and why", Args: cobra.ExactArgs(2),
		Long: "Evaluates a contract for a person and a request that you describe, without a server: each condition with its\n" +
			"result, and the plan that would be approved. Limits and conditions on what was before see a person without earlier\n" +
			"requests; `ramp contracts test` takes a history. A refusal is a result, with exit code 0; where a condition could\n" +
			"not be evaluated, so that the request would be refused, the exit code is 4.",
		Example: "  ramp contracts explain contracts/ ssh-demo --person alice --group engineering --for 2h --reason \"incident 42\"\n" +
			"  ramp contracts explain contracts/ ssh-demo --config ramp.yaml --facts facts.yaml --ticket OPS-42 -o json",
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd, args[0], args[1]) },
	}
	f.format.Flag(c)
	c.Flags().StringVar(&f.person.ID, "person", "somebody", "the person's id")
	c.Flags().StringSliceVar(&f.person.Groups, "group", nil, "the person's groups")
	c.Flags().StringVar((*string)(&f.person.Kind), "kind", "human", "human, service or agent")
	c.Flags().Var(&f.attributes, "attribute", "an attribute of the person, such as employment=employee; may be repeated")
	c.Flags().StringVar(&f.personFile, "person-file", "", "a file with the person as JSON, instead")
	c.Flags().StringVar(&f.input.Duration, "for", "", "how long, such as 30m; the contract's default if left out")
	c.Flags().StringVar(&f.input.Reason, "reason", "", "why")
	c.Flags().StringVar(&f.input.Ticket, "ticket", "", "the ticket")
	c.Flags().BoolVar(&f.input.BreakGlass, "break-glass", false, "as a use of break glass: at once, without approval")
	c.Flags().Var(&f.params, "param", "a parameter of the contract; may be repeated")
	c.Flags().StringVar(&f.facts, "facts", "", "a file of facts, for tickets and who is on call; what is not in it is absent, and without a file nothing is known")
	c.Flags().StringVar(&f.inventory, "inventory", "", "a file with what targets have, as JSON: a list of target, list and choices; without a file nothing is known")
	c.Flags().StringVar(&f.config, "config", "", "the server's configuration, to say what the contract needs and it lacks: sources of facts, targets, workers' keys")
	c.Flags().Var(&f.at, "at", "when the request is made, such as 2026-01-31T14:00:00Z; now if left out")
	return c
}

func (f *explainFlags) run(cmd *cobra.Command, dir, name string) error {
	set, err := contracts.LoadDir(dir)
	if err != nil {
		return err
	}
	contract, ok := set.Find(name)
	if !ok {
		return access.Errorf(access.CodeNotFound, "there is no contract %q; there are %s", name, strings.Join(set.Names(), ", "))
	}
	if f.personFile != "" {
		b, err := os.ReadFile(f.personFile)
		if err == nil {
			err = strictjson.Unmarshal(b, &f.person)
		}
		if err != nil {
			return access.Errorf(access.CodeInvalid, "--person-file: %w", err)
		}
	}
	for name, value := range f.attributes {
		if f.person.Attributes == nil {
			f.person.Attributes = map[string]string{}
		}
		f.person.Attributes[name] = value
	}
	f.input.Contract, f.input.Params = name, f.params.Params()
	now := time.Now().UTC()
	if f.at.At != nil {
		now = *f.at.At
	}
	known, err := f.ask(cmd.Context(), now, contract.Questions(f.input))
	if err != nil {
		return err
	}
	having, err := f.inventories(now)
	if err != nil {
		return err
	}
	e := contract.Evaluate(contracts.Input{Person: f.person, Request: f.input, Now: now, History: &access.History{Uses: []access.Use{}}, Facts: known, Inventories: having})
	out := explained{Evaluation: e}
	if f.config != "" {
		conf, err := config.Load(f.config)
		if err != nil {
			return err
		}
		alone := &contracts.Set{Contracts: []*contracts.Contract{contract}}
		out.Lacks, out.Doubts = conf.Lacks(alone), conf.Doubts(alone)
	}
	if err := f.format.Print(cmd.OutOrStdout(), out, explanation(contract, out)); err != nil || e.Result != contracts.CouldNotEvaluate {
		return err
	}
	return e.Err()
}

// explained is an evaluation, and what the contract needs that the configuration lacks.
type explained struct {
	contracts.Evaluation
	Lacks access.Issues `json:"lacks,omitempty"`
	// Doubts is what may be wrong beside that configuration.
	Doubts []contracts.Finding `json:"doubts,omitempty"`
}

// inventories reads what targets have from a file, as of the time of the request.
func (f *explainFlags) inventories(at time.Time) (out []*access.Inventory, err error) {
	if f.inventory == "" {
		return nil, nil
	}
	b, err := os.ReadFile(f.inventory)
	if err == nil {
		err = strictjson.Unmarshal(b, &out)
	}
	if err != nil {
		return nil, access.Errorf(access.CodeInvalid, "--inventory: %w", err)
	}
	for _, i := range out {
		if i == nil {
			return nil, access.Errorf(access.CodeInvalid, "--inventory: a list of inventories has no null")
		}
		if i.At.IsZero() {
			i.At = at
		}
		i.Digest = "none: " + f.inventory
		slices.SortFunc(i.Choices, func(a, b access.Choice) int { return strings.Compare(a.Value, b.Value) })
		if issues := i.Validate(); len(issues) > 0 {
			return nil, access.Errorf(access.CodeInvalid, "--inventory: %w", issues.Err())
		}
	}
	return out, nil
}

// ask asks the file of facts, as each of the sources that the contract asks, at the time
// of the request. A file that cannot be read is an error, also if nothing is asked.
func (f *explainFlags) ask(ctx context.Context, at time.Time, questions []access.FactQuestion) ([]access.Fact, error) {
	if f.facts == "" {
		return nil, nil
	}
	if err := (facts.Config{Kind: "file", File: field.File(f.facts)}).Ping(ctx); err != nil {
		return nil, access.Errorf(access.CodeInvalid, "--facts: %w", err)
	}
	sources := map[string]facts.Config{}
	for _, q := range questions {
		sources[q.Source] = facts.Config{Kind: "file", File: field.File(f.facts)}
	}
	silent := logrus.New()
	silent.SetOutput(io.Discard)
	return facts.New(sources, silent, nil).At(at).Ask(ctx, questions...), nil
}

func explanation(c *contracts.Contract, e explained) func(io.Writer) {
	return func(w io.Writer) {
		result := string(e.Result)
		if e.Result == contracts.CouldNotEvaluate {
			result = "refused, since it could not be evaluated"
		}
		fmt.Fprintf(w, "%s: %s\n", c.Name, result)
		for _, i := range e.Lacks {
			fmt.Fprintf(w, "  with this configuration: %s\n", output.Clean(i.String()))
		}
		for _, f := range e.Doubts {
			fmt.Fprintf(w, "  with this configuration: %s: %s; %s\n", f.Place, output.Clean(f.Message), output.Clean(f.Instead))
		}
		for _, i := range e.Issues {
			fmt.Fprintf(w, "  %s\n", output.Clean(i.String()))
		}
		if len(e.Trace) > 0 {
			fmt.Fprintln(w, "\nConditions:")
			rows := [][]string{}
			for _, s := range e.Trace {
				rows = append(rows, []string{"  " + s.Field, s.Result.InWords(), strings.Join(strings.Fields(s.Expression), " "), s.Detail})
			}
			output.Table(w, rows)
		}
		if e.Err() != nil {
			return
		}
		fmt.Fprintln(w, "\nThe plan would be:")
		rows := [][]string{}
		for _, l := range c.Explain(e.Draft) {
			rows = append(rows, []string{"  " + l.Label, l.Text})
		}
		output.Table(w, rows)
	}
}
