// Package pacing limits how fast operations begin on one outside system.
//
// A Limiter lets operations through at a configured rate. Those that must wait
// stand in one of two queues, closing and opening, which are served in turn, so
// that neither a flood of endings nor one of requests starves the other. Among
// operations that close access, the one with the earliest expiry goes first. What can
// be left undone stands aside: it is let through while nothing else waits.
//
// When the outside system says that it is asked too often, the caller tells the
// Limiter with BackOff: it lets nothing through for the time that the system
// asked for, then runs at half its rate, and is back at the whole rate after
// twenty seconds without being throttled again.
package pacing
