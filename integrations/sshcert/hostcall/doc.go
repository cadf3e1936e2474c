// Package hostcall is how a worker reaches the helper on each host of a fleet: over SSH,
// on a port of the helper's own. The worker knows the host by the key that people know
// it by, and the helper knows the worker by a key that it was set up with. One call is
// one channel: the request is in the opening of the channel, the reply in the channel.
//
// A worker can have a host do what Host has, and nothing else: it reads and writes no
// files there, runs no commands, and admits nobody to a login that the host's own set-up
// does not list.
package hostcall
