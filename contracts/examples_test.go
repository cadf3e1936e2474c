package contracts_test

import (
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/contracts"
)

// outcome returns in one line what came of an evaluation: the codes of what refused
// it, or who must approve.
func outcome(e contracts.Evaluation) string {
	if e.Err() != nil {
		return codes(e.Issues)
	}
	if e.Draft.Rule.Auto {
		return "automatic"
	}
	var stages []string
	for _, s := range e.Draft.Rule.Stages {
		stages = append(stages, s.Needs())
	}
	return strings.Join(stages, " and ")
}

// TestPatterns evaluates each of the contracts that people start from, as it is
// meant to be used and as it is not.
func TestPatterns(t *testing.T) {
	const reason = "the orders are stuck since two, and the customer waits for an answer"
	tuesday := time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)
	saturday := tuesday.Add(4 * 24 * time.Hour)
	inTwoDays := tuesday.Add(48 * time.Hour)
	person := func(groups ...string) access.Person {
		return access.Person{ID: "p", Kind: access.KindHuman, Groups: groups, Attributes: map[string]string{"employment": "employee", "contractStart": "2026-11-01", "contractEnd": "2026-12-31", "zoneinfo": "Europe/Berlin", "team": "payments"}}
	}
	agent := person("engineering")
	agent.Kind = access.KindAgent
	agentOf := func(groups ...string) access.Person {
		p := person(groups...)
		p.Kind, p.OnBehalfOf = access.KindAgent, "ann"
		return p
	}
	service := person("deployers")
	service.Kind = access.KindService
	left := person("contractors")
	left.Attributes = map[string]string{"contractStart": "2026-11-01", "contractEnd": "2026-11-23", "zoneinfo": "Europe/Berlin"}
	unknown := person("contractors")
	unknown.Attributes = nil
	for _, c := range []struct {
		contract string
		person   access.Person
		request  access.RequestInput
		now      time.Time
		want     string
	}{
		{"orders-database-read", person("engineering"), access.RequestInput{}, tuesday, "1 of data-owners"},
		{"orders-database-read", person("engineering"), access.RequestInput{Duration: "3h"}, tuesday, "1 of data-owners and 1 of security"},
		{"orders-database-read", person("sales"), access.RequestInput{}, tuesday, "not_eligible"},

		{"orders-queue-drain", person("orders"), access.RequestInput{Ticket: "OPS-7", Duration: "3h"}, tuesday, "1 of security and 1 of orders-owners"},
		{"orders-queue-drain", agentOf("orders"), access.RequestInput{Ticket: "OPS-7"}, tuesday, "not_eligible"},

		{"account-read", person("engineering"), access.RequestInput{Params: map[string]any{"bucket": "arn:aws:s3:::orders"}}, tuesday, "choices_unknown"}, // accounts_test.yaml has what there is

		{"production-read", person("engineering"), access.RequestInput{Params: map[string]any{"account": "arn:aws:s3:::orders"}}, tuesday, "choices_unknown"}, // account-owner_test.yaml has what there is
		{"production-admin", person("engineering"), access.RequestInput{Params: map[string]any{"account": "arn:aws:s3:::orders"}}, tuesday, "choices_unknown"},

		{"orders-database-write", person("data-engineers"), access.RequestInput{Ticket: "OPS-7"}, tuesday, "2 of dba and 1 of security"},
		{"orders-database-write", person("data-engineers"), access.RequestInput{}, tuesday, "ticket_missing"},

		{"aws-orders-incident", person("engineering"), access.RequestInput{Ticket: "INC-7", Params: map[string]any{"region": "eu-west-1"}}, tuesday, "1 of incident-commanders"},
		{"aws-orders-incident", person("engineering"), access.RequestInput{Ticket: "INC-7", Params: map[string]any{"region": "eu-west-1"}, Duration: "2h"}, tuesday, "1 of incident-commanders and 1 of security"},
		{"aws-orders-incident", person("engineering"), access.RequestInput{Ticket: "INC-7", Params: map[string]any{"region": "*"}}, tuesday, "param_not_allowed"},
		{"aws-orders-incident", agent, access.RequestInput{Ticket: "INC-7", Params: map[string]any{"region": "eu-west-1"}}, tuesday, "not_eligible"},

		{"orders-bucket-read", agent, access.RequestInput{Params: map[string]any{"region": "eu"}}, tuesday, "1 of data-owners"},
		{"orders-bucket-read", person("engineering"), access.RequestInput{Params: map[string]any{"region": "eu"}, Duration: "2h"}, tuesday, "ticket_missing"},

		{"service-secrets-read", person("engineering"), access.RequestInput{Params: map[string]any{"service": "orders"}}, tuesday, "1 of platform"},
		{"service-secrets-read", person("engineering"), access.RequestInput{Params: map[string]any{"service": "orders/../admin"}}, tuesday, "param_not_allowed"},

		{"kubernetes-debug", person("engineering"), access.RequestInput{Params: map[string]any{"namespace": "orders"}}, tuesday, "1 of platform"},
		{"kubernetes-debug", person("engineering"), access.RequestInput{Params: map[string]any{"namespace": "kube-system"}}, tuesday, "param_not_allowed"},

		{"payments-hosts", person("payments"), access.RequestInput{}, tuesday, "1 of payments-leads"},
		{"payments-hosts", person("engineering"), access.RequestInput{}, tuesday, "not_eligible"},

		{"contractor-logs", person("contractors"), access.RequestInput{Ticket: "OPS-7"}, tuesday, "1 of platform"},
		{"contractor-logs", person("contractors"), access.RequestInput{Ticket: "OPS-7"}, saturday, "outside_window"},
		{"contractor-logs", person("contractors"), access.RequestInput{Ticket: "OPS-7"}, tuesday.Add(9 * time.Hour), "outside_window"},
		{"contractor-logs", left, access.RequestInput{Ticket: "OPS-7"}, tuesday, "engagement_over"},
		{"contractor-logs", unknown, access.RequestInput{Ticket: "OPS-7"}, tuesday, "zone_unknown"},

		{"orders-database-rota", person("orders-on-call"), access.RequestInput{}, tuesday, "who_unevaluated"}, // rota_test.yaml has who is on call
		{"orders-on-call", person("orders-on-call"), access.RequestInput{}, tuesday, "automatic"},
		{"orders-on-call", person("orders-on-call"), access.RequestInput{Duration: "2h"}, tuesday, "1 of orders-leads"},
		{"orders-on-call", person("orders-leads"), access.RequestInput{}, tuesday, "not_eligible"},

		{"agent-logs-read", agentOf("coding-agents"), access.RequestInput{Params: map[string]any{"service": "orders"}}, tuesday, "1 of platform"},
		{"agent-logs-read", person("coding-agents"), access.RequestInput{Params: map[string]any{"service": "orders"}}, tuesday, "not_eligible"},

		{"deploy-token", service, access.RequestInput{Ticket: "REL-7", Params: map[string]any{"service": "orders"}}, tuesday, "automatic"},
		{"deploy-token", service, access.RequestInput{Ticket: "REL-7", Params: map[string]any{"service": "orders/.."}}, tuesday, "param_not_allowed"},
		{"deploy-token", service, access.RequestInput{Ticket: "REL-7", Params: map[string]any{"service": "orders"}}, saturday, "outside_window"},

		{"terraform-apply", service, access.RequestInput{Ticket: "CHG-7", Params: map[string]any{"module": "dns", "plan": strings.Repeat("0", 64)}}, tuesday, "1 of platform"},
		{"terraform-apply", service, access.RequestInput{Ticket: "CHG-7", Params: map[string]any{"module": "network", "plan": "latest"}}, tuesday, "param_not_allowed param_not_allowed"},

		{"orders-migration", person("data-engineers"), access.RequestInput{Ticket: "CHG-7"}, tuesday, "1 of dba"},
		{"orders-migration", person("dba-leads"), access.RequestInput{Ticket: "CHG-7"}, tuesday, "not_eligible"},

		{"customer-account-read", person("support"), access.RequestInput{Ticket: "SUP-7", Params: map[string]any{"customer": "c-004711"}}, tuesday, "2 of dba, or 1 of dba-leads"},
		{"customer-account-read", person("support"), access.RequestInput{Ticket: "SUP-7", Params: map[string]any{"customer": "c-004711*"}}, tuesday, "param_not_allowed"},

		{"service-logs-read", person("engineering"), access.RequestInput{}, tuesday, "1 of engineering (team is payments and not (in contractors)) and 1 of security"},
		{"service-logs-read", unknown, access.RequestInput{}, tuesday, "not_eligible"},

		{"change-contracts", person("engineering"), access.RequestInput{Params: map[string]any{"set": "sha256:" + strings.Repeat("0", 64), "replaces": "sha256:" + strings.Repeat("1", 64)}}, tuesday, "1 of security"},
		{"change-contracts", person("engineering"), access.RequestInput{Params: map[string]any{"set": "main", "replaces": "sha256:" + strings.Repeat("1", 64)}}, tuesday, "param_not_allowed"},

		{"cluster-admin", person("sre"), access.RequestInput{Ticket: "OPS-7"}, tuesday, "2 of platform"},
		{"cluster-admin", person("sre"), access.RequestInput{BreakGlass: true}, saturday, "automatic"},
		{"cluster-admin", person("platform"), access.RequestInput{BreakGlass: true}, saturday, "break_glass_not_for_you"},

		{"service-hosts-again", person("engineering"), access.RequestInput{Params: map[string]any{"service": "orders"}}, tuesday, "1 of leads"},
		{"service-hosts-again", person("engineering"), access.RequestInput{Params: map[string]any{"service": "orders/.."}}, tuesday, "param_not_allowed"},

		{"orders-maintenance", person("dba"), access.RequestInput{Ticket: "CHG-7", StartAt: &inTwoDays}, tuesday, "2 of change-board"},
		{"orders-maintenance", person("dba"), access.RequestInput{Ticket: "CHG-7", StartAt: &inTwoDays, Duration: "6h"}, tuesday, "reason_needs_justification"},
	} {
		t.Run(c.contract+" "+c.want, func(t *testing.T) {
			c.request.Reason = reason
			require.Equal(t, c.want, outcome(find(t, c.contract).Evaluate(contracts.Input{Person: c.person, Request: c.request, Now: c.now, History: &access.History{}})))
		})
	}
}

// TestPatternsAreDocumented: every pattern has a paragraph in docs/contracts.md,
// and every contract of one is evaluated above.
func TestPatternsAreDocumented(t *testing.T) {
	page, err := os.ReadFile("../docs/contracts.md")
	require.NoError(t, err)
	self, err := os.ReadFile("examples_test.go")
	require.NoError(t, err)
	for _, name := range exampleFiles(t) {
		if !strings.Contains(name, "/patterns/") {
			continue
		}
		require.Contains(t, string(page), "(../contracts/"+name+")")
		b, err := os.ReadFile(name)
		require.NoError(t, err)
		set, err := contracts.Parse(map[string][]byte{name: b})
		require.NoError(t, err)
		for _, c := range set.Names() {
			require.Contains(t, string(self), `{"`+c+`", `)
		}
	}
}

// TestPatternsAreTested: whoever copies a pattern copies its tests too. Each contract has
// one test at least of what it allows, and one of what it refuses.
func TestPatternsAreTested(t *testing.T) {
	set, err := contracts.LoadDir("examples/patterns")
	require.NoError(t, err)
	files, err := contracts.LoadTests("examples/patterns")
	require.NoError(t, err)
	allows, refuses := map[string]bool{}, map[string]bool{}
	for name, b := range files {
		for _, text := range strings.Split(string(b), "  - name: ")[1:] {
			_, contract, found := strings.Cut(text, "    contract: ")
			require.True(t, found, "%s: %s", name, text)
			contract, _, _ = strings.Cut(contract, "\n")
			refused := strings.Contains(text, "expect: {refused:")
			allows[contract], refuses[contract] = allows[contract] || !refused, refuses[contract] || refused
		}
		_, err := os.Stat("examples/patterns/" + strings.Replace(name, "_test.yaml", ".yaml", 1))
		require.NoError(t, err, "tests lie beside what they test")
	}
	for _, c := range set.Names() {
		require.True(t, allows[c], "no test says what %s allows", c)
		require.True(t, refuses[c], "no test says what %s refuses", c)
	}
}

// TestPoliciesOfOtherSystems: each that the page promises is a pattern that is there, and
// has the field that the page names for it.
func TestPoliciesOfOtherSystems(t *testing.T) {
	page, err := os.ReadFile("../docs/contracts.md")
	require.NoError(t, err)
	_, section, found := strings.Cut(string(page), "\n### Policies that people bring along\n")
	require.True(t, found)
	section, _, _ = strings.Cut(section, "\n## ")
	rows := 0
	for line := range strings.Lines(section) {
		if !strings.HasPrefix(line, "| ") || strings.HasPrefix(line, "| policy") {
			continue
		}
		rows++
		_, here, _ := strings.Cut(strings.TrimPrefix(line, "| "), "|")
		file := regexp.MustCompile(`\]\(\.\./contracts/(examples/patterns/[a-z-]+\.yaml)\)`).FindStringSubmatch(here)
		if file == nil {
			require.Contains(t, here, "](#approvers)", line)
			continue
		}
		b, err := os.ReadFile(file[1])
		require.NoError(t, err, line)
		_, fields, _ := strings.Cut(here, file[1])
		for _, field := range regexp.MustCompile("`([a-zA-Z]+)(: [0-9])?`").FindAllStringSubmatch(fields, -1) {
			if field[1] != "denyThreshold" && field[1] != "denyCommentMinLength" {
				require.Contains(t, string(b), field[1]+field[2], line)
			}
		}
	}
	require.Equal(t, 10, rows)
}
