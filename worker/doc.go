// Package worker builds and runs Ramp's Temporal workers from configuration. It
// is the only place that knows every integration: to add one, add its kind to
// the table in targets.go.
package worker
