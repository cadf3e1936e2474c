// Package program makes a target of a customer's own program or service, by the protocol
// that docs/targets/programs.md describes: one JSON message for each call, and one in
// reply. How messages travel is for integrations/command (a program on the worker's
// machine) and integrations/webhook (a service at an address).
//
// What such a program may be given, and what approvers read of it, comes from a
// description in the configuration, and never from a reply: a program that changes what it
// says of itself is not believed until somebody has read it.
package program
