// Package feed says what happened after event N, to everything that reacts to
// what happens. The ledger's log is the truth and its numbers have no gaps, so
// that a number is all that a reader has to remember.
//
// A Feed reads the log once for its whole process. It serves two kinds of
// readers. A Subscription follows the log from a number and remembers nothing:
// the live pages use it. A Consumer has a name and a cursor in the ledger: it is
// given every event at least once and in order, whatever crashes in between.
//
// A consumer that must run once in the whole installation is run by a standing
// job of Temporal's; the feed itself has no lease and no leader. Should two
// processes run one consumer after all, each event is handled once more than
// needed, and the cursor never moves back.
package feed
