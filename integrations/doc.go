// Package integrations is what Ramp asks of an outside system that holds
// access: the Target interface, its optional powers, and the Broker, the one
// concrete type that callers use. Each package below it adapts one service and
// imports only this package and access; none imports another.
package integrations
