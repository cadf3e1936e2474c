// Package access is Ramp's vocabulary as Go types: people, plans, decisions,
// grants, states, events and errors. It decides purely and touches nothing: it
// imports the standard library only, and every other package may import it.
package access
