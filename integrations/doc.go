// Package integrations is what Ramp asks of an outside system that holds
// access. Start at Target, the interface that each integration implements, and
// at Broker, the one type through which the rest of Ramp uses targets.
//
// Between the two stands Guard: the checks that are the same for every target
// are made there, once, and the conformance suite (package targettest) runs
// through it.
//
// Packages jsonhttp, awsapi and pacing are what several targets share. Each other
// package below this one adapts one service, and none of these imports another.
// docs/targets/README.md says how to add one.
package integrations
