// Package api is what workflows know of activities: their names, inputs and
// results, and the one table between Ramp's errors and Temporal's. It has no
// behaviour of its own, so that workflows and the server link no ledger and no
// integration.
package api
