// Package policy measures contracts at the size of a company: how long one evaluation
// takes, how long a directory takes to load, what a person's catalogue costs. It needs
// no Temporal, so it is apart from what measures requests. Run it with
// go test ./bench/policy -run '^$' -bench .
package policy
