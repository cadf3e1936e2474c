package policy

import (
	"fmt"
	"runtime"
	"slices"
	"testing"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/contracts"
)

// The lists of a company with accounts: 2,000 accounts of 40 teams, and 50 permission sets.
const (
	numAccounts = 2000
	numSets     = 50
)

func inventoriesOfACompany() []*access.Inventory {
	at := time.Date(2026, 11, 24, 8, 58, 0, 0, time.UTC)
	accounts := &access.Inventory{Target: "aws/org", List: "accounts", At: at, Digest: "sha256:accounts"}
	for i := range numAccounts {
		accounts.Choices = append(accounts.Choices, access.Choice{Value: fmt.Sprintf("%012d", 471100000000+i), Label: fmt.Sprintf("service-%04d-prod", i),
			Attributes: map[string]string{"team": fmt.Sprintf("team-%d", i%40), "env": []string{"prod", "staging"}[i%2], "ou": fmt.Sprintf("ou-%d", i%7)}})
	}
	sets := &access.Inventory{Target: "aws/org", List: "permission-sets", At: at, Digest: "sha256:sets"}
	for i := range numSets {
		sets.Choices = append(sets.Choices, access.Choice{Value: fmt.Sprintf("set-%02d", i), Label: fmt.Sprintf("Permission set %d", i), Attributes: map[string]string{"level": []string{"read", "write"}[i%2]}})
	}
	for _, i := range []*access.Inventory{accounts, sets} {
		slices.SortFunc(i.Choices, func(a, b access.Choice) int {
			if a.Value < b.Value {
				return -1
			}
			return 1
		})
	}
	return []*access.Inventory{accounts, sets}
}

// accountContracts returns n contracts in which people choose one of the accounts and one
// of the permission sets.
func accountContracts(tb testing.TB, n int, most ...int) *contracts.Set {
	bound := append(most, numAccounts)[0]
	files := map[string][]byte{}
	for i := range n {
		name := fmt.Sprintf("f%d.yaml", i/20)
		files[name] = append(files[name], fmt.Sprintf(`---
apiVersion: ramp/v1
kind: Contract
metadata: {name: c%[1]d, owner: team-%[2]d}
description: Work in an account of team %[2]d.
request:
  who: '("engineering" in person.groups || "team-%[2]d" in person.groups) && person.kind == "human"'
  params:
    account: {type: string, required: true, choices: {from: aws/org, list: accounts, where: 'choice.team == person.team || choice.env == "staging"', max: %[3]d}}
    permissions: {type: string, required: true, choices: {from: aws/org, list: permission-sets, where: 'choice.level == "read"'}}
duration: {default: 30m, max: 4h}
grants:
  - target: aws/org
    entitlement: {account: '{{ params.account }}', set: '{{ params.permissions }}'}
approval:
  stages:
    - {name: owners, from: [team-%[2]d-leads]}
`, i, i%40, bound)...)
	}
	set, err := contracts.Parse(files)
	if err != nil {
		tb.Fatal(err)
	}
	return set
}

func chooser() contracts.Input {
	p := somebody
	p.Attributes = map[string]string{"team": "team-7"}
	return contracts.Input{Person: p, Now: time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC), History: &access.History{Uses: []access.Use{}},
		Request: access.RequestInput{Params: map[string]any{"account": "471100000007", "permissions": "set-02"}, Reason: "the orders are stuck since two, and the customer waits for us"}}
}

// firstPageBound is what the 99th of a hundred catalogues with their first pages may take.
// By the clock it is reported too; other programs on the machine take from that one, and
// from the processors' own time only a little.
const firstPageBound = 50 * time.Millisecond

// BenchmarkCatalogueOfAccounts: the catalogue of one person over 1,000 contracts, the first
// page of what they may choose for both params of one, and what all of it keeps of the
// heap.
func BenchmarkCatalogueOfAccounts(b *testing.B) {
	before := heap()
	set, having := accountContracts(b, 1000), inventoriesOfACompany()
	kept := heap() - before
	in := chooser()
	in.Inventories = having
	var took, work []time.Duration
	evaluated := 0
	b.ReportAllocs()
	used := cpu()
	for b.Loop() {
		began, busy := time.Now(), cpu()
		offers := set.Offers(in)
		c, _ := set.Find(offers[len(offers)-1].Contract)
		for _, param := range []string{"account", "permissions"} {
			page, err := c.Choices(in, param, "", "", 50)
			if err != nil || len(page.Items) == 0 {
				b.Fatal(err, page.Unknown)
			}
			evaluated += len(page.Items)
		}
		took, work = append(took, time.Since(began)), append(work, cpu()-busy)
	}
	reportCPU(b, used)
	for what, all := range map[string][]time.Duration{"clock": took, "cpu": work} {
		slices.Sort(all)
		b.ReportMetric(float64(all[len(all)*99/100])/float64(firstPageBound), "p99-"+what+"/bound")
	}
	b.ReportMetric(float64(kept)/(1<<20), "MB-kept")
	b.ReportMetric(float64(evaluated)/float64(b.N), "choices/op")
	runtime.KeepAlive(set)
	runtime.KeepAlive(having)
}

// BenchmarkChoose: one evaluation in which both params are chosen. Of 2,000 accounts the
// condition is evaluated once, unless the contract bounds how many are open.
func BenchmarkChoose(b *testing.B) {
	c, in := accountContracts(b, 1).Contracts[0], chooser()
	in.Inventories = inventoriesOfACompany()
	if err := c.Evaluate(in).Err(); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	began := cpu()
	for b.Loop() {
		c.Evaluate(in)
	}
	reportCPU(b, began)
}

// BenchmarkChooseBounded: the same, where the contract bounds how many accounts may be
// open: then the condition is evaluated for each of them.
func BenchmarkChooseBounded(b *testing.B) {
	c, in := accountContracts(b, 1, 1500).Contracts[0], chooser()
	in.Inventories = inventoriesOfACompany()
	if err := c.Evaluate(in).Err(); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	began := cpu()
	for b.Loop() {
		c.Evaluate(in)
	}
	reportCPU(b, began)
}

// TestCataloguePastAccounts: the catalogue does not look at inventories at all, and a page
// of choices allocates with the page and the search, not with the number of contracts.
func TestCataloguePastAccounts(t *testing.T) {
	few, many := accountContracts(t, 10), accountContracts(t, 1000)
	in := chooser()
	plain := testing.AllocsPerRun(5, func() { many.Offers(in) })
	in.Inventories = inventoriesOfACompany()
	with := testing.AllocsPerRun(5, func() { many.Offers(in) })
	if with > plain+500 { // half of one for each contract; other goroutines and the garbage collector add a few
		t.Errorf("the catalogue allocates %.0f times with inventories and %.0f without", with, plain)
	}
	page := func(s *contracts.Set) float64 {
		c, _ := s.Find("c7")
		return testing.AllocsPerRun(5, func() {
			if p, err := c.Choices(in, "permissions", "", "", 50); err != nil || len(p.Items) != numSets/2 {
				t.Fatal(err, len(p.Items))
			}
		})
	}
	if a, b := page(few), page(many); b > a+200 { // 990 contracts more
		t.Errorf("a page of choices allocates %.0f times among 10 contracts and %.0f among 1,000", a, b)
	}
}

// TestBoundedChoicesAreCountedOnce: a request under a contract that bounds how many
// choices are open allocates as one under a contract without the bound, once somebody of
// the same team has asked; for another team all 2,000 are looked at.
func TestBoundedChoicesAreCountedOnce(t *testing.T) {
	free, bounded := accountContracts(t, 1).Contracts[0], accountContracts(t, 1, 1500).Contracts[0]
	in := chooser()
	in.Inventories = inventoriesOfACompany()
	evaluated := func(c *contracts.Contract, in contracts.Input) float64 {
		return testing.AllocsPerRun(1, func() {
			if err := c.Evaluate(in).Err(); err != nil {
				t.Fatal(err)
			}
		})
	}
	if with, without := evaluated(bounded, in), evaluated(free, in); with > without*1.1 {
		t.Errorf("a request allocates %.0f times where choices are bounded and %.0f where they are not", with, without)
	}
	team := 0
	counting := testing.AllocsPerRun(5, func() {
		team++
		in.Person.Attributes = map[string]string{"team": fmt.Sprintf("team-%d", team*2-1), "n": fmt.Sprint(team)}
		bounded.Evaluate(in)
	})
	if counting < 1500 {
		t.Errorf("a request of a team that has not asked yet allocates %.0f times: nothing was counted", counting)
	}
}
