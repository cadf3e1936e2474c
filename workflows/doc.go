// Package workflows holds Ramp's Temporal workflows. AccessRequest is the life of
// one request, from its plan to the proof that its access is gone. api.go has every
// name, id and message that others need to talk to them.
package workflows
