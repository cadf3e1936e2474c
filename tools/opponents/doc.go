// Package opponents is three attackers of a Ramp installation: a worker that
// nobody deployed, an administrator of Temporal's namespace, and somebody who
// writes the ledger's database. Each has all rights of its kind and none of Ramp's
// keys. The tests of package e2e try each of them against a real installation;
// the command opponent tries one by hand.
//
// Nothing here knows how Ramp defends itself: an attack that no longer has any
// effect stays here, so that later versions are tried against it, too.
package opponents
