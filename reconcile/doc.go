// Package reconcile is the third line of the guarantee: it compares what a
// target has, what the ledger knows and which workflows run, and ends what
// should not be there. The decision is a pure function (Judge); acting on it is
// thin, and the same whether a workflow asks for it or `ramp sweep` does, with
// no Temporal at all.
package reconcile
