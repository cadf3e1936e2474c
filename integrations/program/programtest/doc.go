// Package programtest runs the conformance suite of targets (integrations/targettest)
// against a customer's own program or service, with what only programs have: versions,
// deadlines, being killed in the middle, calls that nobody signed or that were recorded. It
// reports in the words of properties, for people who write such a program.
//
// The suite is made of Go tests. It runs in a process of its own, which Main makes a test
// binary of, and its output is read as `go test` writes it; there is one suite, not two.
package programtest
