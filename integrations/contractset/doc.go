// Package contractset is the target on which contracts change: a grant of it brings one
// set of contracts into force in place of another, once, when it is opened. The set stays
// when the grant is closed, until another request replaces it. What is in force is kept
// in the ledger, signed by the worker that opened the grant after it had verified plan and
// decisions, so that every server goes by the same contracts, also after it has started
// again. There is no outside system.
package contractset
