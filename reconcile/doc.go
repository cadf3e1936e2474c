// Package reconcile is the third line of the guarantee: it compares what a
// target has, what the ledger has and which workflows run, and ends what should
// not be there. The comparison is a pure function (Diff); the remedies are thin,
// and the same whether a standing job runs them or `ramp sweep` does, with no
// Temporal at all.
package reconcile
