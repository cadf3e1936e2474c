package contracts_test

import (
	"fmt"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/contracts"
)

const ordersRead = `apiVersion: ramp/v1
kind: Contract
metadata: {name: orders-read, owner: team-data}
description: Read the orders secrets in Vault.
request:
  who: '"engineering" in person.groups'
duration: {default: 30m, max: 4h}
grants:
  - target: vault/main
    entitlement: {policies: [orders-read]}
approval:
  stages:
    - {name: data owners, from: [data-owners]}
    - {name: security, from: [security], when: 'duration > duration("2h")'}
`

func ExampleParse() {
	set, err := contracts.Parse(map[string][]byte{"orders.yaml": []byte(ordersRead)})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(set.Names())

	_, err = contracts.Parse(map[string][]byte{"orders.yaml": []byte(ordersRead + "extnd: {times: 1, upTo: 6h}\n")})
	for _, issue := range access.IssuesOf(err) {
		fmt.Println(issue)
	}
	// Output:
	// [orders-read]
	// orders.yaml:15:1: unknown field "extnd"; did you mean "extend"?
}

func ExampleContract_Evaluate() {
	set, err := contracts.Parse(map[string][]byte{"orders.yaml": []byte(ordersRead)})
	if err != nil {
		fmt.Println(err)
		return
	}
	contract, _ := set.Find("orders-read")
	evaluation := contract.Evaluate(contracts.Input{
		Person:  access.Person{ID: "alice", Kind: access.KindHuman, Groups: []string{"engineering"}},
		Request: access.RequestInput{Duration: "3h", Reason: "orders have been stuck since 02:00"},
		Now:     time.Date(2026, 11, 24, 2, 14, 0, 0, time.UTC),
	})
	fmt.Println(evaluation.Result, evaluation.Issues)
	for _, step := range evaluation.Trace {
		fmt.Println(step.Field, "is", step.Result.InWords())
	}
	for _, line := range contract.Explain(evaluation.Draft) {
		fmt.Println(line.Label+":", line.Text)
	}
	// Output:
	// allowed []
	// request.who is satisfied
	// approval.stages.security.when is satisfied
	// duration: 3h
	// grant: vault/main {"policies":["orders-read"]}
	// approval: lapses if it is not decided within 1h
	// approval: 1 of data-owners (data owners)
	// approval: 1 of security (security)
	// notice: team-data of request.glass_broken, access.overdue, request.failed
}
