// Package activities is what workflows may do to the world: verify and record
// (Control), and open, extend, mint and close on targets (Targets). Each is
// thin, idempotent, and answers errors through the one table in calls.
package activities
